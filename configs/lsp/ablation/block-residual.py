"""Residual block in the full network, row of the block comparison, size S on LSP.

Paper (size L on MPII, validation PCKh@0.5): 89.19.
Ours: PCK@0.2 of 48.2 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/block-residual.py
"""

_base_ = ['./multi-scale_adaptive.py']
