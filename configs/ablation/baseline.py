"""Stacked hourglass, the baseline, on MPII.

Paper (validation PCKh@0.5): 88.78. Ours: not yet run.
Command: python tools/train.py configs/ablation/baseline.py
"""

_base_ = ['../mssh_mpii_256x256.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = [_base_.codecs[1]]
model = dict(
    backbone=dict(stage_strides=(4,) * 8, block='PreActBottleneck', dispatch='first'),
    head=dict(loss=dict(adaptive=False), decoder=codecs[-1]),
)
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
