"""Concatenation instead of addition before each hourglass, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 89.36.
Ours: PCK@0.2 of 50.9 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/concat.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(backbone=dict(fusion='concat'))
