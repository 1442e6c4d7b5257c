"""MSSH, size M, on MPII: 5 stacks of 64 channels, 2 G multiply-adds; the recipe of the paper.

Ours: not yet run.
Command: python tools/train.py configs/mssh-m_mpii_256x256.py
"""

_base_ = ['./_base_/mpii_256x256.py', './_base_/mssh_m.py']

model = dict(
    backbone=dict(num_keypoints=16, input_size=(256, 256)),
    head=dict(
        loss=dict(type='AdaptiveWeightedHeatmapLoss', reduction='sum'),
        decoder=_base_.codecs[-1],
    ),
)
custom_hooks = [*_base_.custom_hooks, dict(type='KeypointWeightsHook', interval=100)]
