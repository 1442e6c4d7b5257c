"""Baseline + multi-scale maps, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): not reported alone.
Ours: PCK@0.2 of 47.8 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/multi-scale.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(
    backbone=dict(block='PreActBottleneck'),
    head=dict(loss=dict(adaptive=False)),
)
