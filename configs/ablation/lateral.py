"""Lateral connections in the pre-processing network (Fig. 5), on MPII.

Paper (validation PCKh@0.5): 88.66. Ours: not yet run.
Command: python tools/train.py configs/ablation/lateral.py
"""

_base_ = ['../mssh_mpii_256x256.py']

model = dict(backbone=dict(lateral=True))
