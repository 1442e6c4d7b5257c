"""MSSH, size S, on COCO at 128x96: for a laptop.

The 5000 images of val2017 are enough to try it (docs/data.md). Ours: not yet run.
Command: python tools/train.py configs/coco/mssh-s_coco_128x96.py
"""

_base_ = ['../_base_/coco_256x192.py', '../_base_/mssh_s.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

codecs = [
    dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=size, sigma=4 / 3)
    for size in ((12, 16), (24, 32), (48, 64))
]
model = dict(
    backbone=dict(num_keypoints=17, input_size=(96, 128)),
    head=dict(
        # MSE of heatmaps is about 1e-3: scaled up to be far from Adam's eps.
        loss=dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=1000.0),
        decoder=codecs[-1],
    ),
)
train_pipeline = make_train_pipeline(codecs, _base_.warp, half_body=_base_.half_body)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
# A higher rate for smaller batches, as in the project's small networks on LSP.
optim_wrapper = dict(optimizer=dict(lr=2e-3))
train_cfg = dict(max_epochs=24, val_interval=4)
param_scheduler = [
    _base_.param_scheduler[0],
    _base_.param_scheduler[1] | dict(milestones=[17, 22]),
]
auto_scale_lr = dict(base_batch_size=32)
