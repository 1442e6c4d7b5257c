"""MSSH, size L, on COCO at 256x192: the paper's network with MMPose's recipe.

The paper has no results on COCO. Ours: not yet run.
Command: python tools/train.py configs/coco/mssh_coco_256x192.py
"""

_base_ = ['../_base_/coco_256x192.py', '../_base_/mssh_l.py']

model = dict(
    backbone=dict(num_keypoints=17, input_size=(192, 256)),
    head=dict(
        loss=dict(type='AdaptiveWeightedHeatmapLoss', reduction='sum'),
        decoder=_base_.codecs[-1],
    ),
)
custom_hooks = [*_base_.custom_hooks, dict(type='KeypointWeightsHook', interval=100)]
