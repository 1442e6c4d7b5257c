"""Concatenation instead of addition before each hourglass, size XS on LSP.

Paper (size L on MPII, validation PCKh@0.5): 89.36.
Ours: PCK@0.2 of 50.9 (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/concat.py
"""

_base_ = ['./mssh.py']

model = dict(backbone=dict(fusion='concat'))
