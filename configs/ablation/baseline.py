"""Stacked hourglass, the baseline, on MPII.

Paper (validation PCKh@0.5): 88.78. Ours: not yet run.
Command: python tools/train.py configs/ablation/baseline.py
"""

_base_ = ['../mssh_mpii_256x256.py']

codecs = [_base_.codecs[1]]
model = dict(
    backbone=dict(stage_strides=(4,) * 8, block='PreActBottleneck'),
    head=dict(loss=dict(adaptive=False), decoder=codecs[-1]),
)
train_pipeline = [*_base_.train_pipeline]
train_pipeline[-2] = dict(type='GenerateMultilevelTarget', encoder=codecs)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
