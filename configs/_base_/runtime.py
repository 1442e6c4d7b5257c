"""Shared by all runs: plug-in, hooks, logs, seed."""

custom_imports = dict(imports=['mssh_mmpose'], allow_failed_imports=False)
default_scope = 'mmpose'
data_mode = 'topdown'  # read by MMPose's inferencers

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='WholeCheckpointHook', interval=1, max_keep_ckpts=2),
    starting_weights=dict(type='StartingWeightsHook'),
    rank_mean=dict(type='RankMeanHook'),
    finite_loss=dict(type='FiniteLossHook'),
    resumed_validation=dict(type='ResumedValidationHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='PoseVisualizationHook', enable=False),
)
# Batch statistics of the ranks are averaged after every epoch.
custom_hooks = [dict(type='SyncBuffersHook')]
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # tools/ put gloo here when there is no GPU.
    dist_cfg=dict(backend='nccl'),
)
visualizer = dict(
    type='MultilevelPoseVisualizer',
    vis_backends=[dict(type='LocalVisBackend')],
    name='visualizer',
)
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True, num_digits=6)
log_level = 'INFO'
randomness = dict(seed=0)
load_from = None
resume = False
val_cfg = dict()
test_cfg = dict()
