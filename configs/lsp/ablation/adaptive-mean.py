"""Adaptive loss read literally: mean over pixels, size S on LSP.

Paper: not reported. Ours: not yet run.
Command: python tools/train.py configs/lsp/ablation/adaptive-mean.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(head=dict(loss=dict(normalize='mean')))
