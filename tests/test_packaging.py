"""The configs are found from the source tree and ship with the package."""

import subprocess
import sys
from pathlib import Path

import pytest
from mmengine import Config

import mssh_mmpose

ROOT = Path(__file__).resolve().parents[1]


def test_config_path_serves_as_a_base(tmp_path) -> None:
    own = tmp_path / 'own.py'
    own.write_text("_base_ = [__import__('mssh_mmpose').config_path('mssh_mpii_256x256.py')]\n")
    base = Config.fromfile(ROOT / 'configs' / 'mssh_mpii_256x256.py')
    assert Config.fromfile(own).model == base.model


def test_an_unknown_config_lists_the_known_ones() -> None:
    with pytest.raises(FileNotFoundError, match="no config 'absent.py'.*mssh_mpii_256x256.py"):
        mssh_mmpose.config_path('absent.py')


def test_the_build_holds_every_config(tmp_path) -> None:
    stale = tmp_path / 'mssh_mmpose' / '.mim' / 'configs' / 'gone.py'
    stale.parent.mkdir(parents=True)
    stale.touch()
    command = [sys.executable, 'setup.py', '-q', 'build_py', '--build-lib', tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    shipped = {path.relative_to(stale.parent) for path in stale.parent.rglob('*.py')}
    assert shipped == {path.relative_to(ROOT / 'configs') for path in ROOT.glob('configs/**/*.py')}
    assert (tmp_path / 'mssh_mmpose' / 'engine' / 'checkpoint.py').is_file()
