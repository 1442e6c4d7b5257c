"""The identity of runs; the committed results are those of today's settings."""

import csv
from copy import deepcopy
from pathlib import Path

import pytest
from mmengine.config import Config
from parameters import number_of_parameters

from mssh_mmpose import config_path
from mssh_mmpose.study.identity import fingerprint
from mssh_mmpose.study.plan import read_study

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def base():
    return Config.fromfile(config_path('mssh-s_synthetic_128x128.py'))


def changed(cfg, options):
    cfg = deepcopy(cfg)
    cfg.merge_from_dict(options)
    return cfg


LOSS = 'model.head.loss'
DATA = 'train_dataloader.dataset'


@pytest.mark.parametrize(
    'options',
    [
        {'visualizer.name': 'other', 'log_level': 'WARNING', 'work_dir': 'there', 'resume': True},
        {'default_hooks.logger.interval': 1, 'default_hooks.badcase': None},
        {'default_hooks.checkpoint.save_best': 'auto', 'default_hooks.runtime_info': {'type': 'X'}},
        {'default_hooks.param_scheduler': {'type': 'ParamSchedulerHook'}},
        {'default_hooks.finite_loss': None, 'default_hooks.resumed_validation': None},
        {'default_hooks.starting_weights': None, 'default_hooks.rank_mean': None},
        {'custom_hooks.1': {'type': 'EpochSeedHook'}},
        {'train_cfg.val_interval': 7, 'train_cfg.val_begin': 2, 'val_dataloader': None},
        {'train_dataloader.pin_memory': True, 'env_cfg.cudnn_benchmark': False},
        {'auto_scale_lr.base_batch_size': 64},
        # Defaults of the classes, spelled out.
        {'model.backbone.fusion': 'add', 'model.backbone.norm_cfg': {'type': 'BN'}},
        {'model.backbone.init_cfg': None, f'{LOSS}.skip_empty_channel': False},
        {'model.backbone.stage_strides': [8, 8, 4]},
    ],
)
def test_what_decides_no_number_does_not_count(base, options):
    assert fingerprint(changed(base, options)) == fingerprint(base)


def test_hooks_that_look_on_do_not_count(base):
    looking = {'type': 'KeypointWeightsHook', 'interval': 5}
    cfg = changed(base, {'custom_hooks': [looking, *base.custom_hooks]})
    assert fingerprint(cfg) == fingerprint(base)


@pytest.mark.parametrize(
    'options',
    [
        {'model.backbone.feat_channels': 32},
        {'model.backbone.fusion': 'concat'},
        {f'{LOSS}.loss_weight': 1.0},
        {f'{DATA}.indices': 5},
        {f'{DATA}.pipeline.4.encoder.0.sigma': 2},
        {'train_dataloader.batch_size': 8},
        {'train_dataloader.num_workers': 0},
        {'optim_wrapper.type': 'Bf16OptimWrapper'},
        {'optim_wrapper.optimizer.lr': 1e-4},
        {'param_scheduler.0.eta_max': 1e-4},
        {'train_cfg.max_epochs': 6},
        {'randomness.seed': 1},
        {'sync_bn': 'torch'},
        {'compile': True},
        {'load_from': 'other.pth'},
        {'auto_scale_lr.enable': True},
        {'custom_hooks': [{'type': 'SyncBuffersHook'}]},
        {'custom_hooks.0': {'type': 'EMAHook'}},
        {'default_hooks.param_scheduler': None},
        {'data_preprocessor': {'type': 'ImgDataPreprocessor'}},
        {'default_hooks.averaging': {'type': 'EMAHook'}},
    ],
)
def test_what_decides_the_training_counts(base, options):
    found, known = fingerprint(changed(base, options)), fingerprint(base)
    assert found.training != known.training and found.test == known.test


def test_validations_count_where_they_decide_the_rate(base):
    plateau = {'param_scheduler': [dict(type='ReduceOnPlateauLR', monitor='loss')]}
    often = changed(base, {**plateau, 'train_cfg.val_interval': 7})
    known = fingerprint(changed(base, plateau)).training
    assert fingerprint(often).training != known
    for options in (
        {'val_evaluator': dict(type='PCPAccuracy')},
        {'model.test_cfg.flip_test': False},
    ):
        assert fingerprint(changed(base, {**plateau, **options})).training != known
        assert fingerprint(changed(base, options)).training == fingerprint(base).training


@pytest.mark.parametrize(
    'options',
    [
        {'model.test_cfg.flip_test': False},
        {'model.head.decoder.unbiased': True},
        {'test_dataloader.dataset.indices': 5},
        {'test_dataloader.dataset.pipeline.1.padding': 1.5},
        {'test_evaluator.thresholds': [0.1]},
        {'test_cfg': {'fp16': True}},
    ],
)
def test_what_decides_the_test_alone_counts_there(base, options):
    found, known = fingerprint(changed(base, options)), fingerprint(base)
    assert found.training == known.training and found.test != known.test


def test_weights_to_start_from_count_by_their_content(base, tmp_path):
    for name, content in (('a', b'1'), ('b', b'1'), ('c', b'2')):
        (tmp_path / f'{name}.pth').write_bytes(content)
    a, b, c = (
        fingerprint(changed(base, {'load_from': str(tmp_path / f'{name}.pth')})) for name in 'abc'
    )
    assert a == b != c


@pytest.mark.parametrize(
    'name',
    [
        'lsp-study',
        'lsp-remedies',
        'lsp-strides',
        'lsp-refine',
        'lsp-signed',
        'lspet-sides',
        'joint-rates',
        'joint-losses',
    ],
)
def test_the_committed_results_are_those_of_the_settings(name, monkeypatch):
    """Another number of parameters would mean that the network's code has changed."""
    monkeypatch.chdir(ROOT)
    with (ROOT / f'results/{name}/results.csv').open(newline='') as file:
        rows = {(row['variant'], int(row['seed'])): row for row in csv.DictReader(file)}
    study = read_study(ROOT / f'results/{name}.yml')
    for variant in study.variants:
        cfg = variant.make_config(0)
        parameters = number_of_parameters(cfg.model)
        for seed in variant.seeds:
            cfg.randomness.seed = seed
            row = rows.pop((variant.name, seed), None)
            if row is None:
                continue  # not run yet
            assert row['fingerprint'] == str(fingerprint(cfg)), (variant.name, seed)
            assert row['parameters'] == str(parameters), (variant.name, seed)
    assert not rows
