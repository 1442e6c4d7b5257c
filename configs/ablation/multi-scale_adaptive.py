"""Baseline + multi-scale maps + adaptive loss, on MPII.

Paper (validation PCKh@0.5): 89.25. Ours: not yet run.
Command: python tools/train.py configs/ablation/multi-scale_adaptive.py
"""

_base_ = ['../mssh_mpii_256x256.py']

model = dict(backbone=dict(block='PreActBottleneck'))
