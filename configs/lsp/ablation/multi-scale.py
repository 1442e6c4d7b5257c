"""Baseline + multi-scale maps, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): not reported alone. Ours: not yet run.
Command: python tools/train.py configs/lsp/ablation/multi-scale.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(
    backbone=dict(block='PreActBottleneck'),
    head=dict(loss=dict(adaptive=False)),
)
