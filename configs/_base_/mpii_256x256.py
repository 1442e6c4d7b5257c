"""MPII at 256x256 with the paper's recipe (section 5.1.3).

RMSProp 2.5e-4, batch 4, 220 epochs, step decay x0.1. Paper: 'dropped by 150 at the 175th and the
200th epoch'. Here: dropped at 150, 175 and 200, as anibali/pytorch-stacked-hourglass has it.
Paper: rotation, flip, rescaling and colour jitter without numbers. Here: pytorch-pose's ranges of
rotation and scale and a flip of every second person, because the baseline is its network; drawn by
MMPose's transforms, with MMPose's changes of colour, because these exist (docs/method.md). A config
on top adds the model, and other targets if its maps have other sizes.
"""

_base_ = ['./mpii.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

# Targets at strides 8, 4 and 2. Paper: sigma without number or unit. Here: one map pixel at every
# size, because pytorch-pose has it at its one size.
codecs = [
    dict(type='MSRAHeatmap', input_size=(256, 256), heatmap_size=(side, side), sigma=1)
    for side in (32, 64, 128)
]
warp = dict(scale_factor=(0.75, 1.25), scale_prob=1.0, rotate_factor=60.0, rotate_prob=0.6)
colour = dict(
    brightness_delta=32, contrast_range=(0.8, 1.2), saturation_range=(0.8, 1.2), hue_delta=9
)
train_pipeline = make_train_pipeline(codecs, warp, colour)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(
    batch_size=4, num_workers=2, persistent_workers=True, dataset=dict(pipeline=train_pipeline)
)
val_dataloader = dict(
    batch_size=16, num_workers=2, persistent_workers=True, dataset=dict(pipeline=val_pipeline)
)
test_dataloader = val_dataloader

# schedule
train_cfg = dict(by_epoch=True, max_epochs=220, val_interval=5)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='RMSprop', lr=2.5e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[150, 175, 200], gamma=0.1, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(checkpoint=dict(save_best='mpii/PCKh@0.5', rule='greater'))
