#!/usr/bin/env python3
"""Create the environment: the tested stack, without compiled operators unless asked for.

``make env`` calls this; it needs only the standard library.

    python3 tools/install.py --venv .venv    # make a virtual environment, or complete it
    python3 tools/install.py --venv .venv --ops    # with mmcv's operators, compiled
    /path/to/python tools/install.py         # add what is missing to this interpreter's

The last form changes no installed package. Wheels that are repaired (tools/repairs.py) or compiled
(tools/mmcv_wheel.py) here are kept in ``MSSH_MMPOSE_CACHE`` (default ``~/.cache/mssh_mmpose``).
"""

from __future__ import annotations  # an older Python is to say what is missing, and not to stumble

import argparse
import contextlib
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from check_env import (
    IS_SOURCE_TREE,
    OPENCV_BUILDS,
    ROOT,
    installed_version,
    matching_torchvision,
    read_pins,
)
from mmcv_wheel import mmcv_wheel
from packages import REQUIREMENTS, CommandFailed, find_uv, lock, pip, pip_sources, run
from prerequisites import check_prerequisites, missing_compiler
from repairs import REPAIRS, repaired_wheels


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


def install_openmmlab(python: Path, wanted: list) -> None:
    """Install what ``wanted`` names (requirements, wheels) and this repository, nothing else.

    A wheel of this project, which these tools may be in, is installed already.
    """
    options = ['-q', '--no-deps', '--no-build-isolation', '--no-compile']
    wanted = [*wanted, '-e', ROOT] if IS_SOURCE_TREE else wanted
    if wanted:
        pip(python, 'install', *options, *wanted)


def fingerprint(python: Path) -> str:
    """Return what changes whenever an environment that is ready would have to be updated."""
    files = [*sorted(REQUIREMENTS.glob('*.txt')), ROOT / 'setup.py']
    files += [ROOT / 'tools' / f'{name}.py' for name in ('install', 'repairs', 'mmcv_ext')]
    content = b''.join(path.read_bytes() for path in files)
    return hashlib.sha256(content + f'{ROOT}{version(python)}'.encode()).hexdigest()


def version(python: Path) -> str:
    """Return the version of an interpreter, '' if it does not run."""
    try:
        command = [python, '-c', 'import sys; print(*sys.version_info[:3], sep=".")']
        return subprocess.run(command, text=True, capture_output=True).stdout.strip()
    except OSError:
        return ''


def has_operators(venv: Path) -> bool:
    """Whether the full mmcv is installed."""
    return any(venv.glob('lib/python*/site-packages/mmcv/_ext.*.so'))


def has_torch(venv: Path, backend: str) -> bool:
    """Whether torch is of this build; '' stands for any, and macOS has only one."""
    if sys.platform == 'darwin':
        backend = ''
    pattern = f'lib/python*/site-packages/torch-*+{backend}.dist-info'
    return not backend or any(venv.glob(pattern))


def is_ready(venv: Path, ops: bool, backend: str) -> bool:
    """Whether there is nothing to do. The state file holds the fingerprint once all is done."""
    state = venv / '.mssh-state'
    if not state.is_file() or state.read_text() != fingerprint(venv / 'bin' / 'python'):
        return False
    return (has_operators(venv) or not ops) and has_torch(venv, backend)


