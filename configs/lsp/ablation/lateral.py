"""Lateral connections in the pre-processing network (Fig. 5), size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 88.66. Ours: not yet run.
Command: python tools/train.py configs/lsp/ablation/lateral.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(backbone=dict(neck=dict(lateral=True)))
