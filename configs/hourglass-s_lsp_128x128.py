"""Stacked hourglass, size S, on LSP: 3 stacks at stride 4, bottlenecks, 64 channels."""

_base_ = ['./_base_/lsp_128x128.py']

max_epochs = 60
codecs = [dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(32, 32), sigma=1)]
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
        num_keypoints=14,
        input_size=(128, 128),
        stage_strides=(4, 4, 4),
        feat_channels=64,
        block='PreActBottleneck',
    ),
    head=dict(
        type='MultiStageHead',
        num_stages=3,
        out_channels=14,
        # MSE of heatmaps is about 1e-3: scaled up to be far from Adam's eps.
        loss=dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=1000.0),
        decoder=codecs[-1],
    ),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True),
)
train_pipeline = [
    *_base_.train_pipeline,
    dict(type='GenerateMultilevelTarget', encoder=codecs),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
