"""Adaptive loss read literally: mean over pixels, size S on LSP.

Paper: not reported.
Ours: PCK@0.2 of 48.5 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/adaptive-mean.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(head=dict(loss=dict(normalize='mean')))
