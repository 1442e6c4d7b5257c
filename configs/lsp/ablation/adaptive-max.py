"""Adaptive loss with AdaBoost.R2's own normalisation, size XS on LSP.

Paper: not reported.
Ours: PCK@0.2 of 48.2 (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/adaptive-max.py
"""

_base_ = ['./mssh.py']

model = dict(head=dict(loss=dict(normalize='max')))
