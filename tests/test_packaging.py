"""The configs are found from the source tree and ship with the package, as does the rest."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mmengine import Config
from mmengine.registry import init_default_scope

import mssh_mmpose
from mssh_mmpose.analysis import model_cost
from mssh_mmpose.datasets.synthetic import write_dataset
from mssh_mmpose.names import shipped_networks

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


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """The wheel of this tree, built and unpacked by pip beside the packages that it needs."""
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    patterns = shutil.ignore_patterns(
        '.git', 'data', 'work_dirs', 'results', '*.egg-info', '__pycache__', '.*_cache'
    )

    def ignored(place: str, names: list[str]) -> set[str]:
        environments = {name for name in names if Path(place, name, 'pyvenv.cfg').is_file()}
        return patterns(place, names) | environments

    shutil.copytree(ROOT, source, symlinks=True, ignore=ignored)
    build = [sys.executable, '-m', 'build', '--wheel', '--no-isolation', '--outdir', folder]
    subprocess.run([*build, source], check=True, capture_output=True)
    (wheel,) = folder.glob('*.whl')
    pip = [sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--target']
    subprocess.run([*pip, folder / 'site', wheel], check=True, capture_output=True)
    return folder / 'site'


def test_a_config_of_the_installed_wheel_trains(installed, tmp_path):
    """It trains in an empty folder, without this source tree."""
    write_dataset(tmp_path / 'data/synthetic', 4, 2)
    options = ['train_cfg.max_epochs=1', 'train_dataloader.batch_size=2']
    tool = installed / 'mssh_mmpose/.mim/tools/train.py'
    config = 'mssh_mmpose::mssh-s_synthetic_128x128.py'
    command = [sys.executable, tool, config, '--cfg-options', *options]
    environment = dict(os.environ, PYTHONPATH=str(installed))
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob('work_dirs/*/epoch_1.pth'))


def test_the_wheel_holds_the_page_the_tools_and_the_model_index(installed):
    shipped = installed / 'mssh_mmpose'
    for data in ('web/files/index.html', 'datasets/body/lspet_exchanged_sides.txt'):
        assert (shipped / data).is_file()
    tools = {path.name for path in (shipped / '.mim/tools').glob('*.py')}
    assert tools == {path.name for path in (ROOT / 'tools').glob('*.py')}
    assert (shipped / '.mim/model-index.yml').is_file()


def test_the_wheel_says_what_an_environment_lacks(installed, tmp_path):
    """To a Python without packages; the files that its commands name are there."""
    venv = [sys.executable, '-m', 'venv', '--without-pip', tmp_path / 'venv']
    subprocess.run(venv, check=True)
    python, tool = tmp_path / 'venv/bin/python', installed / 'mssh_mmpose/.mim/tools/check_env.py'
    environment = dict(os.environ, PYTHONPATH='')
    done = subprocess.run([python, tool], env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and not done.stderr and 'need attention' in done.stdout
    named = {word for word in re.findall(r'[^\s;]+', done.stdout) if word.startswith('/')}
    assert named == {str(python), str(tool.with_name('install.py'))}
    assert ' -e ' not in done.stdout and 'install --force-reinstall --no-deps WHEEL' in done.stdout


def test_the_wheel_holds_the_requirements_of_its_parts(installed):
    install_command = runpy.run_path(str(installed / 'mssh_mmpose/optional.py'))['install_command']
    for part in ('export', 'web'):
        files = re.findall(r'-[rc] (\S+)', install_command(part))
        assert len(files) == 2 and all(Path(file).is_relative_to(installed) for file in files)
        assert all(Path(file).is_file() for file in files)


def test_the_wheel_holds_the_shipped_networks(installed):
    """Found as a tool finds them before it imports the package."""
    found = runpy.run_path(str(installed / 'mssh_mmpose/names.py'))['shipped_networks']()
    assert found.keys() == shipped_networks().keys()
    for name, path in found.items():
        assert path.startswith(str(installed))
        assert Path(path).read_bytes() == Path(shipped_networks()[name]).read_bytes()


def models() -> list:
    found = []
    for family in yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']:
        index = yaml.safe_load((ROOT / family).read_text())
        names = {collection['Name'] for collection in index['Collections']}
        for collection in index['Collections']:
            assert (ROOT / collection['README']).is_file()
        for model in index['Models']:
            assert model['In Collection'] in names
            found.append(model)
    return found


@pytest.mark.parametrize('model', models(), ids=lambda model: model['Name'])
def test_the_model_index_tells_the_truth(model):
    """Its sizes are those of the configs, its results those of the logs."""
    path = ROOT / model['Config']
    assert path.stem == model['Name']
    init_default_scope('mmpose')
    cost = model_cost(Config.fromfile(path))
    assert model['Metadata']['Parameters'] == cost.parameters
    assert model['Metadata']['FLOPs'] == cost.multiply_adds
    for result in model.get('Results', []):
        log = (ROOT / 'results' / model['Name'] / 'train.log').read_text()
        prefix = result['Dataset'].split(',')[0].lower()
        for metric, value in result['Metrics'].items():
            found = re.findall(rf'{prefix}/{re.escape(metric)}: ([\d.]+)', log)
            if found or metric != 'PCP@0.5':  # older logs lack it
                assert value == pytest.approx(float(found[-1]), abs=0.005)
