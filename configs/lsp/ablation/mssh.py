"""MSSH, size XS, with the adaptive loss on LSP: the other configs here change one thing in it.

3 stacks of 32 channels at strides 8, 4 and 2, 16 epochs: the networks of results/lsp-study.
Losses are averaged over the pixels (summed-loss.py sums them as eq. 2 does). With one stack per
stride each stack receives its map, whatever ``dispatch``.
Paper (size L on MPII, validation PCKh@0.5): 89.91. Ours: PCK@0.2 of 48.4 (results/lsp-study).
Command: python tools/train.py configs/lsp/ablation/mssh.py
"""

_base_ = ['../../mssh-s_lsp_128x128.py']

model = dict(
    backbone=dict(feat_channels=32),
    head=dict(loss=dict(_delete_=True, type='AdaptiveWeightedHeatmapLoss', loss_weight=1000.0)),
)
custom_hooks = [*_base_.custom_hooks, dict(type='KeypointWeightsHook', interval=20)]
train_cfg = dict(max_epochs=16, val_interval=4)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=16)]
