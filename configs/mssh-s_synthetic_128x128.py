"""Small MSSH network on synthetic people: what ``make demo`` trains.

Paper: no such experiment; this one needs no download.
Command: python tools/make_synthetic.py && python tools/train.py configs/mssh-s_synthetic_128x128.py
Time: not yet run
Score: not yet run
"""

custom_imports = dict(imports=['mssh_mmpose'], allow_failed_imports=False)
default_scope = 'mmpose'

# network; codecs and head follow from these
input_size = (128, 128)
stage_strides = (8, 4, 4)
num_keypoints = 16
codecs = [
    dict(
        type='MSRAHeatmap',
        input_size=input_size,
        heatmap_size=(input_size[0] // stride, input_size[1] // stride),
        sigma=1,
    )
    for stride in dict.fromkeys(stage_strides)
]
model = dict(
    type='MultiStagePoseEstimator',
    channels_last=True,
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type='MSSHNet',
        num_keypoints=num_keypoints,
        input_size=input_size,
        stage_strides=stage_strides,
        feat_channels=64,
    ),
    head=dict(
        type='MultiStageHead',
        num_stages=len(stage_strides),
        out_channels=num_keypoints,
        loss=dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=1000.0),
        decoder=codecs[-1],
    ),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=False),
)

# data
dataset_type = 'MpiiDataset'
data_root = 'data/synthetic/'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandomBBoxTransform',
        shift_prob=0.0,
        scale_factor=(0.85, 1.15),
        scale_prob=1.0,
        rotate_factor=30.0,
        rotate_prob=0.6,
    ),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='GenerateTarget', encoder=codecs, multilevel=True),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
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
    num_workers=2,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mpii_val.json',
        headbox_file=f'{data_root}annotations/mpii_gt_val.mat',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='MpiiPCKAccuracy', thr=0.5)
test_evaluator = val_evaluator

# schedule
max_epochs = 12
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=3)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4))
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
auto_scale_lr = dict(base_batch_size=16)

# runtime
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=max_epochs),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='PoseVisualizationHook', enable=False),
    badcase=dict(
        type='BadCaseAnalysisHook',
        enable=False,
        out_dir='badcase',
        metric_type='accuracy',
        metric=val_evaluator,
        metric_key='PCK',
        badcase_thr=50.0,
    ),
)
custom_hooks = [dict(type='EpochSeedHook'), dict(type='SyncBuffersHook')]
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
randomness = dict(seed=0)
visualizer = dict(
    type='PoseLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='visualizer'
)
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True, num_digits=6)
log_level = 'INFO'
load_from = None
resume = False
