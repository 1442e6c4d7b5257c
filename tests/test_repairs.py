"""The wheels that tools/repairs.py changes; nothing is downloaded here."""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import check_env
import pytest
import repairs


def wheel_of(files: dict[str, str], path: Path) -> Path:
    info = '-'.join(path.name.split('-')[:2]) + '.dist-info'
    metadata = 'Metadata-Version: 2.1\nName: tool\nVersion: 1.0\nRequires-Dist: numpy\n'
    others = {f'{info}/METADATA': metadata, f'{info}/WHEEL': 'x', f'{info}/RECORD': 'x'}
    with zipfile.ZipFile(path, 'w') as wheel:
        for name, text in {**files, **others}.items():
            wheel.writestr(name, text)
    return path


def test_a_repaired_wheel_installs_and_says_what_was_changed(tmp_path) -> None:
    source = wheel_of(
        {'tool/__init__.py': 'import gone\nx = 1\n', 'tool/_c.so': ''},
        tmp_path / 'tool-1.0-cp311-cp311-linux_x86_64.whl',
    )
    target = tmp_path / 'tool-1.0+mssh1-py3-none-any.whl'
    changes = (
        repairs.Repair('tool/__init__.py', 'gone is gone', (('import gone\n', ''),)),
        repairs.Repair('tool/new.py', 'needed', (('', 'y = 2\n'),)),
    )
    repairs.repair_wheel(source, target, changes)
    site = tmp_path / 'site'
    options = ['--no-deps', '--no-index', '--disable-pip-version-check', '--target', site]
    if importlib.util.find_spec('pip'):
        subprocess.run([sys.executable, '-m', 'pip', 'install', *options, target], check=True)
    else:
        shutil.unpack_archive(target, site, 'zip')
    code = 'import tool, tool.new; from importlib.metadata import version, files, requires; '
    code += 'print(tool.x, tool.new.y, version("tool"), requires("tool"), len(files("tool")))'
    result = subprocess.run(
        [sys.executable, '-c', code], cwd=site, text=True, capture_output=True, check=True
    )
    assert result.stdout.startswith("1 2 1.0+mssh1 ['numpy']")
    said = (site / 'tool-1.0+mssh1.dist-info' / 'REPAIRS.txt').read_text()
    assert 'tool/__init__.py: gone is gone' in said and 'tool/new.py: needed' in said
    assert not list(site.rglob('*.so'))


@pytest.mark.parametrize('files', [
    {'a.py': 'other'}, {}, {'a.py': 'gone gone'}, {'a.py': 'gone', 'new.py': 'there already'},
])  # fmt: skip
def test_another_text_than_the_expected_is_not_repaired(files: dict) -> None:
    changes = (
        repairs.Repair('a.py', '', (('gone', 'new'),)),
        repairs.Repair('new.py', '', (('', 'y'),)),
    )
    with pytest.raises(SystemExit, match='repairs.py expects it once'):
        repairs.repair_files({name: text.encode() for name, text in files.items()}, changes)


def test_repaired_wheels_are_downloaded_once(tmp_path, monkeypatch) -> None:
    downloads = []

    def pip(python: Path, *arguments) -> None:
        downloads.append(arguments)
        folder = arguments[arguments.index('-d') + 1]
        folder.mkdir(parents=True)
        text = 'import xtcocotools._mask as _mask\n'
        wheel_of({'xtcocotools/mask.py': text}, folder / 'xtcocotools-1.14.3-cp311-cp311-x.whl')

    monkeypatch.setattr(repairs, 'CACHE', tmp_path)
    monkeypatch.setattr(repairs, 'pip', pip)
    first = repairs.repaired_wheels(Path('python'), ['xtcocotools'])
    assert repairs.repaired_wheels(Path('python'), ['xtcocotools']) == first
    assert len(downloads) == 1 and first[0].name.startswith('xtcocotools-1.14.3+mssh')
    old = repairs.repaired_version('xtcocotools')
    monkeypatch.setitem(repairs.REPAIRS, 'xtcocotools', ())
    assert repairs.repaired_version('xtcocotools') != old


@pytest.mark.parametrize('name', repairs.REPAIRS)
def test_what_is_installed_has_todays_repairs(name: str) -> None:
    found = check_env.installed_version(name)
    if '+mssh' not in (found or ''):
        pytest.skip(f'this environment has {name} {found}, as its makers released it')
    assert found == repairs.repaired_version(name)
