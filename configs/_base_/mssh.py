"""MSSH without its sizes: block A, addition, no lateral connections (section 5.2)."""

model = dict(
    type='MultiStagePoseEstimator',
    channels_last=True,
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type='MSSHNet', block='InceptionResNetA', fusion='add'),
    # Numbers of stacks and keypoints, here and in the loss, are those of the backbone.
    head=dict(type='MultiStageHead'),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True),
)
