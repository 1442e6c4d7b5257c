"""Baseline + multi-scale maps + adaptive loss, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 89.25.
Ours: PCK@0.2 of 48.2 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/multi-scale_adaptive.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(backbone=dict(block='PreActBottleneck'))
