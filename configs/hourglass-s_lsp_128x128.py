"""Stacked hourglass, size S, on LSP: 3 stacks at stride 4, bottlenecks, 64 channels.

Ours: PCK@0.2 of 69.9 in 27 min on 2 cores of an AMD EPYC (results/hourglass-s_lsp_128x128).
Command: python tools/train.py configs/hourglass-s_lsp_128x128.py
"""

_base_ = ['./mssh-s_lsp_128x128.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = [_base_.codecs[1]]
model = dict(
    backbone=dict(stage_strides=(4, 4, 4), block='PreActBottleneck'),
    head=dict(decoder=codecs[-1]),
)
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_epochs=48, val_interval=48)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=48)]
