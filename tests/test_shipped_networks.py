"""The networks in checkpoints/ match their cards."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.registry import MODELS

from mssh_mmpose import config_path, load_model
from mssh_mmpose.export.publishing import card_text

ROOT = Path(__file__).parents[1]
NETWORKS = sorted((ROOT / 'checkpoints').glob('*.pth'))
RESULTS = sorted((ROOT / 'results').glob('*/*.pth'))


def card_of(path):
    return torch.load(path, weights_only=True)['meta']['card']


def test_there_are_networks():
    assert NETWORKS


@pytest.mark.parametrize('path', NETWORKS, ids=lambda path: path.stem)
def test_file_and_card(path):
    assert path.stat().st_size < 10e6
    assert path.stem.endswith(hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    card = card_of(path)
    assert path.with_suffix('.md').read_text() == card_text(card, path.name)
    assert 'dirty' not in card['commit'] and 'research only' in card['data_licence']


@pytest.mark.parametrize('path', NETWORKS, ids=lambda path: path.stem)
def test_accuracy_on_a_part_of_the_test_people(path, real_data, tmp_path):
    """The card's, within what 50 other people may differ by."""
    real_data('lsp')
    card = card_of(path)
    cfg = Config.fromfile(config_path(card['config']))
    cfg.work_dir, cfg.load_from = str(tmp_path), str(path)
    cfg.test_dataloader.dataset.update(data_root=str(ROOT / 'data/lsp'), indices=50)
    metrics = Runner.from_cfg(cfg).test()
    assert metrics['lsp/PCK@0.2'] == pytest.approx(card['metrics']['lsp/PCK@0.2'], abs=6)


@pytest.mark.parametrize('path', NETWORKS, ids=lambda path: path.stem)
def test_use_in_python(path):
    """The name, the config inside and this version's config give the same predictions."""
    image = np.random.default_rng(0).integers(0, 255, (200, 100, 3), dtype=np.uint8)
    model = load_model(path.stem[:-9], device='cpu')
    by_name = model.predict(image)[0]
    by_config = load_model(config_path(card_of(path)['config']), path, 'cpu').predict(image)[0]
    assert by_name.keypoints.shape == (len(model.joints), 2)
    np.testing.assert_array_equal(by_name.keypoints, by_config.keypoints)


@pytest.mark.parametrize('path', NETWORKS, ids=lambda path: path.stem)
def test_config_inside(path):
    """It is older than this version's settings and still describes the network."""
    checkpoint = torch.load(path, weights_only=True)
    cfg = Config.fromstring(checkpoint['meta']['cfg'], '.py')
    MODELS.build(cfg.model).load_state_dict(checkpoint['state_dict'])


@pytest.mark.parametrize('path', RESULTS, ids=lambda path: path.parent.name)
def test_weights_of_the_results(path):
    """They fit the configs of their names, key by key."""
    name = path.parent.name.removesuffix('_long')
    (config,) = (ROOT / 'configs').rglob(f'{name}.py')
    cfg = Config.fromfile(config)
    checkpoint = CheckpointLoader.load_checkpoint(str(path), map_location='cpu')
    MODELS.build(cfg.model).load_state_dict(checkpoint['state_dict'])
