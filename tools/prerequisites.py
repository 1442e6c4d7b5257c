"""What a machine lacks for an environment, with the command that installs it on this system."""

from __future__ import annotations  # an older Python is to say what is missing, and not to stumble

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from check_env import installed_version
from pythons import PYTHONS, is_too_old, tested_pythons, this_python

# Free on the disk where an environment is made; its packages take 6.3 and 0.8 GB.
NEEDED_GB = 10
NEEDED_GB_CPU = 2
OS_RELEASE = Path('/etc/os-release')
# The newest tested Python in the archives of releases.
PACKAGED = {
    'debian 12': (3, 11),
    'debian 13': (3, 13),
    'ubuntu 22.04': (3, 11),
    'ubuntu 24.04': (3, 12),
}
# The last that mmcv's setup.py runs on.
LAST_WITH_OPS = (3, 12)


def check_prerequisites(venv: Path | None, ops: bool, backend: str = '') -> None:
    """Stop, before anything is downloaded, if the machine lacks something.

    Args:
        venv: The environment that is to be made, or None if this interpreter's is used.
        ops: Whether mmcv's operators are to be compiled.
        backend: The build of torch that is to be installed, such as 'cpu'; '' for the package
            index's.
    """
    wrong = wrong_machine(has_torch=venv is None and bool(installed_version('torch')))
    if wrong:
        raise SystemExit(wrong)
    missing = missing_python(venv is not None)
    if ops:
        missing += missing_compiler(venv)
    if missing:
        items = ''.join(f'\n  - {item}' for item in missing)
        raise SystemExit(f'Missing:{items}\n{advice(ops)}')
    if venv is not None and not venv.exists():
        check_disk(venv, backend)


def check_disk(venv: Path, backend: str) -> None:
    """Stop if the disk does not have the space that this build of torch needs."""
    has_cuda = backend != 'cpu' and platform.system() != 'Darwin'
    needed = NEEDED_GB if has_cuda else NEEDED_GB_CPU
    free = shutil.disk_usage(existing_parent(venv)).free / 1e9
    if free < needed:
        smaller = f'TORCH=cpu (torch without CUDA) needs {NEEDED_GB_CPU} GB; ' if has_cuda else ''
        raise SystemExit(
            f'{venv} needs {needed} GB, {free:.1f} GB are free there. '
            f'{smaller}VENV=path makes it elsewhere.'
        )


def wrong_machine(has_torch: bool) -> str:
    """Return why no environment can be made on this machine with this interpreter, or ''.

    Args:
        has_torch: Whether the environment has torch already.
    """
    if platform.system() == 'Windows':
        return 'Windows is not supported; use WSL (https://learn.microsoft.com/windows/wsl).'
    if platform.system() == 'Darwin' and platform.machine() == 'x86_64' and not has_torch:
        return (
            f'PyTorch has no wheels for Intel Macs since 2.3, and {sys.executable} is made for one '
            '(x86_64). On Apple silicon use a Python made for it (arm64), on an Intel Mac Linux.'
        )
    return ''


def missing_python(for_venv: bool) -> list[str]:
    """Return what this interpreter lacks."""
    if is_too_old() or (for_venv and sys.version_info[:2] > PYTHONS[1]):
        return [f'Python {tested_pythons()} (this is {this_python()})']
    if for_venv and not all(map(importlib.util.find_spec, ('venv', 'ensurepip'))):
        return ['the venv module of Python']
    return []


def python_facts(python: Path | str) -> list[str]:
    """Return the major and minor version and the folder of headers, or nothing if it fails."""
    probe = 'import sys, sysconfig; print(*sys.version_info[:2], sysconfig.get_path("include"))'
    try:
        return subprocess.check_output([python, '-c', probe], text=True).strip().split(' ', 2)
    except (OSError, subprocess.CalledProcessError):
        return []


def missing_compiler(venv: Path | None) -> list[str]:
    """Return what compiling mmcv's operators needs and is not there.

    Args:
        venv: The environment that gets them, if it exists; otherwise this interpreter.
    """
    missing = []
    own = python_facts(venv / 'bin' / 'python') if venv else []
    major, minor, headers = own or python_facts(sys.executable)
    if (int(major), int(minor)) > LAST_WITH_OPS:
        place = f'; remove {venv}, which has {major}.{minor}, or set VENV' if own else ''
        missing.append("Python 3.11 or 3.12, the last that mmcv's setup.py runs on; without --ops "
                       f'or OPS=1 nothing is compiled{place}')  # fmt: skip
    if not Path(headers, 'Python.h').is_file():
        missing.append('the headers of Python')
    compiler = os.environ.get('CXX', 'c++').split()
    if not shutil.which(compiler[0]):
        missing.append(f'a C++ compiler ("{compiler[0]}" is not there; g++, or set CXX)')
        return missing
    probe = [*compiler, '-std=c++20', '-fsyntax-only', '-x', 'c++', '-']
    source = '#include <concepts>\n#include <vector>\n'
    if subprocess.run(probe, input=source, text=True, capture_output=True).returncode:
        missing.append(f'C++20 support in "{" ".join(compiler)}" (g++ 11 or newer)')
    return missing


def existing_parent(path: Path) -> Path:
    """Return the nearest directory above ``path`` that exists."""
    return next(parent for parent in path.absolute().parents if parent.is_dir())


def this_system() -> tuple[str, str]:
    """Return the kind of system ('debian', 'fedora', 'macos' or '') and its name with version."""
    if platform.system() == 'Darwin':
        return 'macos', 'macOS'
    try:
        text = OS_RELEASE.read_text()
    except OSError:
        return '', platform.system()
    values = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.M))
    kinds = [values.get('ID', ''), *values.get('ID_LIKE', '').split()]
    families = {'debian': 'debian', 'ubuntu': 'debian', 'fedora': 'fedora', 'rhel': 'fedora'}
    kind = next((families[name] for name in kinds if name in families), '')
    return kind, f'{values.get("ID", "linux")} {values.get("VERSION_ID", "")}'.strip()


def advice(ops: bool) -> str:
    """Return the command that installs everything an environment needs on this system."""
    kind, name = this_system()
    newest = LAST_WITH_OPS if ops else PYTHONS[1]
    tested = PYTHONS[0] <= sys.version_info[:2] <= newest
    last = '.'.join(map(str, newest))
    if kind == 'debian':
        packaged = sys.version_info[:2] if tested else PACKAGED.get(name)
        if packaged is None or packaged > newest:
            return f'{name} has no such Python of its own: {other_ways(last)}'
        version = '.'.join(map(str, packaged))
        compiler = f' python{version}-dev g++' if ops else ''
        packages = f'python{version} python{version}-venv{compiler} make'
        return f'On {name}: sudo apt-get install {packages}'
    if kind == 'fedora':
        python = 'python3' if tested else f'python{last}'
        compiler = f' {python}-devel gcc-c++' if ops else ''
        return f'On {name}: sudo dnf install {python}{compiler} make'
    if kind == 'macos':
        compiler = 'xcode-select --install && ' if ops else ''
        return f'On macOS: {compiler}brew install python@{last}'
    return f'On {name}: {other_ways(last)}'


def other_ways(version: str) -> str:
    return f'"uv python install {version}" or pyenv make one'
