"""LSP at 128x128: data, evaluation, schedule and runtime of the small networks.

Locates people by the box around the joints, with 25 % padding. Augmentation: horizontal flip (1/2),
rotation up to 40 degrees (0.6), rescaling by 0.75-1.25, colour jitter. Batch 16, Adam with a
one-cycle learning rate up to 2e-3. A configuration on top sets the model, ``encoder`` of the
targets, and the number of epochs in ``train_cfg`` and ``param_scheduler``.
"""

custom_imports = dict(imports=['mssh_mmpose'], allow_failed_imports=False)
default_scope = 'mmpose'

# data
dataset_type = 'LSPDataset'
data_root = 'data/lsp/'
input_size = (128, 128)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandomBBoxTransform',
        shift_prob=0.0,
        scale_factor=(0.75, 1.25),
        rotate_factor=40.0,
        rotate_prob=0.6,
    ),
    dict(type='TopdownAffine', input_size=input_size),
    dict(
        type='PhotometricDistortion',
        brightness_delta=32,
        contrast_range=(0.75, 1.25),
        saturation_range=(0.75, 1.25),
        hue_delta=9,
    ),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        split='train',
        data_root=data_root,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        split='test',
        data_root=data_root,
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='LSPPCKAccuracy', threshold=0.2)
test_evaluator = val_evaluator

# schedule
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3))
auto_scale_lr = dict(base_batch_size=16)
val_cfg = dict()
test_cfg = dict()

# runtime
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='PoseVisualizationHook', enable=False),
    badcase=dict(
        type='BadCaseAnalysisHook',
        enable=False,
        out_dir='badcase',
        metric_type='accuracy',
        metric=val_evaluator,
        metric_key='lsp/PCK@0.2',
    ),
)
custom_hooks = [dict(type='SyncBuffersHook')]
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
visualizer = dict(
    type='PoseLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='visualizer'
)
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True, num_digits=6)
log_level = 'INFO'
randomness = dict(seed=0)
load_from = None
resume = False
