"""Wheels of OpenMMLab's packages with the changes that today's Pythons need.

``REPAIRS`` is all that is changed. A repaired wheel says so itself: its version ends in ``+mssh``
and a digest of its changes, and ``REPAIRS.txt`` beside its ``METADATA`` lists them. A package that
is installed already is never changed.
"""

from __future__ import annotations  # an older Python is to say what is missing, and not to stumble

import base64
import hashlib
import os
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

from check_env import ROOT, read_pins
from packages import CACHE, pip


class Repair(NamedTuple):
    """A change of one file.

    Attributes:
        file: Its path in the wheel.
        reason: Why it is changed.
        edits: Pairs of a text that the file has exactly once and what replaces it. The text ''
            stands for a file that is not there yet.
    """

    file: str
    reason: str
    edits: tuple[tuple[str, str], ...]


FIND_SPEC = (
    ('import pkgutil\n', 'import importlib.util\n'),
    ('pkgutil.find_loader(', 'importlib.util.find_spec('),
)
CALL = 'file_client = FileClient.infer_client('
REPAIRS = {
    'mmcv-lite': (
        Repair(
            'mmcv/_ext.py',
            'mmdet and mmpose import mmcv.ops, which imports this module',
            (('', (ROOT / 'tools' / 'mmcv_ext.py').read_text()),),
        ),
        Repair('mmcv/utils/ext_loader.py', 'Python 3.14 has no pkgutil.find_loader', FIND_SPEC),
    ),
    'mmengine': (
        Repair(
            'mmengine/utils/dl_utils/misc.py', 'Python 3.14 has no pkgutil.find_loader', FIND_SPEC
        ),
        Repair(
            'mmengine/utils/dl_utils/collect_env.py',
            'without a compiler, the shell complains in the output of every training',
            (
                (
                    "{cc} --version', shell=True",
                    "{cc} --version', shell=True, stderr=subprocess.DEVNULL",
                ),
            ),
        ),
        Repair(
            'mmengine/hooks/checkpoint_hook.py',
            'it makes, in vain, a FileClient, which warns of its end',
            ((f'self.{CALL}', f'if self.file_client_args is not None: self.{CALL}'),),
        ),
        Repair(
            'mmengine/runner/checkpoint.py',
            'it makes, in vain, a FileClient, which warns of its end',
            ((CALL, f'if file_client_args is not None: {CALL}'),),
        ),
        Repair(
            'mmengine/utils/package_utils.py',
            'setuptools 82 has no pkg_resources, and older ones warn of its end',
            (
                (
                    '    import pkg_resources\n    from pkg_resources import get_distribution\n',
                    '    from importlib.metadata import PackageNotFoundError, distribution\n',
                ),
                ('    importlib.reload(pkg_resources)\n', ''),
                ('        get_distribution(package)\n', '        distribution(package)\n'),
                ('except pkg_resources.DistributionNotFound:', 'except PackageNotFoundError:'),
                (
                    'from pkg_resources import DistributionNotFound, get_distribution',
                    'from importlib.metadata import PackageNotFoundError, distribution',
                ),
                ('        pkg = get_distribution(', '        pkg = distribution('),
                ('except DistributionNotFound as e:', 'except PackageNotFoundError as e:'),
                ('osp.join(pkg.location, package)', "osp.join(pkg.locate_file(''), package)"),
                (
                    'osp.join(pkg.location, package2module(',
                    "osp.join(pkg.locate_file(''), package2module(",
                ),
                (
                    'from pkg_resources import get_distribution\n    pkg = get_distribution(',
                    'from importlib.metadata import distribution\n    pkg = distribution(',
                ),
                ("pkg.has_metadata('top_level.txt')", "pkg.read_text('top_level.txt')"),
                ("pkg.get_metadata('top_level.txt')", "pkg.read_text('top_level.txt')"),
            ),
        ),
    ),
    'xtcocotools': (
        Repair(
            'xtcocotools/mask.py',
            'its own module is compiled for numpy 1 and for Python 3.11 at most',
            (('import xtcocotools._mask as _mask\n', 'import pycocotools._mask as _mask\n'),),
        ),
    ),
}
# Any interpreter downloads the wheel that carries the Python files: xtcocotools has one for each
# Python up to 3.11, and no others.
DOWNLOAD = ('--no-deps', '--only-binary=:all:', '--platform', 'manylinux2014_x86_64',
            '--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311')  # fmt: skip


