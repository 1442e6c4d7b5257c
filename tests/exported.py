"""A tiny network on synthetic people, for the tests of export."""

import numpy as np
import torch
from mmengine.config import Config

from mssh_mmpose import config_path
from mssh_mmpose.datasets.synthetic import write_dataset
from mssh_mmpose.engine.loading import build_network

CONFIG = """
_base_ = [{base!r}]

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

codec = dict(type={codec!r}, input_size=(64, 64), heatmap_size=(16, 16), sigma=1)
model = dict(
    backbone=dict(input_size=(64, 64), stage_strides=(4,), feat_channels=16),
    head=dict(decoder=codec),
)
train_dataloader = dict(
    dataset=dict(data_root={root!r}, pipeline=make_train_pipeline([codec]))
)
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    dataset=dict(data_root={root!r}, pipeline=make_test_pipeline(codec)),
)
val_dataloader = test_dataloader
"""


def make_config(folder, codec='MSRAHeatmap'):
    """Write eight people and a config; return its path."""
    write_dataset(folder / 'data', 8, 8)
    base = config_path('mssh-s_synthetic_128x128.py')
    path = folder / 'tiny.py'
    path.write_text(CONFIG.format(base=base, codec=codec, root=str(folder / 'data')))
    return path


def make_checkpoint(config, path):
    """Write random weights whose heatmaps have peaks, as tools/train.py saves them."""
    torch.manual_seed(0)
    estimator = build_network(Config.fromfile(config))
    for name, weights in estimator.state_dict().items():
        if 'running_var' in name:
            torch.nn.init.uniform_(weights, 0.5, 1.5)
        if '.score.weight' in name:
            torch.nn.init.normal_(weights, std=0.1)
    meta = dict(epoch=3, seed=0, dataset_meta=estimator.dataset_meta, losses=np.zeros(2))
    state = dict(meta=meta, state_dict=estimator.state_dict(), optimizer=dict(step=torch.ones(9)))
    torch.save(state, path)
    return path
