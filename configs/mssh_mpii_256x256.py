"""MSSH on MPII, the paper's best network (section 5.2: block A, no lateral connections, addition).

Paper: PCKh@0.5 of 89.91 on the validation set, 91.2 on the test set (Table 1). Ours: not yet run.
Command: python tools/train.py configs/mssh_mpii_256x256.py
"""

_base_ = ['./_base_/mpii_256x256.py', './_base_/mssh_l.py']

model = dict(
    backbone=dict(num_keypoints=16, input_size=(256, 256)),
    head=dict(
        loss=dict(type='AdaptiveWeightedHeatmapLoss', reduction='sum'),
        decoder=_base_.codecs[-1],
    ),
)
custom_hooks = [*_base_.custom_hooks, dict(type='KeypointWeightsHook', interval=100)]
