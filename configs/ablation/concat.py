"""Concatenation instead of addition before each hourglass, on MPII.

Paper (validation PCKh@0.5): 89.36. Ours: not yet run.
Command: python tools/train.py configs/ablation/concat.py
"""

_base_ = ['../mssh_mpii_256x256.py']

model = dict(backbone=dict(fusion='concat'))
