"""Networks by name, and as the first words of a command line."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mssh_mmpose import names
from mssh_mmpose.names import (
    DEFAULT_NETWORK,
    Network,
    find_checkpoint,
    find_config,
    find_result,
    split_network,
)

ROOT = Path(__file__).parents[1]
INSTALLED = str(ROOT / 'mssh_mmpose/.mim/configs/mssh-s_lsp_128x128.py')
CONFIG = str(ROOT / 'configs/mssh-s_lsp_128x128.py')
DEFAULT = names.shipped_networks()[DEFAULT_NETWORK]


def test_the_shipped_networks_have_names():
    found = names.shipped_networks()
    files = sorted((ROOT / 'checkpoints').glob('*.pth'))
    assert [Path(path).resolve() for path in found.values()] == files and files
    for name, path in found.items():
        assert Path(path).name.startswith(f'{name}-') and len(Path(path).stem) == len(name) + 9


@pytest.mark.parametrize(
    'words, network, rest',
    [
        ([], Network(None, DEFAULT), []),
        (['a.jpg', 'b.jpg'], Network(None, DEFAULT), ['a.jpg', 'b.jpg']),
        ([DEFAULT_NETWORK, 'a.jpg'], Network(None, DEFAULT), ['a.jpg']),
        ([DEFAULT, 'a.jpg'], Network(None, DEFAULT), ['a.jpg']),
        (['https://x/net', 'a.jpg'], Network(None, 'https://x/net'), ['a.jpg']),
        ([CONFIG, DEFAULT, 'a.jpg'], Network(CONFIG, DEFAULT), ['a.jpg']),
        ([f'mssh_mmpose::{Path(CONFIG).name}', DEFAULT], Network(INSTALLED, DEFAULT), []),
        (['webcam:0'], Network(None, DEFAULT), ['webcam:0']),
    ],
)
def test_words_of_a_command_line(words, network, rest):
    assert split_network(words) == (network, rest)


@pytest.mark.parametrize(
    'words, message',
    [
        (['c.py'], 'config c.py: expected its checkpoint after it'),
        ([CONFIG, 'none.pth'], 'checkpoint none.pth not found; expected .*mssh-s_joint_192x192'),
        (['none.pth', 'a.jpg'], 'checkpoint none.pth not found'),
        ([CONFIG, 'tests'], 'checkpoint tests is a folder'),
        (['mssh-x', 'a.jpg'], 'mssh-x: there is no such file, and no shipped .*mssh-s_lsp_128x128'),
        (['c.py', DEFAULT], 'config c.py not found; expected a config file, or PACKAGE::PATH'),
        (['mmpose::c.py', DEFAULT], r'configs/c.py not found; expected a file in .*/mmpose/.mim'),
        (['odd::c.py', DEFAULT], 'config odd::c.py: the package odd is not installed'),
        (['a.b::c.py', DEFAULT], 'the package a.b is not installed'),
        (['::c.py', DEFAULT], 'the package  is not installed'),
        (
            ['rtsp://camera/1'],
            'rtsp://camera/1: expected files, folders or webcam:NUMBER as inputs',
        ),
        (['https://host/A.JPG', 'b.jpg'], 'A.JPG: expected files, folders or webcam:NUMBER'),
    ],
)
def test_words_that_name_no_network(words, message, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ValueError, match=message):
        split_network(words)


def test_a_network_in_place_of_its_config():
    with pytest.raises(ValueError, match=rf'{DEFAULT_NETWORK} is a shipped .*-[0-9a-f]+.md names'):
        find_config(DEFAULT_NETWORK)


def test_configs_of_other_packages():
    for name in ('mmdet::yolox/yolox_tiny_8xb8-300e_coco.py', 'mmpose::_base_/default_runtime.py'):
        assert Path(find_config(name)).is_file()


def test_without_shipped_networks(tmp_path, monkeypatch):
    monkeypatch.setattr(names, 'CHECKPOINTS', tmp_path)
    with pytest.raises(ValueError, match=rf'{DEFAULT_NETWORK} not found.*none in {tmp_path}'):
        find_checkpoint(DEFAULT_NETWORK)


def test_a_wheel_has_no_results():
    assert Path(find_result('hourglass-s_2x64_clean_128x128/epoch_50.pth')).is_file()
    assert find_result('nothing/a.pth') == 'results/nothing/a.pth'


def test_only_the_standard_library_is_imported():
    """This lets a tool read its command line at once."""
    code = f"""
import runpy, sys
runpy.run_path({names.__file__!r})
print([name for name in ('torch', 'numpy', 'mmengine', 'mssh_mmpose') if name in sys.modules])
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'


TOOLS = {
    'infer': (['a.jpg', 'b.jpg'], 'inputs', ['a.jpg', 'b.jpg']),
    'serve': ([], 'rest', []),
    'visualize_stacks': (['a.jpg'], 'image', 'a.jpg'),
    'export_onnx': (['a.onnx'], 'output', 'a.onnx'),
}
OPTION = {
    'infer': ['--device', 'cpu'],
    'serve': ['--device', 'cpu'],
    'visualize_stacks': ['--bbox', 1, 2, 3, 4],
    'export_onnx': ['--decode'],
}


@pytest.fixture
def parse(monkeypatch, tmp_path):
    """Read the arguments of a tool in a folder with two pictures."""
    monkeypatch.chdir(tmp_path)
    for name in ('a.jpg', 'b.jpg'):
        (tmp_path / name).touch()

    def read(tool, *words):
        parse_args = runpy.run_path(str(ROOT / f'tools/{tool}.py'))['parse_args']
        return parse_args(list(map(str, words)))

    return read


@pytest.mark.parametrize('tool', TOOLS)
def test_tools_take_a_network_first(parse, tool):
    words, dest, rest = TOOLS[tool]
    for network, expected in (
        ([], (None, DEFAULT)),
        (['mssh-s_lsp_128x128'], (None, names.shipped_networks()['mssh-s_lsp_128x128'])),
        ([DEFAULT], (None, DEFAULT)),
        ([CONFIG, DEFAULT], (CONFIG, DEFAULT)),
    ):
        # Options may stand anywhere.
        for line in ([*network, *words], [*network, *OPTION[tool], *words]):
            args = parse(tool, *line)
            assert (args.config, args.checkpoint) == expected
            assert getattr(args, dest) == rest


@pytest.mark.parametrize(
    ('tool', 'words', 'message'),
    [
        ('infer', [], r'expected \[NETWORK\] INPUT, got nothing after the network'),
        ('infer', ['mssh-s_lsp_64x64', 'a.jpg'], 'mssh-s_lsp_64x64: there is no such file, and no'),
        ('infer', [CONFIG], 'expected its checkpoint after it'),
        ('infer', ['a.jpg', '--detector', 'mmdet::a.py', 'b'], 'argument --detector: .*mmdet/.mim'),
        ('infer', ['a.jpg', '--detector', CONFIG, 'b.pth'], 'argument --detector: .*b.pth not fo'),
        ('serve', ['a.jpg'], r'expected \[NETWORK\], got a.jpg after the network'),
        ('visualize_stacks', ['a.jpg', 'b.jpg'], 'IMAGE, got a.jpg b.jpg after the network'),
        ('visualize_stacks', ['c.jpg'], 'c.jpg not found'),
        ('export_onnx', ['a.txt'], 'expected a file name ending in .onnx'),
    ],
)
def test_tools_refuse_other_words(parse, tool, words, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        parse(tool, *words)
    assert exit_.value.code == 2
    assert re.search(message, capsys.readouterr().err)
