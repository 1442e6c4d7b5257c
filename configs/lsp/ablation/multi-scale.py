"""Baseline + multi-scale maps, size XS on LSP.

Paper (size L on MPII, validation PCKh@0.5): not reported alone.
Ours: PCK@0.2 of 47.8 (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/multi-scale.py
"""

_base_ = ['./mssh.py']

model = dict(
    backbone=dict(block='PreActBottleneck'),
    head=dict(loss=dict(adaptive=False)),
)
