"""Inception-ResNet-A in the full network, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 89.91.
Ours: PCK@0.2 of 48.4 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/block-a.py
"""

_base_ = ['../mssh-s_adaptive_lsp_128x128.py']
