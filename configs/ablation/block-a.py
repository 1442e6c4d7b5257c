"""Inception-ResNet-A in the full network, on MPII.

Paper (validation PCKh@0.5): 89.91. Ours: not yet run.
Command: python tools/train.py configs/ablation/block-a.py
"""

_base_ = ['../mssh_mpii_256x256.py']
