"""MSSH, size S, with the adaptive loss on LSP.

Ours: PCK@0.2 of 48.4 with 32 channels after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/mssh-s_adaptive_lsp_128x128.py
"""

_base_ = ['../mssh-s_lsp_128x128.py']

model = dict(
    head=dict(
        loss=dict(
            _delete_=True,
            type='AdaptiveWeightedHeatmapLoss',
            num_stages=3,
            num_keypoints=14,
            loss_weight=1000.0,
        )
    )
)
custom_hooks = [*_base_.custom_hooks, dict(type='KeypointWeightsHook', interval=20)]
