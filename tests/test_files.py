"""Results are written whole or not at all, and files of users are read with care."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mssh_mmpose import files
from mssh_mmpose.files import read_json, write_whole, written_whole

KILLED = """
import os, sys, types
package = sys.modules['package'] = types.ModuleType('package')
package.__path__ = [sys.argv[1]]  # without its __init__, which imports torch
from package.files import written_whole
with written_whole(sys.argv[2]) as part:
    part.write_bytes(b'half')
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Make every test like a new process, which looks at its folders again."""
    monkeypatch.setattr(files, '_cleared', set())


def test_text_and_bytes_in_a_new_folder(tmp_path):
    write_whole('ä\n', tmp_path / 'a/b.txt')
    write_whole(b'\0', str(tmp_path / 'a/c'))
    assert (tmp_path / 'a/b.txt').read_bytes() == b'\xc3\xa4\n'
    assert sorted(os.listdir(tmp_path / 'a')) == ['b.txt', 'c']


def test_an_error_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / 'film.mp4'
    path.write_text('old')
    with pytest.raises(OSError, match='disk'), written_whole(path, '.mp4') as part:
        assert part.name.endswith('.mssh-part.mp4') and part.parent == tmp_path
        part.write_text('half')
        raise OSError('disk')
    assert path.read_text() == 'old' and os.listdir(tmp_path) == ['film.mp4']


def test_a_kill_leaves_the_old_file_and_the_next_process_tidies_up(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('old')
    folder = Path(files.__file__).parent
    subprocess.run([sys.executable, '-c', KILLED, folder, path])
    assert path.read_text() == 'old' and len(os.listdir(tmp_path)) == 2
    alive = files.part_of(tmp_path / 'b.json')
    elsewhere, old = (tmp_path / f'{name}.json.other-host.1.mssh-part' for name in 'de')
    films = [tmp_path / name for name in ('A.Film.2019.part.mkv', 'archive.7z.001.part')]
    for part in (alive, elsewhere, old, *films):
        part.touch()
    for part in (old, *films):
        os.utime(part, (0, 0))
    files._cleared.clear()
    write_whole('{}', tmp_path / 'c.json')
    left = {'a.json', 'c.json', alive.name, elsewhere.name, *(film.name for film in films)}
    assert set(os.listdir(tmp_path)) == left


def test_all_files_or_none(tmp_path):
    files.write_all({tmp_path / 'a': b'1', tmp_path / 'b': b'2'})
    with pytest.raises(TypeError):
        files.write_all({tmp_path / 'a': b'3', tmp_path / 'b': 'no bytes'})
    assert [(tmp_path / name).read_bytes() for name in os.listdir(tmp_path)].count(b'3') == 0
    assert sorted(os.listdir(tmp_path)) == ['a', 'b']


def test_links_and_devices_stay_what_they_are(tmp_path):
    (tmp_path / 'real').mkdir()
    link, device = tmp_path / 'link', tmp_path / 'device'
    link.symlink_to(tmp_path / 'real/a.txt')
    device.symlink_to('/dev/null')
    for path in (link, device):
        write_whole('new', path)
        assert path.is_symlink()
    assert (tmp_path / 'real/a.txt').read_text() == 'new' and not device.is_file()
    assert not list(tmp_path.rglob('*.mssh-part'))


@pytest.mark.parametrize(
    'content, message',
    [
        ('{"a": 1', 'a.json is not a whole JSON file: Expecting'),
        ('[' * 100_000, 'a.json is nested too deeply'),
        (b'\xff\xfe\xfa', 'a.json is not a whole JSON file'),
        ('1' * 5000, 'a.json is not a whole JSON file: Exceeds the limit'),
    ],
)
def test_json_that_is_none(tmp_path, content, message):
    path = tmp_path / 'a.json'
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        read_json(path)


ROOT = Path(__file__).resolve().parents[1]
WRITERS = re.compile(
    r'\.savefig\(|imwrite\(|\.write_text\(|\.write_bytes\(|open\([^)]*[\'"][wa]b?[\'"]'
    r'|\bdump\(|torch\.save\(|savemat\('
)
# What writes into memory, into a part, or what a later start makes anew.
ALLOWED = {
    'mssh_mmpose/files.py': 2,
    'mssh_mmpose/pictures.py': 1,  # a figure into a part
    'mssh_mmpose/evaluation/dump.py': 1,  # into memory, as the next four
    'mssh_mmpose/evaluation/tables.py': 1,
    'mssh_mmpose/export/publishing.py': 1,
    'mssh_mmpose/datasets/converters/mpii_ground_truth.py': 1,
    'mssh_mmpose/web/app.py': 1,
    'tools/mpii_test_submission.py': 1,
    'mssh_mmpose/export/quantization.py': 1,  # in a folder that is removed
    'mssh_mmpose/datasets/synthetic/writing.py': 1,  # pictures of a folder marked unfinished
    'tools/convert_pytorch_pose.py': 1,  # into a part
    'tools/infer_onnx.py': 1,  # a copy of files.py
}


def test_every_output_is_written_whole():
    """Results are written by the functions of files.py; only logs, locks and installers are not."""
    others = ('install.py', 'mmcv_wheel.py', 'repairs.py', 'command.py', 'packages.py', 'demo.py')
    found = {}
    for path in [*ROOT.glob('mssh_mmpose/**/*.py'), *ROOT.glob('tools/*.py')]:
        name = path.relative_to(ROOT).as_posix()
        if path.name in others or '.mim' in name or name.startswith('mssh_mmpose/study/'):
            continue
        count = len(WRITERS.findall(path.read_text(encoding='utf-8')))
        if count:
            found[name] = count
    assert found == ALLOWED
