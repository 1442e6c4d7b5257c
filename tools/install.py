#!/usr/bin/env python3
"""Create the environment: the tested stack, with mmcv compiled for the torch it finds.

``make env`` calls this; it needs only the standard library.

    python3.11 tools/install.py --venv .venv    # make a virtual environment, or complete it
    /path/to/python tools/install.py            # add what is missing to this interpreter's

The second form changes no installed package. mmcv wheels are kept in ``MSSH_MMPOSE_CACHE``
(default ``~/.cache/mssh_mmpose``), one per torch, Python, platform and set of flags.
"""

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from importlib import metadata
from pathlib import Path

from check_env import OPENCV_BUILDS, ROOT, installed_version, matching_torchvision, read_pins
from mmcv_wheel import CACHE, mmcv_wheel, pip, run

REQUIREMENTS = ROOT / 'requirements'
NEEDED_GB = 10
APT = 'sudo apt-get install python3.11 python3.11-venv python3.11-dev g++ make'


class Steps:
    """Prints numbered steps with their times."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.start = total, 0, time.monotonic()

    @contextlib.contextmanager
    def __call__(self, title: str):
        self.done += 1
        print(f'[{self.done}/{self.total}] {title} ...', flush=True)
        start = time.monotonic()
        yield
        print(f'[{self.done}/{self.total}] done in {time.monotonic() - start:.1f} s', flush=True)


def check_prerequisites(venv: Path | None) -> None:
    """Stop, before anything is downloaded, if the machine lacks something."""
    missing = []
    if venv is not None and sys.version_info[:2] != (3, 11):
        missing.append(f'Python 3.11 (this is {sys.version.split()[0]})')
    if venv is not None and not all(map(importlib.util.find_spec, ('venv', 'ensurepip'))):
        missing.append('the venv module of Python (python3.11-venv)')
    if not Path(sysconfig.get_path('include'), 'Python.h').is_file():
        missing.append('the headers of Python (python3.11-dev)')
    compiler = os.environ.get('CXX', 'c++').split()
    if not shutil.which(compiler[0]):
        missing.append(f'a C++ compiler ("{compiler[0]}" is not there; g++, or set CXX)')
    else:
        probe = [*compiler, '-std=c++20', '-fsyntax-only', '-x', 'c++', '-']
        source = '#include <concepts>\n#include <vector>\n'
        if subprocess.run(probe, input=source, text=True, capture_output=True).returncode:
            missing.append(f'C++20 support in "{" ".join(compiler)}" (g++ 11 or newer)')
    if missing:
        items = ''.join(f'\n  - {item}' for item in missing)
        raise SystemExit(f'Missing:{items}\nOn Debian and Ubuntu: {APT}')
    if venv is not None and not venv.exists():
        free = shutil.disk_usage(existing_parent(venv)).free / 1e9
        if free < NEEDED_GB:
            raise SystemExit(f'{venv} needs {NEEDED_GB} GB, {free:.1f} GB are free there.')


def existing_parent(path: Path) -> Path:
    """The nearest directory above ``path`` that exists."""
    return next(parent for parent in path.absolute().parents if parent.is_dir())


def install_openmmlab(python: Path, wanted: list) -> None:
    """Install what ``wanted`` names (requirements, wheels) and this repository, nothing else."""
    options = ['-q', '--no-deps', '--no-build-isolation', '--no-compile']
    pip(python, 'install', *options, *wanted, '-e', ROOT)


def fingerprint() -> str:
    """Changes whenever an environment that is ready would have to be brought up to date."""
    files = [*sorted(REQUIREMENTS.glob('*.txt')), Path(__file__), ROOT / 'setup.py']
    content = b''.join(path.read_bytes() for path in files)
    return hashlib.sha256(content + f'{ROOT}{sys.version}'.encode()).hexdigest()


def install_venv(venv: Path) -> None:
    """Create ``venv`` or complete it. Its state file holds the fingerprint once it is ready."""
    state, python, key = venv / '.mssh-state', venv / 'bin' / 'python', fingerprint()
    if state.is_file() and state.read_text() == key and python.exists():
        return
    check_prerequisites(venv)
    with lock():
        found = state.read_text() if state.is_file() else None
        if found == key and python.exists():
            return
        if found is None and venv.is_dir() and any(venv.iterdir()):
            raise SystemExit(
                f'{venv} was not made by this tool. To use it as it is: make PYTHON={python}. '
                'To have it made anew, remove it or name another place with VENV=path.'
            )
        step = Steps(5)
        if found == 'changing' or not python.exists():
            # pip was killed: what it left looks installed to it but may lack files.
            shutil.rmtree(venv, ignore_errors=True)
        with step(f'Virtual environment {venv}'):
            if not python.exists():
                venv.mkdir(parents=True)
                state.write_text('changing')
                run([sys.executable, '-m', 'venv', venv])
        with step('torch and the Python packages; several GB on the first time'):
            state.write_text('changing')
            names = ('build', 'runtime', 'export', 'web', 'test')
            files = [part for name in names for part in ('-r', REQUIREMENTS / f'{name}.txt')]
            pip(python, 'install', '--no-compile', '-c', REQUIREMENTS / 'constraints.txt', *files)
            state.write_text('partial')
        with step('mmcv'):
            wheel = mmcv_wheel(python)
        with step('OpenMMLab packages and mssh_mmpose'):
            state.write_text('changing')
            install_openmmlab(python, [wheel, '-r', REQUIREMENTS / 'openmmlab.txt'])
            state.write_text('partial')
        with step('Check'):
            run([python, ROOT / 'tools' / 'check_env.py'])
        state.write_text(key)
        print(f'Ready in {time.monotonic() - step.start:.0f} s: {venv}')


def install_here() -> None:
    """Add what this interpreter lacks; versions that are there stay, whatever they are."""
    python, present = Path(sys.executable), installed_version
    pins = read_pins('test', 'web')
    openmmlab = [n for n in ('mmengine', 'mmdet', 'mmpose', 'xtcocotools') if not present(n)]
    others = [name for name in pins if not present(name) and name not in (*openmmlab, 'mmcv')]
    if any(map(present, OPENCV_BUILDS)):
        others = [name for name in others if name not in OPENCV_BUILDS]
    no_mmcv = not (present('mmcv') or present('mmcv-lite'))
    if not (others or openmmlab or no_mmcv) and importlib.util.find_spec('mssh_mmpose'):
        return
    if no_mmcv:
        check_prerequisites(venv=None)
    with lock():
        step = Steps(4)
        with step(f'Missing packages: {", ".join(others) or "none"}'):
            bounds = {'numpy': 'numpy<2', 'setuptools': 'setuptools<81'}
            bounds['torch'] = f'torch=={pins["torch"]}'
            bounds['torchvision'] = f'torchvision=={matching_torchvision(present("torch"))}'
            freeze = '\n'.join(f'{d.name}=={d.version}' for d in metadata.distributions() if d.name)
            with tempfile.NamedTemporaryFile('w', suffix='.txt') as fixed:
                fixed.write(freeze)
                fixed.flush()
                if others:
                    requirements = [bounds.get(name, name) for name in others]
                    pip(python, 'install', '-c', fixed.name, *requirements)
        with step('mmcv' if no_mmcv else 'mmcv: kept'):
            wheels = [mmcv_wheel(python)] if no_mmcv else []
        with step(f'{", ".join(openmmlab) or "no OpenMMLab package"}, and mssh_mmpose'):
            install_openmmlab(python, [*wheels, *(f'{n}=={pins[n]}' for n in openmmlab)])
        with step('Check'):
            run([python, ROOT / 'tools' / 'check_env.py'])


@contextlib.contextmanager
def lock():
    """Let one installation run at a time; the system frees the lock of a killed one."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / 'lock').open('w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print('Waiting for another installation to end ...', flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--venv', type=Path, help='create or complete this environment')
    venv = parser.parse_args().venv
    install_venv(venv.absolute()) if venv else install_here()


if __name__ == '__main__':
    main()
