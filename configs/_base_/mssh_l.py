"""MSSH, size L: the paper's network, 8 stacks of 256 channels on maps of stride 8, 4 and 2."""

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
        stage_strides=(8, 8, 8, 4, 4, 4, 2, 2),
        feat_channels=256,
        block='InceptionResNetA',
        fusion='add',
        neck=dict(lateral=False),
    ),
    head=dict(type='MultiStageHead', num_stages=8),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True),
)
