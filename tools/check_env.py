#!/usr/bin/env python3
"""Check an environment: what is installed, what was tested, and the command that fixes it.

    python tools/check_env.py

Versions that are not tested are not failures; only what is known to break is. The exit status is 0
if everything works, 1 otherwise. It needs only the standard library, so it always runs.
"""

from __future__ import annotations  # so that an older Python gets a message

import json
import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from pythons import PYTHONS, is_too_old, tested_pythons, this_python

ROOT = Path(__file__).resolve().parents[1]
# In a wheel the tools and the requirements are in .mim.
IS_SOURCE_TREE = (ROOT / 'setup.py').is_file()
OPENCV_BUILDS = (
    'opencv-python-headless',
    'opencv-python',
    'opencv-contrib-python',
    'opencv-contrib-python-headless',
)
IMPORTS = {
    'opencv-python-headless': 'cv2',
    'json-tricks': 'json_tricks',
    'pillow': 'PIL',
    'pyyaml': 'yaml',
    'xtcocotools': 'xtcocotools.mask',
    'mmcv-lite': 'mmcv.ops',
    'mmdet': 'mmdet.apis',
    'mmpose': 'mmpose.apis',
}
# In the order in which they need each other.
OPENMMLAB = ('xtcocotools', 'mmengine', 'mmcv-lite', 'mmdet', 'mmpose')
# tools/install.py knows how to install these; tools/repairs.py says why.
REPAIRED = ('xtcocotools', 'mmengine', 'mmcv-lite')
PROBE = """
import importlib, json, sys, warnings
sys.path.pop(0)
warnings.simplefilter('ignore')
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        error = ''
    except BaseException as caught:
        first = (str(caught).strip().splitlines() or [''])[0]
        error = type(caught).__name__ + ': ' + first
    sys.__stdout__.write('\\n@' + json.dumps([name, error]) + '\\n')
    sys.__stdout__.flush()
"""


class Row(NamedTuple):
    name: str
    found: str
    tested: str
    status: str
    fix: str = ''


def read_pins(*more: str) -> dict[str, str]:
    """Return the tested versions of what training and testing need, those of OpenMMLab last.

    Args:
        more: Names of other files in requirements/ whose packages come first.
    """
    pins = {}
    for name in (*more, 'runtime', 'openmmlab'):
        text = (ROOT / 'requirements' / f'{name}.txt').read_text()
        pins.update(re.findall(r'^([\w.-]+)==([^\s;]+)', text, re.MULTILINE))
    return pins


