"""MSSH, smaller than size S, on synthetic people: what ``make demo`` trains.

Paper: no such experiment; this one needs no download.
Command: python tools/make_synthetic.py; python tools/train.py configs/mssh-s_synthetic_128x128.py
Time: 138 s for all of ``make demo`` on two cores of an AMD EPYC with AVX-512, which trains on two
    threads; the demo estimates its time on other machines
Score: PCKh@0.5 of 86.1 there on the 200 validation images (seed 0); 86 to 88 with other processors
    and numbers of threads, which round differently
"""

_base_ = ['./_base_/mpii.py', './_base_/mssh_s.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

# data: the training pictures are as varied as the validation pictures, so only flips are added
data_root = 'data/synthetic/'
codecs = [
    dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(side, side), sigma=1)
    for side in (16, 32)
]
train_pipeline = make_train_pipeline(codecs)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=False,
    drop_last=True,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=val_pipeline),
)
test_dataloader = val_dataloader

# network
model = dict(
    backbone=dict(
        num_keypoints=16, input_size=(128, 128), stage_strides=(8, 8, 4), feat_channels=48
    ),
    head=dict(
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
custom_hooks = [*_base_.custom_hooks, dict(type='EpochSeedHook')]
default_hooks = dict(badcase=dict(badcase_thr=50.0))
