"""Stacked hourglass, the baseline, size XS on LSP.

Paper (size L on MPII, validation PCKh@0.5): 88.78.
Ours: PCK@0.2 of 50.1 (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/baseline.py
"""

_base_ = ['./mssh.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = [_base_.codecs[1]]
model = dict(
    backbone=dict(stage_strides=(4,) * 3, block='PreActBottleneck'),
    head=dict(loss=dict(adaptive=False), decoder=codecs[-1]),
)
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
