"""The logic of tools/install.py; nothing is downloaded or compiled here."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tools'))
import install  # noqa: E402
import mmcv_wheel  # noqa: E402


@pytest.fixture
def calls(tmp_path, monkeypatch) -> list:
    """Replace everything that changes the machine; return what was asked for, in order."""
    made = []

    def run(command: list, **kwargs) -> str:
        made.append(' '.join(map(str, command)))
        if command[1:3] == ['-m', 'venv']:
            (command[3] / 'bin').mkdir(parents=True)
            (command[3] / 'bin' / 'python').touch()
        return ''

    monkeypatch.setattr(install, 'CACHE', tmp_path / 'cache')
    monkeypatch.setattr(install, 'run', run)
    monkeypatch.setattr(install, 'pip', lambda python, *rest: run(['pip', *rest]))
    monkeypatch.setattr(install, 'mmcv_wheel', lambda python: made.append('mmcv') or Path('m.whl'))
    monkeypatch.setattr(install, 'check_prerequisites', lambda venv: made.append('prerequisites'))
    return made


def test_a_new_environment_takes_all_steps_once(tmp_path, calls) -> None:
    venv = tmp_path / 'venv'
    install.install_venv(venv)
    assert calls[0] == 'prerequisites' and 'check_env.py' in calls[-1]
    assert [c for c in calls if 'runtime.txt' in c] and [c for c in calls if 'm.whl' in c]
    calls.clear()
    install.install_venv(venv)
    assert calls == []


def test_changed_requirements_are_brought_in(tmp_path, calls, monkeypatch) -> None:
    install.install_venv(tmp_path / 'venv')
    calls.clear()
    monkeypatch.setattr(install, 'fingerprint', lambda: 'another')
    install.install_venv(tmp_path / 'venv')
    assert [c for c in calls if 'runtime.txt' in c] and not [c for c in calls if '-m venv' in c]


@pytest.mark.parametrize('step', ['runtime.txt', 'openmmlab.txt'])
def test_an_environment_in_which_pip_was_killed_is_made_anew(
    tmp_path, calls, monkeypatch, step: str
) -> None:
    venv, pip = tmp_path / 'venv', install.pip

    def killed(python: Path, *arguments) -> None:
        if any(step in str(argument) for argument in arguments):
            (venv / 'half').touch()
            raise KeyboardInterrupt
        pip(python, *arguments)

    monkeypatch.setattr(install, 'pip', killed)
    with pytest.raises(KeyboardInterrupt):
        install.install_venv(venv)
    monkeypatch.setattr(install, 'pip', pip)
    install.install_venv(venv)
    assert not (venv / 'half').exists()
    assert (venv / '.mssh-state').read_text() == install.fingerprint()


def test_an_interrupted_build_of_mmcv_keeps_the_packages(tmp_path, calls, monkeypatch) -> None:
    def killed(python: Path) -> Path:
        (tmp_path / 'venv' / 'torch').touch()
        raise KeyboardInterrupt

    build = install.mmcv_wheel
    monkeypatch.setattr(install, 'mmcv_wheel', killed)
    with pytest.raises(KeyboardInterrupt):
        install.install_venv(tmp_path / 'venv')
    monkeypatch.setattr(install, 'mmcv_wheel', build)
    install.install_venv(tmp_path / 'venv')
    assert (tmp_path / 'venv' / 'torch').exists()


def test_an_environment_of_the_user_is_not_touched(tmp_path, calls) -> None:
    (tmp_path / 'pyvenv.cfg').touch()
    with pytest.raises(SystemExit, match='was not made by this tool.*PYTHON='):
        install.install_venv(tmp_path)
    assert calls == ['prerequisites']


def test_an_existing_environment_gets_only_what_it_lacks(calls, monkeypatch) -> None:
    present = dict.fromkeys(install.read_pins(), '1.0')
    present.update(torch='2.3.0+cu121', **{'opencv-python': '4.9'})
    for name in ('opencv-python-headless', 'munkres', 'mmdet', 'mmcv'):
        del present[name]
    monkeypatch.setattr(install, 'installed_version', present.get)
    install.install_here()
    first, second = (call.split() for call in calls if call.startswith('pip'))
    assert first[-1] == 'munkres' and '-c' in first
    assert second[-4:] == ['m.whl', f'mmdet=={install.read_pins()["mmdet"]}', '-e', str(ROOT)]
    assert '--no-deps' in second


def test_missing_prerequisites_are_named_with_the_command(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    with pytest.raises(SystemExit, match=r'(?s)C\+\+ compiler.*apt-get install .*g\+\+'):
        install.check_prerequisites(tmp_path / 'venv')
    monkeypatch.undo()
    monkeypatch.setattr(install.sysconfig, 'get_path', lambda name: str(tmp_path))
    with pytest.raises(SystemExit, match='headers of Python'):
        install.check_prerequisites(tmp_path / 'venv')


def test_make_without_python_says_what_to_install() -> None:
    make = [shutil.which('make'), '-C', str(ROOT), 'env', 'PYTHON=']
    result = subprocess.run(make, env={'PATH': '/nonexistent'}, capture_output=True, text=True)
    assert result.returncode != 0
    assert 'Missing: Python 3.11' in result.stdout and 'python3.11-venv' in result.stdout


def test_wheels_are_kept_apart_by_what_they_were_built_for(tmp_path, monkeypatch) -> None:
    facts = dict(torch='2.14.1+cpu', cuda=None, flags=['-O1'], includes=[], tag='cp311')
    facts['platform'] = 'linux-x86_64'
    built = []

    def run(command: list, **kwargs) -> str:
        if '-c' in command:
            return f'a warning\n{json.dumps(facts)}\n'
        wheel = Path(command[-1], 'mmcv-2.1.0-cp311-cp311-linux_x86_64.whl')
        wheel.parent.mkdir(parents=True)
        wheel.touch()
        built.append(kwargs['env'])
        return ''

    class Archive:
        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda *_: None  # noqa: E731

        def extractall(self, work: Path) -> None:
            (work / 'mmcv-2.1.0').mkdir()
            (work / 'mmcv-2.1.0' / 'setup.py').write_text("['-std=c++17']")

    def pip(python: Path, *arguments) -> None:
        Path(arguments[-1], 'mmcv-2.1.0.tar.gz').touch()

    monkeypatch.setattr(mmcv_wheel, 'CACHE', tmp_path)
    monkeypatch.setattr(mmcv_wheel, 'run', run)
    monkeypatch.setattr(mmcv_wheel, 'pip', pip)
    monkeypatch.setattr(mmcv_wheel, 'precompile', lambda *_: None)
    monkeypatch.setattr(mmcv_wheel.tarfile, 'open', lambda path: Archive())
    python = Path('/env/bin/python')
    first = mmcv_wheel.mmcv_wheel(python)
    assert mmcv_wheel.mmcv_wheel(python) == first and len(built) == 1
    assert built[0]['CUDA_VISIBLE_DEVICES'] == '' and '-g0' in built[0]['CFLAGS']
    for change in (dict(torch='2.12.0+cpu'), dict(cuda='13.0'), dict(tag='cp312')):
        facts.update(change)
        assert mmcv_wheel.mmcv_wheel(python) != first
    assert len(built) == 4 and len(list(tmp_path.glob('wheels/*/*.whl'))) == 4