def install_venv(venv: Path, ops: bool = False, backend: str = '') -> None:
    """Create ``venv`` or complete it; operators stay where there is a compiler.

    Args:
        venv: Where.
        ops: Compile mmcv's operators.
        backend: A build of torch from PyTorch's own index, such as 'cpu'; '' for the package
            index's.
    """
    if is_ready(venv, ops, backend):
        return
    check_prerequisites(venv, ops, backend)
    with lock():
        if is_ready(venv, ops, backend):
            return
        state, python = venv / '.mssh-state', venv / 'bin' / 'python'
        if has_operators(venv) and not ops:
            ops = not missing_compiler(venv)
            if not ops:
                print("mmcv-lite takes the place of mmcv's operators, which OPS=1 would compile.")
        step = Steps(4)
        with step(f'Virtual environment {venv}'):
            make_venv(venv, state, python)
            uv = find_uv(python)
            if backend and uv is None:
                raise SystemExit(no_uv(backend, python))
        packages = 'torch and the Python packages; several GB on the first time'
        with step(packages), changing(state):
            install_packages(python, uv, '' if has_torch(venv, backend) else backend)
        with step(f'OpenMMLab packages{", mmcv compiled" if ops else ""}, and mssh_mmpose'):
            wheels = openmmlab_wheels(python, ops)
            with changing(state):
                if ops or has_operators(venv):
                    pip(python, 'uninstall', '-y', '-q', 'mmcv', 'mmcv-lite')
                install_openmmlab(python, wheels)
        with step('Check'):
            run([python, ROOT / 'tools' / 'check_env.py'])
        state.write_text(fingerprint(python))
        print(f'Ready in {time.monotonic() - step.start:.0f} s: {venv}')


@contextlib.contextmanager
def changing(state: Path):
    """Note that packages are being written, for a start after a kill, which may leave half of one.

    A command that fails does so before it writes, but where the disk is full.
    """
    state.write_text('changing')
    try:
        yield
    except CommandFailed as error:
        if error.status > 0 and not re.search('(?i)no space left|quota exceeded', str(error)):
            state.write_text('partial')
        raise
    state.write_text('partial')


def no_uv(backend: str, python: Path) -> str:
    """Say why there is no uv for a build of torch, and what to do."""
    sources = ', '.join(pip_sources(python))
    if sources:
        return (
            f"TORCH={backend} needs uv, which does not read pip's settings ({sources}): unset "
            'them, or install this torch into an environment of your own and use PYTHON=.'
        )
    return f'TORCH={backend} needs uv, which cannot be installed here: pip install uv'


def make_venv(venv: Path, state: Path, python: Path) -> None:
    """Make the virtual environment, anew if the last attempt was killed or its Python is gone."""
    found = state.read_text() if state.is_file() else None
    if found is None and venv.is_dir() and any(venv.iterdir()):
        raise SystemExit(
            f'{venv} was not made by this tool. To use it as it is: make PYTHON={python}. '
            'To have it made anew, remove it or name another place with VENV=path.'
        )
    minor = version(python).rpartition('.')[0]
    if found == 'changing' or not (venv / 'lib' / f'python{minor}' / 'site-packages').is_dir():
        # pip was killed: what it left looks installed to it but may lack files.
        shutil.rmtree(venv, ignore_errors=True)
        venv.mkdir(parents=True)
        state.write_text('changing')
        run([sys.executable, '-m', 'venv', venv])


def install_packages(python: Path, uv: str | None, backend: str) -> None:
    """Install everything but the OpenMMLab packages: by uv, or by pip if there is none."""
    names = ('runtime', 'export', 'web', 'test')
    files = [part for name in names for part in ('-r', REQUIREMENTS / f'{name}.txt')]
    files += ['-c', REQUIREMENTS / 'constraints.txt']
    if uv is None:
        pip(python, 'install', '--no-compile', *files)
        return
    command = [uv, 'pip', 'install', '--python', python, *files]
    if backend:
        command += ['--torch-backend', backend]
        command += ['--reinstall-package', 'torch', '--reinstall-package', 'torchvision']
    run(command)


def openmmlab_wheels(python: Path, ops: bool) -> list:
    """Return what to install of OpenMMLab: repaired wheels, and requirements of the others."""
    repaired = [name for name in REPAIRS if not (ops and name == 'mmcv-lite')]
    pins = read_pins()
    wheels = [*repaired_wheels(python, repaired), f'mmdet=={pins["mmdet"]}']
    if ops:
        pip(python, 'install', '-q', '-r', REQUIREMENTS / 'build.txt')
        wheels.append(mmcv_wheel(python))
    return [*wheels, f'mmpose=={pins["mmpose"]}']


