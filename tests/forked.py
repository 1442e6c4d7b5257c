"""Run tools in forks of the test's process: everything is imported, and nothing stays behind.

Starting Python with all imports takes seconds, a fork some milliseconds. A tool's changes to its
process (working folder, signals, loggers, a crash of compiled code) end with the fork.
"""

import os
import re
import runpy
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import TimeoutExpired
from typing import IO, NamedTuple

TOOLS = Path(__file__).parents[1] / 'tools'


class Ended(NamedTuple):
    """How a fork ended: exit status (negative: the signal that killed it) and what it printed."""

    status: int
    out: str
    err: str


def forked(*functions: Callable[[], None], seconds: int = 300) -> Ended | list[Ended]:
    """Call functions in parallel forks of this process, which are killed after a time limit.

    An uncaught exception ends the fork with its traceback and status 70.

    Returns:
        How they ended: a list, or one result for a single function.
    """
    running = [_start(function, seconds) for function in functions]
    ended = [_wait(*each) for each in running]
    return ended[0] if len(ended) == 1 else ended


def forked_tool(name: str, *args: object, cwd: Path | str = '.', seconds: int = 300) -> Ended:
    """Run ``tools/<name>.py`` in a fork, in a folder."""
    return forked(tool(name, *args, cwd=cwd), seconds=seconds)


def check_refused(folder: Path, line: Sequence[object], message: str, status: int = 2) -> None:
    """Run a tool; its last and only line of its own on stderr has the message, a pattern.

    Args:
        folder: Working folder.
        line: Name and arguments of the tool.
        message: Pattern; after ``skipped: `` with status 1, after ``error: `` with 2.
        status: Expected exit status.
    """
    ended = forked_tool(*line, cwd=folder)
    own = [part for part in ended.err.splitlines() if part.startswith(f'tools/{line[0]}.py:')]
    assert ended.status == status and len(own) == 1 and 'raceback' not in ended.err, ended
    kind = 'error' if status == 2 else 'skipped'
    assert re.fullmatch(rf'tools/{line[0]}.py: {kind}: .*{message}.*', own[0]), own[0]
    assert status != 2 or ended.err.splitlines()[-1:] == own, ended


def tool(name: str, *args: object, cwd: Path | str = '.') -> Callable[[], None]:
    """Return a function that runs a tool in a fork."""

    def run() -> None:
        os.chdir(cwd)
        _run_script([str(TOOLS / f'{name}.py'), *map(str, args)])

    return run


def _start(function: Callable[[], None], seconds: int) -> tuple[int, IO[bytes], IO[bytes]]:
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
    return fork(function, out, err, seconds), out, err


def fork(function: Callable[[], None], out: IO, err: IO, seconds: int) -> int:
    """Call a function in a fork of this process, which writes to these files; return its number."""
    child = os.fork()
    if not child:
        _run_child(function, seconds, out.fileno(), err.fileno())
    return child


def _wait(child: int, *files: IO[bytes]) -> Ended:
    _, status = os.waitpid(child, 0)
    texts = []
    for file in files:
        with file:
            file.seek(0)
            texts.append(file.read().decode('utf-8', 'replace'))
    return Ended(os.waitstatus_to_exitcode(status), *texts)


class ForkedPopen:
    """What a study uses of ``subprocess.Popen``, for ``python SCRIPT ARGUMENTS``, by a fork."""

    def __init__(
        self,
        command: Sequence[str],
        stdout: IO[str],
        stderr: IO[str],
        env: dict[str, str],
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.returncode: int | None = None

        def run() -> None:
            os.environ.update(env)
            first = 3
            for number in sorted(pass_fds):
                os.closerange(first, number)
                first = number + 1
            os.closerange(first, os.sysconf('SC_OPEN_MAX'))
            _run_script(command[1:])

        self.pid = fork(run, stdout, stderr, 120)

    def poll(self) -> int | None:
        if self.returncode is None and (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            self.returncode = os.waitstatus_to_exitcode(ended[1])
        return self.returncode

    def wait(self, timeout: float = 120) -> int:
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutExpired('fork', timeout)
            time.sleep(0.01)
        return self.returncode

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def _run_script(command: Sequence[str]) -> None:
    """Do what ``python COMMAND`` does, in this process."""
    sys.argv = list(command)
    sys.path.insert(0, str(Path(command[0]).parent))
    # A fork ends without Python's clean-up: sockets of workers and tracebacks end with this.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tempfile.tempdir:
        runpy.run_path(command[0], run_name='__main__')


def _run_child(function: Callable[[], None], seconds: int, out: int, err: int) -> None:
    """Run the function on these streams and end the process, whatever happens."""
    status = 70
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)  # noqa: SIM115
        function()
        status = 0
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # No handlers, no buffers of the test's process: they belong to that.
        os._exit(status)
