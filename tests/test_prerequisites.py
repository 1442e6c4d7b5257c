"""What tools/prerequisites.py says on systems that lack something."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import prerequisites
import pytest

SYSTEMS = {
    'ID=debian\nVERSION_ID="13"': 'On debian 13: sudo apt-get install python{v} python{v}-venv',
    'ID=ubuntu\nVERSION_ID="24.04"\nID_LIKE=debian': 'On ubuntu 24.04: sudo apt-get install',
    'ID=linuxmint\nVERSION_ID="22"\nID_LIKE="ubuntu debian"': 'On linuxmint 22: sudo apt-get',
    'ID=fedora\nVERSION_ID=43': 'On fedora 43: sudo dnf install python3 make',
    'ID=arch': 'On arch: "uv python install 3.14"',
}


@pytest.mark.parametrize('release', SYSTEMS)
def test_missing_prerequisites_are_named_for_this_system(
    tmp_path, monkeypatch, release: str
) -> None:
    (tmp_path / 'os-release').write_text(release + '\n')
    monkeypatch.setattr(prerequisites, 'OS_RELEASE', tmp_path / 'os-release')
    monkeypatch.setattr(prerequisites.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(SystemExit) as stop:
        prerequisites.check_prerequisites(tmp_path / 'venv', ops=False)
    version = '.'.join(map(str, sys.version_info[:2]))
    assert 'the venv module of Python' in str(stop.value)
    assert SYSTEMS[release].format(v=version) in str(stop.value)


@pytest.mark.parametrize('name, python, command', [
    ('ubuntu 22.04', (3, 10, 12), 'apt-get install python3.11 python3.11-venv make'),
    ('debian 12', (3, 9, 18), 'apt-get install python3.11 python3.11-venv make'),
    ('debian 11', (3, 9, 2), 'no such Python of its own: "uv python install 3.14"'),
    ('debian 15', (3, 15, 0), 'no such Python of its own: "uv python install 3.14"'),
    ('fedora 40', (3, 10, 1), 'dnf install python3.14 make'),
])  # fmt: skip
def test_another_python_is_named_where_this_does_not_fit(
    tmp_path, monkeypatch, name: str, python: tuple, command: str
) -> None:
    system, version = name.split()
    (tmp_path / 'os-release').write_text(f'ID={system}\nVERSION_ID="{version}"\n')
    monkeypatch.setattr(prerequisites, 'OS_RELEASE', tmp_path / 'os-release')
    monkeypatch.setattr(prerequisites.sys, 'version_info', python)
    with pytest.raises(SystemExit, match='(?s)Python 3.11 to 3.14') as stop:
        prerequisites.check_prerequisites(tmp_path / 'venv', ops=False)
    assert command in str(stop.value)


def test_operators_need_an_older_python(tmp_path, monkeypatch) -> None:
    (tmp_path / 'os-release').write_text('ID=debian\nVERSION_ID="13"\n')
    monkeypatch.setattr(prerequisites, 'OS_RELEASE', tmp_path / 'os-release')
    python = tmp_path / 'venv/bin/python'
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho 3 13 {tmp_path}\n')
    python.chmod(0o755)
    monkeypatch.setattr(prerequisites.sys, 'version_info', (3, 13, 5))
    with pytest.raises(
        SystemExit, match='(?s)remove .*venv, which has 3.13, .*headers of Python'
    ) as stop:
        prerequisites.check_prerequisites(tmp_path / 'venv', ops=True)
    assert 'no such Python of its own: "uv python install 3.12"' in str(stop.value)


def test_a_python_that_does_not_run(tmp_path) -> None:
    python = tmp_path / 'python'
    assert prerequisites.python_facts(python) == []
    python.write_text('#!/bin/sh\nexit 127\n')
    assert prerequisites.python_facts(python) == []
    python.chmod(0o755)
    assert prerequisites.python_facts(python) == []


def test_macos_and_a_compiler_only_for_operators(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(prerequisites.platform, 'system', lambda: 'Darwin')
    monkeypatch.setattr(prerequisites.platform, 'machine', lambda: 'arm64')
    monkeypatch.setattr(prerequisites.shutil, 'which', lambda name: None)
    prerequisites.check_prerequisites(tmp_path, ops=False)
    with pytest.raises(SystemExit, match=r'(?s)C\+\+ compiler.*On macOS: xcode-select') as stop:
        prerequisites.check_prerequisites(tmp_path, ops=True)
    assert 'brew install python@3.12' in str(stop.value)


@pytest.mark.parametrize('system, backend, gigabytes, advice', [
    ('Linux', '', 9, r'9.0 GB are free there\. TORCH=cpu \(torch without CUDA\) needs 2 GB; '),
    ('Linux', 'cu126', 9, 'needs 10 GB, 9.0 GB'),
    ('Linux', 'cpu', 1.9, r'needs 2 GB, 1.9 GB are free there\. '),
    ('Darwin', '', 1.9, r'needs 2 GB, 1.9 GB are free there\. '),
])  # fmt: skip
def test_the_space_on_the_disk_depends_on_torch(
    tmp_path, monkeypatch, system: str, backend: str, gigabytes: float, advice: str
) -> None:
    free = gigabytes * 1e9
    monkeypatch.setattr(prerequisites.platform, 'system', lambda: system)
    monkeypatch.setattr(prerequisites.platform, 'machine', lambda: 'arm64')
    usage = lambda path: SimpleNamespace(free=free)  # noqa: E731
    monkeypatch.setattr(prerequisites.shutil, 'disk_usage', usage)
    venv = tmp_path / 'venv'
    with pytest.raises(SystemExit, match=f'{advice}.*VENV=path makes it elsewhere'):
        prerequisites.check_prerequisites(venv, False, backend)
    free += 1.1e9
    prerequisites.check_prerequisites(venv, False, backend)


def test_intel_macs_are_refused_at_once(tmp_path, monkeypatch) -> None:
    """Unless torch is there: 2.2 had wheels for them."""
    monkeypatch.setattr(prerequisites.platform, 'system', lambda: 'Darwin')
    monkeypatch.setattr(prerequisites.platform, 'machine', lambda: 'x86_64')
    monkeypatch.setattr(prerequisites, 'installed_version', lambda name: '2.2.2')
    prerequisites.check_prerequisites(None, ops=False)
    with pytest.raises(SystemExit, match=r'^PyTorch has no wheels for Intel Macs .*\(x86_64\)'):
        prerequisites.check_prerequisites(tmp_path / 'venv', ops=False)
    monkeypatch.setattr(prerequisites, 'installed_version', lambda name: None)
    with pytest.raises(SystemExit, match='Intel Macs'):
        prerequisites.check_prerequisites(None, ops=False)


def test_windows_is_pointed_to_wsl(tmp_path) -> None:
    """It has no fcntl."""
    code = (
        'import platform, sys\n'
        'platform.system = lambda: "Windows"\n'
        'sys.modules["fcntl"] = None\n'
        'import install\n'
        f'install.install_venv(install.Path({str(tmp_path / "venv")!r}))\n'
    )
    command = [sys.executable, '-c', code]
    tools = Path(prerequisites.__file__).parent
    done = subprocess.run(command, cwd=tools, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith('Windows is not supported; use WSL')
