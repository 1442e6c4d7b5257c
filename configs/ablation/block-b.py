"""Inception-ResNet-B in the full network, on MPII.

Paper (validation PCKh@0.5): 82.95. Ours: not yet run.
Command: python tools/train.py configs/ablation/block-b.py
"""

_base_ = ['../mssh_mpii_256x256.py']

model = dict(backbone=dict(block='InceptionResNetB'))
