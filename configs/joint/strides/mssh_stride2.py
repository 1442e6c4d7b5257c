"""MSSH of strides 8, 4 and 2, as expensive as hourglass.py.

Ours: not yet run.
Command: python tools/train.py configs/joint/strides/mssh_stride2.py
Study: python tools/study.py results/joint-strides.yml
"""

_base_ = ['./mssh.py']

from mssh_mmpose.datasets import make_train_pipeline

fine = dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(64, 64), sigma=4 / 3)
codecs = [*_base_.codecs, fine]
model = dict(
    backbone=dict(stage_strides=(8, 4, 2), feat_channels=(72, 64, 64)),
    head=dict(decoder=fine | _base_.dark),
)
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour))
)
