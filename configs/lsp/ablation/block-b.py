"""Inception-ResNet-B in the full network, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 82.95. Ours: not yet run.
Command: python tools/train.py configs/lsp/ablation/block-b.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(backbone=dict(block='InceptionResNetB'))
