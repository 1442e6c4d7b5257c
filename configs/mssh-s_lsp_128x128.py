"""MSSH, size S, on LSP: 3 stacks at strides 8, 4 and 2, Inception-ResNet-A, 64 channels.

Command: python tools/train.py configs/mssh-s_lsp_128x128.py
"""

_base_ = ['./_base_/lsp_128x128.py', './_base_/mssh_s.py']

codecs = [
    dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(side, side), sigma=1.5)
    for side in (16, 32, 64)
]
model = dict(
    backbone=dict(num_keypoints=14, input_size=(128, 128)),
    head=dict(
        out_channels=14,
        # MSE of heatmaps is about 1e-3: scaled up to be far from Adam's eps.
        loss=dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=1000.0),
        decoder=codecs[-1],
    ),
)
train_pipeline = [
    *_base_.train_pipeline,
    dict(type='GenerateMultilevelTarget', encoder=codecs),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