def install_here(ops: bool = False) -> None:
    """Add what this interpreter lacks; versions that are there stay, whatever they are."""
    python, present = Path(sys.executable), installed_version
    if importlib.util.find_spec('pip') is None:
        raise SystemExit(f'{python} has no pip; this adds it: {python} -m ensurepip')
    pins = read_pins('test', 'web')
    openmmlab = [n for n in ('xtcocotools', 'mmengine', 'mmdet', 'mmpose') if not present(n)]
    no_mmcv = not present('mmcv') and (ops or not present('mmcv-lite'))
    others = [n for n in pins if not present(n) and n not in (*openmmlab, 'mmcv-lite')]
    if any(map(present, OPENCV_BUILDS)):
        others = [name for name in others if name not in OPENCV_BUILDS]
    if not (others or openmmlab or no_mmcv) and importlib.util.find_spec('mssh_mmpose'):
        return
    check_prerequisites(None, ops and no_mmcv)
    with lock():
        step = Steps(3)
        with step(f'Missing packages: {", ".join(others) or "none"}'):
            install_missing(python, others, pins)
        names = [*openmmlab, *['mmcv' if ops else 'mmcv-lite'] * no_mmcv]
        with step(f'{", ".join(names) or "no OpenMMLab package"}, and mssh_mmpose'):
            wheels = repaired_wheels(python, [name for name in names if name in REPAIRS])
            wheels += [f'{name}=={pins[name]}' for name in openmmlab if name not in REPAIRS]
            if 'mmcv' in names:
                pip(python, 'install', '-q', '-r', REQUIREMENTS / 'build.txt')
                wheels.append(mmcv_wheel(python))
                pip(python, 'uninstall', '-y', '-q', 'mmcv-lite')
            install_openmmlab(python, wheels)
        with step('Check'):
            run([python, ROOT / 'tools' / 'check_env.py'])


def install_missing(python: Path, names: list[str], pins: dict[str, str]) -> None:
    """Install packages beside those that are there, which fix their versions.

    Where torch is missing, setuptools may change.
    """
    bounds = {
        'numpy': 'numpy<2.4',
        'setuptools': 'setuptools<81',
        'torch': f'torch=={pins["torch"]}',
    }
    bounds['torchvision'] = f'torchvision=={matching_torchvision(installed_version("torch"))}'
    if '+mssh' not in (installed_version('xtcocotools') or '+mssh'):
        bounds['numpy'] = 'numpy<2'  # which its wheels are compiled for
    # torch needs a newer setuptools than Python 3.11's environments are made with.
    loose = {'setuptools'} if 'torch' in names else set()
    names = [*names, *sorted(loose - set(names))]
    freeze = {}
    for found in metadata.distributions():  # the first of several copies is the one that counts
        if found.name and found.name.lower() not in loose:
            freeze.setdefault(re.sub('[-_.]+', '-', found.name).lower(), found.version)
    with tempfile.NamedTemporaryFile('w', suffix='.txt') as fixed:
        fixed.write('\n'.join(f'{name}=={version}' for name, version in freeze.items()))
        fixed.flush()
        if names:
            pip(python, 'install', '-c', fixed.name, *(bounds.get(name, name) for name in names))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--venv', type=Path, help='create or complete this environment')
    parser.add_argument('--ops', action='store_true', help="compile mmcv's operators")
    build = "torch from PyTorch's own index, e.g. cpu; only with --venv"
    parser.add_argument('--torch', default='', metavar='BUILD', help=build)
    args = parser.parse_args()
    if args.venv and not IS_SOURCE_TREE:
        parser.error(
            f'--venv needs the source tree of mssh_mmpose, {ROOT} is a wheel; without --venv, what '
            'is missing is added to the environment of this interpreter'
        )
    if args.torch and not args.venv:
        parser.error(
            '--torch (TORCH=) chooses the torch of an environment that is made here; for PYTHON=, '
            'install torch there first, it stays as it is'
        )
    if args.venv:
        install_venv(args.venv.absolute(), args.ops, args.torch)
    else:
        install_here(args.ops)


if __name__ == '__main__':
    main()
