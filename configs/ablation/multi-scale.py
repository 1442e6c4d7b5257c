"""Baseline + multi-scale maps, on MPII.

Paper (validation PCKh@0.5): not reported alone. Ours: not yet run.
Command: python tools/train.py configs/ablation/multi-scale.py
"""

_base_ = ['../mssh_mpii_256x256.py']

model = dict(
    backbone=dict(block='PreActBottleneck'),
    head=dict(loss=dict(adaptive=False)),
)