def installed_version(name: str) -> str | None:
    """Return the version of a distribution, or None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def numbers(version: str) -> tuple:
    """Return the leading numbers of a version.

    >>> numbers('2.14.1+cu130')
    (2, 14, 1)
    """
    return tuple(map(int, re.findall(r'\d+', version.partition('+')[0])[:3]))


def matching_torchvision(torch: str | None) -> str:
    """Return the torchvision release that belongs to a torch version.

    >>> matching_torchvision('2.14.1+cpu')
    '0.29.*'
    """
    if torch is None:
        return read_pins()['torchvision']
    major, minor = numbers(torch)[:2]
    return f'0.{minor + (15 if major == 2 else 1)}.*'


def import_errors(modules: list[str]) -> dict[str, str]:
    """Import modules in a child process, which may crash, and return the error of each or ''."""
    errors: dict[str, str] = {}
    while len(errors) < len(modules):
        left = [name for name in modules if name not in errors]
        child = subprocess.run(
            [sys.executable, '-c', PROBE, *left],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors='replace',
        )
        errors.update(json.loads(line) for line in re.findall(r'^@(.*)$', child.stdout, re.M))
        crashed = [name for name in left if name not in errors]
        if crashed:
            errors[crashed[0]] = f'the import ended Python (exit status {child.returncode})'
    return errors


def fix_for(name: str, pins: dict[str, str], missing: bool) -> str:
    """Return the command that installs or repairs a component."""
    python = shlex.quote(sys.executable)
    pip = f'{python} -m pip'
    repair = '' if missing else '--force-reinstall --no-deps '
    if name in REPAIRED:
        install = f'{python} {shlex.quote(str(ROOT / "tools" / "install.py"))}'
        names = 'mmcv mmcv-lite' if name == 'mmcv-lite' else name
        return install if missing else f'{pip} uninstall -y {names}; {install}'
    if name == 'mssh_mmpose' and not IS_SOURCE_TREE:
        return f'{pip} install --force-reinstall --no-deps WHEEL  # that of mssh_mmpose'
    if name == 'mssh_mmpose':
        return f'{pip} install --no-deps --no-build-isolation -e {shlex.quote(str(ROOT))}'
    if name == 'setuptools':
        return f'{pip} install "setuptools<81"'
    if name == 'numpy' and not missing:
        return f'{pip} install "numpy<2.4"'
    if name == 'torchvision':
        match = matching_torchvision(installed_version('torch'))
        return f'{pip} install {repair}"torchvision=={match}"  # from the index torch came from'
    if name == 'opencv-python-headless' and not missing:
        builds = ' '.join(filter(installed_version, OPENCV_BUILDS))
        return f'{pip} uninstall -y {builds}; {pip} install --no-deps {name}=={pins[name]}'
    if name in OPENMMLAB:
        repair = repair or '--no-deps '
    return f'{pip} install {repair}{name}=={pins[name]}'


def mmcv_problem(found: str | None, error: str) -> str:
    """Return what is known to break in mmcv or mmcv-lite, or ''."""
    lite, full = installed_version('mmcv-lite'), installed_version('mmcv')
    if lite and full:
        return 'mmcv and mmcv-lite overwrite each other'
    if lite and '_ext' in error:
        return 'this mmcv-lite lacks mmcv._ext, which mmdet and mmpose import'
    if found and not (2, 0, 0) <= numbers(found) < (2, 2, 0):
        return 'mmdet 3.3 accepts mmcv 2.0 and 2.1 only'
    if full and re.search('undefined symbol|DLL|_ext|exit status', error):
        return 'its operators were compiled for another torch'
    return ''


def known_problem(name: str, found: str | None, error: str) -> str:
    """Return what is known to break in a component, or ''."""
    if name == 'mmcv-lite':
        return mmcv_problem(found, error)
    if found is None:
        return ''
    if name == 'numpy' and numbers(found) >= (2, 4):
        return "MMPose's drawing of heatmaps and skeletons fails with it"
    if name == 'mmengine' and sys.version_info >= (3, 14) and found == '0.10.7':
        return 'Python 3.14 has no pkgutil.find_loader, which it calls'
    if name == 'torchvision' and 'torchvision::' in error:
        return 'it was built for another torch'
    if name == 'setuptools' and error:
        return 'this version has no pkg_resources, which mmengine imports'
    if name == 'xtcocotools' and re.search('numpy.dtype size changed|using NumPy 1', error):
        return f'compiled for numpy 1, not {installed_version("numpy")}'
    if name == 'opencv-python-headless':
        versions = {installed_version(build) for build in OPENCV_BUILDS} - {None}
        if len(versions) > 1:
            return 'several OpenCV builds overwrite each other'
    return ''


def found_version(name: str) -> str | None:
    """Return the version of a component, whichever of its names is installed."""
    names = {'mmcv-lite': ('mmcv', 'mmcv-lite'), 'opencv-python-headless': OPENCV_BUILDS}
    return next(filter(None, map(installed_version, names.get(name, (name,)))), None)


def check(name: str, tested: str, error: str, failed_before: bool) -> Row:
    """Judge one component from its version and its import error."""
    pins, found = read_pins(), found_version(name)
    label = 'mmcv' if name == 'mmcv-lite' else name
    problem = known_problem(name, found, error)
    if problem:
        return Row(label, found or '-', tested, f'FAIL: {problem}', fix_for(name, pins, False))
    if not error:
        same = tested in ('-', (found or '').partition('+')[0])
        status = 'OK' if same else 'OK (not tested)'
        if name == 'mmcv-lite' and not installed_version('mmcv'):
            status += ': without compiled operators (enough for top-down networks)'
        return Row(label, found or '?', tested, status)
    if found is None and 'No module named' in error:
        return Row(label, '-', tested, 'MISSING', fix_for(name, pins, True))
    if failed_before:
        return Row(label, found or '-', tested, 'WAITS', 'fix the rows above first')
    return Row(label, found or '-', tested, f'FAIL: {error[:120]}', fix_for(name, pins, False))


def check_python() -> Row:
    """Judge the interpreter."""
    status = 'OK' if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1] else 'OK (not tested)'
    if is_too_old():
        status = f'FAIL: mssh_mmpose needs Python {tested_pythons().split()[0]} or newer'
    return Row('Python', this_python(), tested_pythons(), status)


def check_all() -> list[Row]:
    """Check Python and every component, in the order in which they need each other."""
    rows, pins, modules = [check_python()], read_pins(), dict(IMPORTS)
    if '+mssh' not in (installed_version('mmengine') or ''):
        modules['setuptools'] = 'pkg_resources'  # which the repaired mmengine does not import
    names = [name for name in pins if name not in OPENMMLAB] + [*OPENMMLAB, 'mssh_mmpose']
    errors = import_errors([modules.get(name, name) for name in names])
    for name in names:
        failed_before = any(not row.status.startswith('OK') for row in rows)
        error = errors[modules.get(name, name)]
        rows.append(check(name, pins.get(name, '-'), error, failed_before))
    return rows


def main() -> int:
    rows = check_all()
    head = Row('component', 'found', 'tested', 'status')
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(3)]
    for row in [head, *rows]:
        cells = [text.ljust(width) for text, width in zip(row, widths)]
        print('  '.join([*cells, row.status]))
        if row.fix:
            print(f'    -> {row.fix}')
    bad = sum(not row.status.startswith('OK') for row in rows)
    print(f'\n{bad} of {len(rows)} components need attention.' if bad else '\nEverything works.')
    return int(bad > 0)


if __name__ == '__main__':
    sys.exit(main())
