"""LSP at 128x128: data, evaluation and schedule of the small networks.

People are located by the box around their joints, with 25 % padding. Batch 16, Adam with a
one-cycle learning rate up to 3e-3, 24 epochs. A config on top adds the model, and other targets if
its maps have other sizes.
"""

_base_ = ['./topdown.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

# Targets at strides 8, 4 and 2; equal sigma in heatmap pixels.
codecs = [
    dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(side, side), sigma=4 / 3)
    for side in (16, 32, 64)
]
warp = dict(scale_factor=(0.75, 1.25), rotate_factor=40.0, rotate_prob=0.6)
colour = dict(
    brightness_delta=32, contrast_range=(0.75, 1.25), saturation_range=(0.75, 1.25), hue_delta=9
)
train_pipeline = make_train_pipeline(codecs, warp, colour)
val_pipeline = make_test_pipeline(codecs)
dataset_type = 'LSPDataset'
data_root = 'data/lsp/'
train_dataloader = dict(
    batch_size=16,
    # On two cores a worker process costs more than it gains (results/README.md).
    num_workers=0,
    persistent_workers=False,
    dataset=dict(type=dataset_type, split='train', data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(type=dataset_type, split='test', data_root=data_root, pipeline=val_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = [dict(type='LSPPCKAccuracy', thresholds=(0.2,)), dict(type='PCPAccuracy')]
test_evaluator = val_evaluator
# With a finer threshold, where larger maps should show.
fine_evaluator = [
    val_evaluator[0],
    dict(type='LSPPCKAccuracy', thresholds=(0.1,), prefix='lsp_fine'),
    val_evaluator[1],
]

# schedule
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=3e-3))
train_cfg = dict(by_epoch=True, max_epochs=24, val_interval=24)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=3e-3,
        total_steps=24,
        pct_start=0.15,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
auto_scale_lr = dict(base_batch_size=16)
custom_hooks = [*_base_.custom_hooks, dict(type='EpochSeedHook')]
default_hooks = dict(
    badcase=dict(
        type='BadCaseAnalysisHook',
        enable=False,
        out_dir='badcase',
        metric_type='accuracy',
        metric=val_evaluator[0],
        metric_key='lsp/PCK@0.2',
    ),
)
