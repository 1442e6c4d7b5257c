"""Config of a tiny network and a data set of eight synthetic people, for tests of the tools."""

from pathlib import Path

from mssh_mmpose import config_path
from mssh_mmpose.datasets.synthetic import write_dataset

_CONFIG = """
_base_ = [{base!r}]

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

codecs = [
    dict(type='MSRAHeatmap', input_size=(64, 64), heatmap_size=(side, side), sigma=1)
    for side in (8, 16)
]
model = dict(
    backbone=dict(input_size=(64, 64), stage_strides=(8, 4), feat_channels=16),
    head=dict(decoder=codecs[-1]),
)
train_pipeline = make_train_pipeline(codecs)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(
    batch_size=4, num_workers=0, dataset=dict(data_root={root!r}, pipeline=train_pipeline)
)
val_dataloader = dict(
    batch_size=2,
    num_workers=0,
    dataset=dict(data_root={root!r}, pipeline=val_pipeline),
)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=2, val_interval=1)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=2,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
default_hooks = dict(checkpoint=dict(interval=1), logger=dict(interval=1))
"""


def write_tiny_config(folder: Path) -> Path:
    """Write config and data set into a folder; return the config's path."""
    write_dataset(folder / 'data', 8, 4)
    base = config_path('mssh-s_synthetic_128x128.py')
    path = folder / 'tiny.py'
    path.write_text(_CONFIG.format(base=base, root=str(folder / 'data')))
    return path
