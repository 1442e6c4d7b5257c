"""Stacked hourglass, the baseline, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 88.78.
Ours: PCK@0.2 of 50.1 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/baseline.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

codecs = [_base_.codecs[1]]
model = dict(
    backbone=dict(stage_strides=(4,) * 3, block='PreActBottleneck'),
    head=dict(loss=dict(adaptive=False), decoder=codecs[-1]),
)
train_pipeline = [*_base_.train_pipeline]
train_pipeline[-2] = dict(type='GenerateMultilevelTarget', encoder=codecs)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
