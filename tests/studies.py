"""A tiny study, for the tests of studies."""

import yaml
from exported import make_config

STUDY = {
    'title': 'Tiny',
    'seeds': [0],
    'options': {
        'train_cfg.max_epochs': 3,
        'train_cfg.val_interval': 3,
        'param_scheduler.0.total_steps': 3,
        'train_dataloader.batch_size': 3,
        'train_dataloader.drop_last': False,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'model.channels_last': False,
    },
    'variants': [
        {'name': 'narrow', 'config': 'tiny.py', 'seeds': [0, 1]},
        {'name': 'wide', 'config': 'tiny.py', 'options': {'model.backbone.feat_channels': 32}},
    ],
    'comparisons': [
        {'variant': 'wide', 'against': 'narrow', 'question': 'Width', 'paper': 'better'}
    ],
}


def write_study(folder, **changes):
    """Write a changed study, its data and its config into the working folder."""
    if not (folder / 'tiny.py').exists():
        make_config(folder)
    path = folder / 'widths.yml'
    path.write_text(yaml.safe_dump({**STUDY, **changes}))
    return path
