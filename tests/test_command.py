"""How tools start and end."""

import argparse
import os
import subprocess
import sys

import arguments
import command
import pytest
from forked import TOOLS, Ended, forked, tool

from mssh_mmpose.errors import InputError

# What the tools share, and what makes the environment and so runs without it.
OTHERS = {'arguments', 'command', 'waiting'}
OTHERS |= {'check_env', 'install', 'mmcv_ext', 'mmcv_wheel', 'packages', 'prerequisites'}
OTHERS |= {'pythons', 'repairs'}
NAMES = sorted({path.stem for path in TOOLS.glob('*.py')} - OTHERS)
LIGHT = """
import os, runpy, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
for path in sys.argv[1:]:
    inputs = [['no_such.jpg']] if path.endswith('/infer.py') else []
    for words in (['--help'], ['--no-such-option'], *inputs):
        if not os.fork():
            sys.argv = [path, *words]
            sys.stdout = sys.stderr = open(os.devnull, 'w')
            try:
                runpy.run_path(path, run_name='__main__')
            except SystemExit as exit_:
                status = exit_.code or 0
            heavy = {'torch', 'numpy', 'cv2', 'mmcv', 'mmengine', 'mmpose', 'mssh_mmpose'}
            print(os.path.basename(path), status, *sorted(heavy & set(sys.modules)),
                  file=sys.__stdout__, flush=True)
            os._exit(0)
        os.wait()
"""


def test_answers_before_anything_heavy_is_imported():
    """--help, a usage error, a missing picture: in forks of one bare Python."""
    paths = [str(TOOLS / f'{name}.py') for name in NAMES]
    done = subprocess.run([sys.executable, '-c', LIGHT, *paths], capture_output=True, text=True)
    statuses = dict.fromkeys(NAMES, (0, 2)) | dict(infer=(0, 2, 2))
    expected = [f'{name}.py {status}' for name in NAMES for status in statuses[name]]
    assert done.stdout.splitlines() == expected, done.stderr


def test_an_older_python_is_told_so():
    """By every tool, before anything that it may not understand."""

    def in_old_python(name):
        def run():
            sys.version_info = (3, 9, 18)
            del sys.modules['command']
            tool(name, '--help')()

        return run

    names = [name for name in NAMES if name != 'infer_onnx']  # which works alone
    for name, ended in zip(names, forked(*map(in_old_python, names))):
        assert ended.status == 2 and not ended.out and ended.err.count('\n') == 1, ended
        text = f'tools/{name}.py: error: Python 3.9.18 is too old; 3.11 to 3.14 are tested. "make '
        assert ended.err.startswith(text)
    for name in ('arguments', 'command', 'pythons'):
        assert '\nfrom __future__ import annotations' in (TOOLS / f'{name}.py').read_text()


def run(main, argv=()) -> Ended:
    """Run a tool with these arguments that only calls this function."""

    def started():
        sys.argv = ['some/where/tool.py', *argv]
        command.run(lambda: command.Parser('A tool.').parse_args(), main)

    return forked(started)


def raiser(error):
    def main(args):
        raise error

    return main


@pytest.mark.parametrize(
    ('error', 'message'),
    [
        (InputError('a came; expected b.'), 'a came; expected b.'),
        (FileNotFoundError(2, 'No such file or directory', 'a.jpg'), 'a.jpg: No such file or dir'),
        (ImportError('no onnx; install it'), 'no onnx; install it'),
        (
            ModuleNotFoundError("No module named 'mssh_mmpose'", name='mssh_mmpose'),
            'pip install -e',
        ),
    ],
)
def test_wrong_input_is_one_line(error, message):
    ended = run(raiser(error))
    assert ended.status == 2 and ended.err.count('\n') == 1
    assert ended.err.startswith('tools/tool.py: error: ') and message in ended.err


def test_the_traceback_of_an_unexpected_error_is_kept_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    ended = run(raiser(ZeroDivisionError('by zero')))
    (file,) = tmp_path.iterdir()
    assert ended == Ended(
        1,
        '',
        'tools/tool.py: error: ZeroDivisionError: by zero\n'
        f'The traceback is in {file}; MSSH_TRACEBACK=1 shows it here.\n',
    )
    assert 'in main\n    raise error\n' in file.read_text()


