"""MSSH, size S, on LSP: 3 stacks at strides 8, 4, 2, Inception-ResNet-A, 64 channels."""

_base_ = ['./hourglass-s_lsp_128x128.py']

max_epochs = 42
codecs = [
    dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(side, side), sigma=1.5)
    for side in (16, 32, 64)
]
model = dict(
    backbone=dict(stage_strides=(8, 4, 2), block='InceptionResNetA'),
    head=dict(decoder=codecs[-1]),
)
train_pipeline = [
    *_base_.train_pipeline[:-2],
    dict(type='GenerateMultilevelTarget', encoder=codecs),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
