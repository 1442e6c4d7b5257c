"""Baseline + multi-scale maps + adaptive loss, size XS on LSP.

Paper (size L on MPII, validation PCKh@0.5): 89.25.
Ours: PCK@0.2 of 48.2 (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/multi-scale_adaptive.py
"""

_base_ = ['./mssh.py']

model = dict(backbone=dict(block='PreActBottleneck'))