def repaired_version(package: str) -> str:
    """Return the tested version of a package with its repairs named, as in 0.10.7+mssh3fa1b2c4."""
    digest = hashlib.sha256(repr(REPAIRS[package]).encode()).hexdigest()[:8]
    return f'{read_pins()[package]}+mssh{digest}'


def repaired_wheels(python: Path, packages: list[str]) -> list[Path]:
    """Return the repaired wheels of packages: from the cache, or downloaded and changed."""
    shelf = CACHE / 'repaired'
    stem = {package: package.replace('-', '_') for package in packages}
    wheels = {
        package: shelf / f'{stem[package]}-{repaired_version(package)}-py3-none-any.whl'
        for package in packages
    }
    absent = [package for package in packages if not wheels[package].is_file()]
    if absent:
        download = shelf / 'download'
        shutil.rmtree(download, ignore_errors=True)
        wanted = [f'{package}=={read_pins()[package]}' for package in absent]
        pip(python, 'download', '-q', *DOWNLOAD, '-d', download, *wanted)
        for package in absent:
            source = next(download.glob(f'{stem[package]}-*.whl'))
            repair_wheel(source, wheels[package], REPAIRS[package])
        shutil.rmtree(download)
    return list(wheels.values())


def repair_files(files: dict[str, bytes], repairs: tuple[Repair, ...]) -> None:
    """Change the contents of a wheel's files, or stop if they are not as expected."""
    for repair in repairs:
        text = files.get(repair.file, b'').decode()
        for expected, replacement in repair.edits:
            found = text.count(expected) if expected else 1 + len(text)
            if found != 1:
                raise SystemExit(
                    f'{repair.file} has the text {expected!r} {found} times; tools/repairs.py '
                    'expects it once. Was another version asked for than the tested one?'
                )
            text = text.replace(expected, replacement)
        files[repair.file] = text.encode()


def repair_wheel(source: Path, target: Path, repairs: tuple[Repair, ...]) -> None:
    """Write the repaired form of a wheel, without the files that are compiled."""
    with zipfile.ZipFile(source) as wheel:
        files = {name: wheel.read(name) for name in wheel.namelist() if not name.endswith('.so')}
    name, old = source.name.split('-')[:2]
    new = target.name.split('-')[1]
    repair_files(files, repairs)
    info, new_info = f'{name}-{old}.dist-info', f'{name}-{new}.dist-info'
    metadata = files[f'{info}/METADATA'].replace(
        f'\nVersion: {old}\n'.encode(), f'\nVersion: {new}\n'.encode(), 1
    )
    files[f'{info}/METADATA'] = metadata
    files[f'{info}/WHEEL'] = (
        b'Wheel-Version: 1.0\nGenerator: mssh_mmpose\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
    )
    lines = dict.fromkeys(f'{repair.file}: {repair.reason}' for repair in repairs)
    files[f'{info}/REPAIRS.txt'] = '\n'.join(['Changed by mssh_mmpose:', *lines, '']).encode()
    del files[f'{info}/RECORD']
    files = {path.replace(info, new_info, 1): content for path, content in files.items()}
    record = [f'{path},sha256={digest(content)},{len(content)}' for path, content in files.items()]
    files[f'{new_info}/RECORD'] = '\n'.join([*record, f'{new_info}/RECORD,,', '']).encode()
    part = target.with_suffix('.part')
    with zipfile.ZipFile(part, 'w', zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
    os.replace(part, target)


def digest(content: bytes) -> str:
    """Return a file's hash as a wheel's RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
