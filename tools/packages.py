"""Commands that install packages, with their output shown when they fail."""

from __future__ import annotations  # an older Python is to say what is missing, and not to stumble

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

DEFAULT_CACHE = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'mssh_mmpose'
CACHE = Path(os.environ.get('MSSH_MMPOSE_CACHE') or DEFAULT_CACHE)
REQUIREMENTS = Path(__file__).resolve().parents[1] / 'requirements'
# Settings of pip that decide where packages come from. uv does not read them.
SOURCES = (
    'index-url', 'extra-index-url', 'find-links', 'no-index', 'constraint', 'proxy', 'cert',
    'client-cert', 'trusted-host',
)  # fmt: skip


class CommandFailed(SystemExit):
    """A command ended with an error; ``status`` is below 0 if it was killed."""

    def __init__(self, text: str, status: int):
        super().__init__(text)
        self.status = status


def run(command: list, **kwargs) -> str:
    """Run a command, on a terminal with its last line shown; stop with its output if it fails."""
    command = [str(part) for part in command]
    lines, terminal = [], sys.stdout.isatty()
    kwargs.update(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    with subprocess.Popen(command, **kwargs) as process:
        for line in process.stdout:
            lines.append(line)
            if terminal and line.strip():
                width = shutil.get_terminal_size().columns - 1
                print('\r\033[K' + line.strip()[:width], end='', flush=True)
    if terminal:
        print('\r\033[K', end='', flush=True)
    if process.returncode:
        raise CommandFailed(
            f'{"".join(lines[-40:])}\nFAILED ({process.returncode}): {" ".join(command)[:300]}\n'
            'Run the same make command again to continue.',
            process.returncode,
        )
    return ''.join(lines)


def pip(python: Path, *arguments) -> str:
    """Run pip in the target environment, with the user's own configuration of it."""
    options = ['--disable-pip-version-check', '--no-input']
    return run([python, '-m', 'pip', *arguments[:1], *options, *arguments[1:]])


def pip_sources(python: Path) -> list[str]:
    """Return the settings by which the user told pip where packages come from."""
    settings = pip(python, 'config', 'list').splitlines()
    names = {line.partition('=')[0].rpartition('.')[2] for line in settings}
    return sorted(names.intersection(SOURCES))


def find_uv(python: Path) -> str | None:
    """Return the command uv, got from the package index if need be, or None if pip must do."""
    if pip_sources(python):
        return None
    present = shutil.which('uv')
    if present:
        return present
    try:
        pip(python, 'install', '-q', '--only-binary=:all:', '-r', REQUIREMENTS / 'installer.txt')
    except SystemExit:
        return None
    return str(python.parent / 'uv')


@contextlib.contextmanager
def lock():
    """Let one installation run at a time; the system frees the lock of a killed one."""
    import fcntl  # Windows has none; prerequisites.py has said what to do there

    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / 'lock').open('w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print('Waiting for another installation to end ...', flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