@pytest.mark.parametrize('error', [ZeroDivisionError('by zero'), InputError('wrong')])
def test_the_traceback_is_shown_on_demand(error, monkeypatch):
    monkeypatch.setenv('MSSH_TRACEBACK', '1')
    ended = run(raiser(error))
    assert 'in main\n    raise error\n' in ended.err
    assert ended.err.endswith(f'{error}\n') and 'tools/tool.py: error: ' in ended.err


def test_interrupts_usage_errors_and_statuses():
    assert run(raiser(KeyboardInterrupt())) == Ended(130, '', 'tools/tool.py: stopped\n')
    assert run(raiser(SystemExit(3))).status == 3
    ended = run(print, ['--unknown'])
    assert ended.status == 2 and ended.err.count('\n') == 1
    assert 'unrecognized arguments: --unknown (--help lists the arguments)' in ended.err


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        ({}, {'GOMP_SPINCOUNT': '250', 'KMP_BLOCKTIME': '0'}),
        ({'OMP_WAIT_POLICY': 'ACTIVE'}, {'OMP_WAIT_POLICY': 'ACTIVE'}),
        ({'GOMP_SPINCOUNT': '9'}, {'GOMP_SPINCOUNT': '9'}),
        ({'KMP_BLOCKTIME': '0'}, {'KMP_BLOCKTIME': '0'}),
    ],
)
def test_waiting_policy(before, after):
    """It is set before torch is imported; the user's setting stays."""

    def started():
        for name in ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME'):
            os.environ.pop(name, None)
        os.environ.update(before)
        sys.argv = ['tool.py']
        command.run(lambda: print({k: v for k, v in os.environ.items() if k in names}), str)

    names = {**before, **after}
    assert forked(started).out == f'{after}\n'


def refusal(kind, text):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        kind(text)
    return str(error.value)


def test_numbers():
    port = arguments.integer(0, 65535)
    assert (port('0'), port('65535')) == (0, 65535)
    for text in ('-1', '65536', '1.5', 'nan', '', '9' * 5000):
        assert refusal(port, text) == f'expected a whole number from 0 to 65535, got {text}'
    assert refusal(arguments.integer(1), '0') == 'expected a whole number of at least 1, got 0'
    size = arguments.number(above=0)
    assert size('1e-3') == 0.001
    for text in ('0', '-1', 'nan', 'inf', '1e999', 'x'):
        assert refusal(size, text) == f'expected a finite number above 0, got {text}'
    assert arguments.number(least=0)('0') == 0
    assert 'of at least 0, got -1' in refusal(arguments.number(least=0), '-1')


def test_files_and_folders(tmp_path):
    file = tmp_path / 'a.json'
    file.touch()
    assert arguments.existing_file(str(file)) == str(file)
    assert refusal(arguments.existing_file, str(tmp_path)).endswith(' is a folder; expected a file')
    assert arguments.checkpoint_file('https://host/a.pth') == 'https://host/a.pth'
    assert 'a checkpoint file, a URL, or the name' in refusal(arguments.checkpoint_file, 'a.pth')
    assert arguments.checkpoint_file('mssh-s_joint_192x192').endswith('.pth')
    assert arguments.file_or_url('s3://a') == 's3://a'
    assert refusal(arguments.file_or_url, 'a') == 'a not found; expected a file or a URL'
    out = arguments.output_file('.json', '.pkl')
    new = tmp_path / 'new/folder/a.pkl'
    assert out(str(new)) == str(new) and new.parent.is_dir()
    assert refusal(out, 'a.txt') == 'a.txt: expected a file name ending in .json or .pkl'
    assert 'is a folder; expected the name of a file' in refusal(out, str(tmp_path))
    assert (
        refusal(arguments.output_folder, f'{file}/b')
        == f'{file}/b cannot be written: {file} is no folder'
    )


def test_folders_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: False)  # root may write anywhere
    text = str(tmp_path / 'b')
    assert (
        refusal(arguments.output_folder, text)
        == f'{text} cannot be written: no permission in {tmp_path}'
    )


def test_configs():
    path = arguments.config_file('mssh_mmpose::mssh_mpii_256x256.py')
    assert os.path.isfile(path)
    assert 'no_such is not installed' in refusal(arguments.config_file, 'no_such::a.py')
    assert 'the package .. is not' in refusal(arguments.config_file, '..::a.py')
    assert 'expected a file in' in refusal(arguments.config_file, 'mssh_mmpose::none.py')
