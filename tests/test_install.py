"""The logic of tools/install.py and what it uses; nothing is downloaded or compiled here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import install
import mmcv_wheel
import packages
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def calls(tmp_path, monkeypatch) -> list:
    """Replace everything that changes the machine; return what was asked for, in order."""
    made = []

    def run(command: list, **kwargs) -> str:
        made.append(' '.join(map(str, command)))
        if command[1:3] == ['-m', 'venv']:
            minor = '.'.join(map(str, sys.version_info[:2]))
            (command[3] / 'lib' / f'python{minor}' / 'site-packages').mkdir(parents=True)
            (command[3] / 'bin').mkdir()
            (command[3] / 'bin' / 'python').symlink_to(sys.executable)
        if str(command[-1]).endswith(str(ROOT)) and 'mmcv.whl' in made[-1]:
            next((tmp_path / 'venv').glob('lib/*/site-packages')).joinpath('mmcv').mkdir(
                exist_ok=True
            )
            next((tmp_path / 'venv').glob('lib/*/*/mmcv')).joinpath('_ext.cpython.so').touch()
        return ''

    monkeypatch.setattr(packages, 'CACHE', tmp_path / 'cache')
    monkeypatch.setattr(install, 'run', run)
    monkeypatch.setattr(install, 'pip', lambda python, *rest: run(['pip', *rest]))
    monkeypatch.setattr(install, 'find_uv', lambda python: None)
    monkeypatch.setattr(
        install, 'mmcv_wheel', lambda python: made.append('compile') or Path('mmcv.whl')
    )
    monkeypatch.setattr(
        install, 'repaired_wheels', lambda python, names: [f'{name}.whl' for name in names]
    )
    monkeypatch.setattr(install, 'missing_compiler', lambda venv: [])
    monkeypatch.setattr(
        install, 'check_prerequisites', lambda *args: made.append(f'prerequisites {args}')
    )
    return made


def test_a_new_environment_takes_all_steps_once_and_compiles_nothing(tmp_path, calls) -> None:
    venv = tmp_path / 'venv'
    install.install_venv(venv)
    assert 'prerequisites' in calls[0] and 'check_env.py' in calls[-1]
    assert [c for c in calls if 'runtime.txt' in c and c.startswith('pip install')]
    openmmlab = next(c for c in calls if 'mmcv-lite.whl' in c)
    assert all(name in openmmlab for name in ('mmengine.whl', 'xtcocotools.whl', 'mmpose=='))
    assert '--no-deps' in openmmlab and 'compile' not in calls
    calls.clear()
    install.install_venv(venv)
    assert calls == []


def test_operators_replace_mmcv_lite_and_then_stay(tmp_path, calls, monkeypatch) -> None:
    venv = tmp_path / 'venv'
    install.install_venv(venv)
    calls.clear()
    install.install_venv(venv, ops=True)
    assert 'compile' in calls and f"({venv!r}, True, '')" in calls[0]
    gone = calls.index('pip uninstall -y -q mmcv mmcv-lite')
    assert 'mmcv.whl' in calls[gone + 1] and 'mmcv-lite.whl' not in calls[gone + 1]
    calls.clear()
    install.install_venv(venv)
    install.install_venv(venv, ops=True)
    assert calls == []
    monkeypatch.setattr(install, 'fingerprint', lambda python: 'new')
    install.install_venv(venv)
    assert 'compile' in calls and not [c for c in calls if 'mmcv-lite.whl' in c]


def test_operators_without_a_compiler_make_room(tmp_path, calls, monkeypatch) -> None:
    venv = tmp_path / 'venv'
    install.install_venv(venv, ops=True)
    calls.clear()
    monkeypatch.setattr(install, 'fingerprint', lambda python: 'new')
    monkeypatch.setattr(install, 'missing_compiler', lambda venv: ['a C++ compiler'])
    install.install_venv(venv)
    gone = calls.index('pip uninstall -y -q mmcv mmcv-lite')
    assert 'mmcv-lite.whl' in calls[gone + 1] and 'compile' not in calls


def test_changed_requirements_are_brought_in(tmp_path, calls, monkeypatch) -> None:
    install.install_venv(tmp_path / 'venv')
    calls.clear()
    monkeypatch.setattr(install, 'fingerprint', lambda python: 'new')
    install.install_venv(tmp_path / 'venv')
    assert [c for c in calls if 'runtime.txt' in c] and not [c for c in calls if '-m venv' in c]


def test_uv_installs_where_it_is_to_be_had(tmp_path, calls, monkeypatch) -> None:
    monkeypatch.setattr(install, 'find_uv', lambda python: '/bin/uv')
    venv = tmp_path / 'venv'
    install.install_venv(venv)
    packages_call = next(c for c in calls if 'runtime.txt' in c)
    assert packages_call.startswith(f'/bin/uv pip install --python {venv}/bin/python')
    assert '--torch-backend' not in packages_call and 'constraints.txt' in packages_call


def test_another_build_of_torch_is_got_by_uv_and_stays(tmp_path, calls, monkeypatch) -> None:
    venv = tmp_path / 'venv'
    monkeypatch.setattr(install, 'pip_sources', lambda python: ['index-url'])
    with pytest.raises(SystemExit, match=r"TORCH=cpu needs uv, .* pip's settings \(index-url\)"):
        install.install_venv(venv, backend='cpu')
    monkeypatch.setattr(install, 'find_uv', lambda python: '/bin/uv')
    install.install_venv(venv)
    calls.clear()
    install.install_venv(venv, backend='cpu')
    assert f"({venv!r}, False, 'cpu')" in calls[0]  # it needs less of the disk
    asked = next(c for c in calls if 'runtime.txt' in c)
    assert '--torch-backend cpu --reinstall-package torch ' in asked
    site = next(venv.glob('lib/*/site-packages'))
    (site / 'torch-2.14.1+cpu.dist-info').mkdir()
    calls.clear()
    install.install_venv(venv, backend='cpu')
    assert calls == []


def test_uv_is_left_alone_where_pip_has_sources_of_its_own(monkeypatch) -> None:
    said = "global.index-url='file:///mirror'\n"
    asked = []
    monkeypatch.setattr(packages, 'pip', lambda python, *rest: asked.append(rest) or said)
    monkeypatch.setattr(packages.shutil, 'which', lambda name: None)
    assert packages.find_uv(Path('/env/bin/python')) is None and len(asked) == 1
    said = "global.timeout='60'\n"
    assert packages.find_uv(Path('/env/bin/python')) == '/env/bin/uv'
    assert 'installer.txt' in str(asked[-1])
    monkeypatch.setattr(packages.shutil, 'which', lambda name: '/usr/bin/uv')
    assert packages.find_uv(Path('/env/bin/python')) == '/usr/bin/uv'


def test_without_a_wheel_of_uv_pip_does_it(monkeypatch) -> None:
    def pip(python: Path, *arguments) -> str:
        if arguments[0] == 'install':
            raise SystemExit('no such wheel')
        return ''

    monkeypatch.setattr(packages, 'pip', pip)
    monkeypatch.setattr(packages.shutil, 'which', lambda name: None)
    assert packages.find_uv(Path('/env/bin/python')) is None


def test_a_command_that_fails_leaves_the_environment(tmp_path, calls, monkeypatch) -> None:
    """Such as without a network; a full disk may have left half a package."""
    venv = tmp_path / 'venv'
    install.install_venv(venv, ops=True)
    kept = venv / 'kept'
    failures = [('no network', 1), ('No space left on device', 1), ('killed', -9)]
    for text, status in failures:
        monkeypatch.setattr(install, 'fingerprint', lambda python, text=text: text)
        kept.touch()

        def failing(*args, text=text, status=status) -> None:
            raise packages.CommandFailed(text, status)

        with monkeypatch.context() as patch, pytest.raises(SystemExit, match=text):
            patch.setattr(install, 'install_packages', failing)
            install.install_venv(venv)
        calls.clear()
        install.install_venv(venv)
        assert kept.exists() is (text == 'no network')
        assert 'compile' in calls  # operators that were there


@pytest.mark.parametrize('step', ['runtime.txt', 'mmcv-lite.whl'])
def test_what_a_killed_pip_left_is_removed(tmp_path, calls, monkeypatch, step: str) -> None:
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
    python = venv / 'bin' / 'python'
    assert (venv / '.mssh-state').read_text() == install.fingerprint(python)


def test_an_interrupted_build_of_mmcv_keeps_the_packages(tmp_path, calls, monkeypatch) -> None:
    def killed(python: Path) -> Path:
        (tmp_path / 'venv' / 'torch').touch()
        raise KeyboardInterrupt

    build = install.mmcv_wheel
    monkeypatch.setattr(install, 'mmcv_wheel', killed)
    with pytest.raises(KeyboardInterrupt):
        install.install_venv(tmp_path / 'venv', ops=True)
    monkeypatch.setattr(install, 'mmcv_wheel', build)
    install.install_venv(tmp_path / 'venv', ops=True)
    assert (tmp_path / 'venv' / 'torch').exists()


def test_an_environment_whose_python_is_gone_is_made_anew(tmp_path, calls) -> None:
    venv = tmp_path / 'venv'
    install.install_venv(venv)
    (venv / 'bin' / 'python').unlink()
    calls.clear()
    install.install_venv(venv)
    assert [c for c in calls if '-m venv' in c]


def test_an_environment_of_the_user_is_not_touched(tmp_path, calls) -> None:
    (tmp_path / 'pyvenv.cfg').touch()
    with pytest.raises(SystemExit, match='was not made by this tool.*PYTHON='):
        install.install_venv(tmp_path)
    assert len(calls) == 1 and 'prerequisites' in calls[0]


def existing(monkeypatch, without: tuple[str, ...], **versions: str) -> None:
    """Let install.py see an environment that has everything but these."""
    present = {**dict.fromkeys(install.read_pins('test', 'web'), '1.0'), **versions}
    present.update(torch='2.3.0+cu121', **{'opencv-python': '4.9'})
    for name in ('opencv-python-headless', *without):
        del present[name]
    monkeypatch.setattr(install, 'installed_version', present.get)


def test_an_existing_environment_gets_only_what_it_lacks(calls, monkeypatch) -> None:
    existing(monkeypatch, ('munkres', 'mmdet', 'mmcv-lite'))
    install.install_here()
    first, second = (call.split() for call in calls if call.startswith('pip'))
    assert first[-1] == 'munkres' and '-c' in first
    assert second[-4:] == [
        'mmcv-lite.whl',
        f'mmdet=={install.read_pins()["mmdet"]}',
        '-e',
        str(ROOT),
    ]
    assert '--no-deps' in second


def test_tools_of_a_wheel_do_not_install_it(calls, monkeypatch, capsys) -> None:
    """A wheel has no setup.py beside its tools."""
    monkeypatch.setattr(install, 'IS_SOURCE_TREE', False)
    existing(monkeypatch, ('munkres', 'mmdet'))
    install.install_here()
    first, second = (call for call in calls if call.startswith('pip'))
    assert first.endswith(' munkres') and second.endswith(f' mmdet=={install.read_pins()["mmdet"]}')
    calls.clear()
    existing(monkeypatch, ('munkres',))
    install.install_here()
    (only,) = (call for call in calls if call.startswith('pip'))
    assert only.endswith(' munkres')
    monkeypatch.setattr(sys, 'argv', ['install.py', '--venv', '.venv'])
    with pytest.raises(SystemExit, match='2'):
        install.main()
    assert '--venv needs the source tree of mssh_mmpose' in capsys.readouterr().err


def test_a_full_mmcv_is_never_replaced(calls, monkeypatch) -> None:
    existing(monkeypatch, ('mmcv-lite', 'mmdet'), mmcv='2.0.1')
    for ops in (False, True):
        install.install_here(ops)
        assert 'mmdet==' in calls[-2] and not {c for c in calls if 'mmcv' in c}


def test_numpy_fits_the_xtcocotools_that_is_there(calls, monkeypatch) -> None:
    for version, bound in (('1.14.3', 'numpy<2'), ('1.14.3+mssh1', 'numpy<2.4')):
        existing(monkeypatch, ('numpy',), xtcocotools=version)
        install.install_here()
        assert next(c for c in calls if c.startswith('pip')).endswith(f' {bound}')
        calls.clear()


def test_setuptools_may_change_only_where_torch_is_missing(calls, monkeypatch) -> None:
    there = [SimpleNamespace(name=n, version=v) for n, v in (('setuptools', '65.5'), ('six', '1'))]
    monkeypatch.setattr(install.metadata, 'distributions', lambda: there)
    asked = []

    def pip(python, *rest) -> None:
        fixed = Path(rest[rest.index('-c') + 1]).read_text() if '-c' in rest else ''
        asked.append((fixed, rest[-1]))

    monkeypatch.setattr(install, 'pip', pip)
    for missing, answer in (
        ('torch', ('six==1', 'setuptools<81')),
        ('munkres', ('setuptools==65.5\nsix==1', 'munkres')),
    ):
        existing(monkeypatch, (missing,))
        install.install_here()
        assert asked[0] == answer
        asked.clear()


def test_make_without_python_says_what_to_install() -> None:
    make = [shutil.which('make'), '-C', str(ROOT), 'env', 'PYTHON=']
    result = subprocess.run(make, env={'PATH': '/nonexistent'}, capture_output=True, text=True)
    assert result.returncode != 0
    assert 'Missing: Python 3.11, 3.12, 3.13 or 3.14' in result.stdout
    assert 'apt-get install python3 python3-venv' in result.stdout


@pytest.fixture
def make(tmp_path):
    """Run make where these Pythons are found, each of which says its version and its arguments."""

    def write(path: Path, version: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        claim = f'import sys; sys.version_info = ({version.replace(".", ", ")}, 0)'
        path.write_text(
            f'#!/bin/sh\n[ "$1" = -c ] && exec "{sys.executable}" -c "{claim}; $2"\n'
            f'echo {version} "$@"\n'
        )
        path.chmod(0o755)

    for version in ('3.14', '3.13', '3.12'):
        write(tmp_path / f'bin/python{version}', version)
    write(tmp_path / 'my venv/bin/python', '3.11')

    def run(*words: str) -> str:
        command = [shutil.which('make'), '-C', str(ROOT), '--no-print-directory', *words]
        path = {'PATH': str(tmp_path / 'bin')}
        return subprocess.run(command, env=path, capture_output=True, text=True).stdout.strip()

    return run


def test_make_takes_a_python_that_can_do_it(make) -> None:
    assert make('env') == '3.14 tools/install.py --venv .venv'
    # The newest that mmcv's setup.py runs on.
    assert make('env', 'OPS=1') == '3.12 tools/install.py --venv .venv --ops'


def test_make_checks_the_python_that_is_meant(make, tmp_path) -> None:
    assert make('check', 'PYTHON=python3.13') == '3.13 tools/check_env.py'
    assert make('check', f'VENV={tmp_path}/my venv') == '3.11 tools/check_env.py'
    lines = make('lint', f'PYTHON={tmp_path}/my venv/bin/python').splitlines()
    assert lines[-1] == '3.11 -m ruff format --check .'


def test_a_build_of_torch_needs_an_own_environment(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, 'argv', ['install.py', '--torch', 'cpu'])
    with pytest.raises(SystemExit, match='2'):
        install.main()
    assert 'install torch there first' in capsys.readouterr().err


def test_an_older_python_can_read_what_it_runs() -> None:
    """Until it has said that it is too old; see tools/prerequisites.py."""
    text = (ROOT / 'tools/install.py').read_text()
    names = re.findall(r'^from (\w+) import', text, re.M)
    found = [ROOT / f'tools/{name}.py' for name in names]
    for path in (ROOT / 'tools/install.py', *(path for path in found if path.is_file())):
        assert 'from __future__ import annotations' in path.read_text(), path
    assert sum(path.is_file() for path in found) >= 4


def test_macos_has_one_build_of_torch(tmp_path, monkeypatch) -> None:
    assert not install.has_torch(tmp_path, 'cpu')
    monkeypatch.setattr(sys, 'platform', 'darwin')
    assert install.has_torch(tmp_path, 'cpu')


def test_cores_where_the_system_does_not_say_which_are_free(monkeypatch) -> None:
    monkeypatch.delattr(os, 'sched_getaffinity', raising=False)
    assert mmcv_wheel.available_cores() == os.cpu_count()


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
