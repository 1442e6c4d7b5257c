"""MSSH, size M, on MPII: 5 stacks of 64 channels, 2 G multiply-adds; the recipe of the paper.

Ours: not yet run.
Command: python tools/train.py configs/mssh-m_mpii_256x256.py
"""

_base_ = ['./_base_/mpii_256x256.py', './_base_/mssh_m.py']

model = dict(
    backbone=dict(num_keypoints=16, input_size=(256, 256)),
    head=dict(
        out_channels=16,
        loss=dict(type='AdaptiveWeightedHeatmapLoss', num_stages=5, num_keypoints=16),
        decoder=_base_.codecs[-1],
    ),
)
custom_hooks = [*_base_.custom_hooks, dict(type='KeypointWeightsHook', interval=100)]
