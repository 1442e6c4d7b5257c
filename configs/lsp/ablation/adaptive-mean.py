"""Adaptive loss whose recursion has the mean squared errors, size XS on LSP.

Paper: not reported.
Ours: PCK@0.2 of 48.5 (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/adaptive-mean.py
"""

_base_ = ['./mssh.py']

model = dict(head=dict(loss=dict(normalize='mean')))
