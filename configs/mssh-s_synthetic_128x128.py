"""MSSH, smaller than size S, on synthetic people: what ``make demo`` trains.

Paper: no such experiment; this one needs no download.
Command: python tools/make_synthetic.py; python tools/train.py configs/mssh-s_synthetic_128x128.py
Time: 3.2 min of training on 2 cores of an AMD EPYC (Zen 3)
Score: PCKh@0.5 of 86.4 on the 200 validation images (seed 0)
"""

_base_ = ['./_base_/runtime.py', './_base_/mssh_s.py']

# data: the training pictures are as varied as the validation pictures, so only flips are added
dataset_type = 'MPIIOcclusionDataset'
data_root = 'data/synthetic/'
codecs = [
    dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(side, side), sigma=1)
    for side in (16, 32)
]
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='TopdownAffine', input_size=(128, 128)),
    dict(type='GenerateMultilevelTarget', encoder=codecs),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='TopdownAffine', input_size=(128, 128)),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=False,
    drop_last=True,
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
    batch_size=32,
    num_workers=1,
    persistent_workers=False,
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

# network
model = dict(
    backbone=dict(
        num_keypoints=16, input_size=(128, 128), stage_strides=(8, 8, 4), feat_channels=48
    ),
    head=dict(
        out_channels=16,
        # MSE of heatmaps is about 1e-3: scaled up to be far from Adam's eps.
        loss=dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=1000.0),
        decoder=codecs[-1],
    ),
)

# schedule
train_cfg = dict(by_epoch=True, max_epochs=5, val_interval=1)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4))
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=5,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
auto_scale_lr = dict(base_batch_size=16)
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='EpochSeedHook')]
default_hooks = dict(
    badcase=dict(
        type='BadCaseAnalysisHook',
        enable=False,
        out_dir='badcase',
        metric_type='accuracy',
        metric=val_evaluator,
        metric_key='mpii/PCKh@0.5',
        badcase_thr=50.0,
    ),
)
