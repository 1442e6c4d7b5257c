"""Every config builds, and its pipeline, network and loss fit together."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import HOOKS, METRICS, MODELS, VISUALIZERS
from one_step import training_losses, training_sample

from mssh_mmpose.analysis import model_cost
from mssh_mmpose.config import config_path, merge_options, read_config

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(p for p in (ROOT / 'configs').rglob('*.py') if '_base_' not in p.parts)
NAMES = [str(path.relative_to(ROOT / 'configs')) for path in CONFIGS]


# Narrow versions, so that a step takes a second; depths, strides and stages stay as they are.
NARROW = dict(
    MSSHNet=dict(feat_channels=16),
    CPM=dict(feat_channels=16),
    ResNet=dict(),
    HourglassNet=dict(stage_channels=(256, 32, 32, 32, 32, 32)),  # its stem is fixed at 256
)


def load(path: Path) -> Config:
    """Load a config and make its network narrow."""
    cfg = Config.fromfile(str(path))
    init_default_scope(cfg.default_scope)  # as the runner does
    cfg.model.backbone.update(NARROW[cfg.model.backbone.type])
    return cfg


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_one_training_step(path):
    cfg = load(path)
    np.random.seed(0)
    model = MODELS.build(cfg.model).train()
    losses = training_losses(model, cfg)
    total, _ = model.parse_losses(losses)
    total.backward()
    assert len([name for name in losses if 'loss' in name]) == getattr(model.head, 'num_stages', 1)
    assert total > 0 and torch.isfinite(total)
    if cfg.model.backbone.type == 'MSSHNet':  # distributed training waits for unused parameters
        assert all((p.grad is not None) is p.requires_grad for p in model.parameters())


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_hooks_metrics_and_docstring(path):
    cfg = Config.fromfile(str(path))
    metrics = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    for metric in metrics:
        assert METRICS.build(metric) is not None
    for hook in cfg.custom_hooks:
        assert HOOKS.get(hook.type) is not None
    assert VISUALIZERS.get(cfg.visualizer.type) is not None
    assert 'base_batch_size' in cfg.auto_scale_lr
    assert 'shift_heatmap' in cfg.model.test_cfg
    command = re.search(r'tools/(?:train\.py|test\.py|dist_train\.sh) (\S+)', path.read_text())
    assert command and (ROOT / command[1]) == path


def test_weights_to_start_from_are_found_from_anywhere(tmp_path, monkeypatch):
    configs = {path: Config.fromfile(str(path)).get('load_from') for path in CONFIGS}
    monkeypatch.chdir(tmp_path)
    starts = {path: start for path, start in configs.items() if start}
    assert len(starts) > 5
    assert all(Path(start).is_file() for start in starts.values()), starts


def test_options_that_change_variables_alone_are_told(monkeypatch):
    said = []
    monkeypatch.setattr('mssh_mmpose.config.print_log', lambda text, *_: said.append(text))
    cfg = Config(dict(data_root='a', train_dataloader=dict(dataset=dict(data_root='a'))))
    merge_options(cfg, {'train_dataloader.dataset.data_root': 'b', 'load_from': 'c.pth'})
    assert not said and cfg.train_dataloader.dataset.data_root == 'b'
    merge_options(cfg, {'data_root': 'b'})
    assert said[0].startswith('data_root: MMEngine does not read variables of a config.')


def test_scores_in_the_ablation_of_lsp():
    """A docstring has the mean score of the study's first variant with this config."""
    with (ROOT / 'results/lsp-study/results.csv').open(encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    variants = {}
    for variant in yaml.safe_load((ROOT / 'results/lsp-study.yml').read_text())['variants']:
        variants.setdefault(variant['config'], variant['name'])
    found = 0
    for path in CONFIGS:
        text = path.read_text()
        if path.parent != ROOT / 'configs/lsp/ablation' or 'results/lsp-study)' not in text:
            continue
        name = variants[str(path.relative_to(ROOT))]
        scores = [float(row['lsp/PCK@0.2']) for row in rows if row['variant'] == name]
        assert f'Ours: PCK@0.2 of {np.mean(scores):.1f} ' in text, path
        found += 1
    assert found >= 8


def test_ablations_are_thin():
    for path in CONFIGS:
        if 'ablation' in path.parts:
            assert len(path.read_text().split('"""')[2].strip().splitlines()) <= 15, path


def test_baseline_is_the_published_network():
    cost = model_cost(Config.fromfile(config_path('ablation/baseline.py')))
    assert cost.parameters == 25_594_624
    assert round(cost.multiply_adds / 1e9, 2) == 28.09


def test_size_m_is_about_two_giga_multiply_adds():
    cost = model_cost(Config.fromfile(config_path('mssh-m_mpii_256x256.py')))
    assert 1.9e9 < cost.multiply_adds < 2.1e9


def test_outputs_of_the_paper_network():
    cost = model_cost(Config.fromfile(config_path('mssh_mpii_256x256.py')))
    assert [height for _, height, _ in cost.outputs] == [32, 32, 32, 64, 64, 64, 128, 128]


def test_drop_in_config_of_the_readme(tmp_path):
    blocks = re.findall(r'```python\n(.*?)```', (ROOT / 'README.md').read_text(), re.S)
    [text] = [block for block in blocks if 'mmpose::' in block]
    path = tmp_path / 'drop_in.py'
    path.write_text(text)
    cfg = load(path)
    assert cfg.optim_wrapper.optimizer.type == 'Adam'  # MMPose's schedule
    model = MODELS.build(cfg.model)
    sample = training_sample(cfg)
    losses = model.loss(sample['inputs'][None].float(), [sample['data_samples']])
    assert len([name for name in losses if 'loss' in name]) == 8


@pytest.mark.parametrize(
    'name', ['lsp/mssh-s_lsp+lspet_128x128.py', 'mssh-s_4x96_joint_128x128.py']
)
def test_flips_of_a_config_that_mmengine_wrote(name, tmp_path):
    # It sorts the numbers of joints as text.
    source = read_config(str(ROOT / 'configs' / name))
    source.dump(tmp_path / 'config.py')
    written = Config.fromfile(tmp_path / 'config.py')
    metas = [
        cfg.train_dataloader.dataset.metainfo
        for cfg in (source, written, read_config(str(tmp_path / 'config.py')))
    ]
    flips = [parse_pose_metainfo(meta)['flip_indices'] for meta in metas]
    assert flips[0] == [flips[0].index(i) for i in range(len(flips[0]))]
    assert flips[1] != flips[0] == flips[2]


def test_recipe_of_the_paper():
    """Section 5.1.3; eq. 2 is a sum."""
    cfg = Config.fromfile(config_path('mssh_mpii_256x256.py'))
    assert cfg.model.head.loss == dict(type='AdaptiveWeightedHeatmapLoss', reduction='sum')
    assert cfg.model.backbone.dispatch == 'every'
    assert cfg.optim_wrapper.optimizer == dict(type='RMSprop', lr=2.5e-4)
    assert (cfg.train_dataloader.batch_size, cfg.train_cfg.max_epochs) == (4, 220)
    (steps,) = cfg.param_scheduler
    assert (steps.milestones, steps.gamma) == ([150, 175, 200], 0.1)
