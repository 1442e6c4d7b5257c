"""Lateral connections in the pre-processing network (Fig. 5), size XS on LSP.

Paper (size L on MPII, validation PCKh@0.5): 88.66.
Ours: PCK@0.2 of 48.5 (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/lateral.py
"""

_base_ = ['./mssh.py']

model = dict(backbone=dict(lateral=True))
