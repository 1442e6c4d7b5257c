"""MSSH of strides 8, 4 and 2 as expensive as the hourglasses of results/joint-strides.yml.

Ours: not yet run.
Command: python tools/train.py configs/joint/strides/coarse-to-fine_stride2.py
Study: python tools/study.py results/joint-strides.yml
"""

_base_ = ['./coarse-to-fine.py']

from mssh_mmpose.datasets import make_train_pipeline

fine = dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(64, 64), sigma=4 / 3)
codecs = [*_base_.codecs, fine]
model = dict(
    backbone=dict(stage_strides=(8, 4, 2), feat_channels=40),
    head=dict(decoder=fine),
)
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour))
)
