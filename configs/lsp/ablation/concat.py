"""Concatenation instead of addition before each hourglass, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 89.36. Ours: not yet run.
Command: python tools/train.py configs/lsp/ablation/concat.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(backbone=dict(fusion='concat'))
