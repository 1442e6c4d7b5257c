"""Residual block in the full network, row of the block comparison, on MPII.

Paper (validation PCKh@0.5): 89.19. Ours: not yet run.
Command: python tools/train.py configs/ablation/block-residual.py
"""

_base_ = ['./multi-scale_adaptive.py']
