"""Inception-ResNet-B in the full network, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 82.95.
Ours: PCK@0.2 of 48.4 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/block-b.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']

model = dict(backbone=dict(block='InceptionResNetB'))
