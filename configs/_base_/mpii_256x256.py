"""MPII at 256x256 with the paper's recipe (section 5.1.3): data, evaluation and schedule.

RMSProp 2.5e-4, batch 4, 220 epochs, step decay x0.1. Paper: 'dropped by 150 at the 175th and the
200th epoch'. Here: dropped at 150, 175 and 200, because the public hourglass recipe does so.
Paper: rotation, flip, rescaling and colour jitter without numbers. Here: the public recipe's, see
the pipeline. Data in MMPose's layout below ``data/mpii`` (docs/data.md). A config on top adds the
model, and other targets if its maps have other sizes.
"""

_base_ = ['./runtime.py']

# data
dataset_type = 'MPIIOcclusionDataset'
data_root = 'data/mpii/'
# Targets at strides 8, 4 and 2; equal sigma in heatmap pixels.
codecs = [
    dict(type='MSRAHeatmap', input_size=(256, 256), heatmap_size=(side, side), sigma=1)
    for side in (32, 64, 128)
]
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandomBBoxTransform',
        shift_prob=0.0,
        scale_factor=(0.75, 1.25),
        scale_prob=1.0,
        rotate_factor=60.0,
        rotate_prob=0.6,
    ),
    dict(type='TopdownAffine', input_size=(256, 256)),
    dict(
        type='PhotometricDistortion',
        brightness_delta=32,
        contrast_range=(0.8, 1.2),
        saturation_range=(0.8, 1.2),
        hue_delta=9,
    ),
    dict(type='GenerateMultilevelTarget', encoder=codecs),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='TopdownAffine', input_size=(256, 256)),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mpii_train.json',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mpii_val.json',
        headbox_file='annotations/mpii_gt_val.mat',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='PCKhAccuracy')
test_evaluator = val_evaluator

# schedule
train_cfg = dict(by_epoch=True, max_epochs=220, val_interval=5)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='RMSprop', lr=2.5e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[150, 175, 200], gamma=0.1, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(
    checkpoint=dict(save_best='mpii/PCKh@0.5', rule='greater'),
    badcase=dict(
        type='BadCaseAnalysisHook',
        enable=False,
        out_dir='badcase',
        metric_type='accuracy',
        metric=val_evaluator,
        metric_key='mpii/PCKh@0.5',
    ),
)
