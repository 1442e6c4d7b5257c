"""Baseline + multi-scale maps + adaptive loss, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 89.25. Ours: not yet run.
Command: python tools/train.py configs/lsp/ablation/multi-scale_adaptive.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(backbone=dict(block='PreActBottleneck'))
