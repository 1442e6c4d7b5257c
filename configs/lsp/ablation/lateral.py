"""Lateral connections in the pre-processing network (Fig. 5), size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 88.66.
Ours: PCK@0.2 of 48.5 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/lateral.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(backbone=dict(neck=dict(lateral=True)))
