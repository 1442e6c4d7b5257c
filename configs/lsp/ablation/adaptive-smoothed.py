"""Adaptive loss with smoothed errors after a warm-up, size XS on LSP.

Paper: not reported. Ours: not yet run.
Command: python tools/train.py configs/lsp/ablation/adaptive-smoothed.py
"""

_base_ = ['./mssh.py']

model = dict(head=dict(loss=dict(warmup_iters=500, smoothing=0.99)))
