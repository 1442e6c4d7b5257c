"""Inception-ResNet-B in the full network, size XS on LSP.

Paper (size L on MPII, validation PCKh@0.5): 82.95. Ours: not yet run.
Command: python tools/train.py configs/lsp/ablation/block-b.py
"""

_base_ = ['./mssh.py']

model = dict(backbone=dict(block='InceptionResNetB'))
