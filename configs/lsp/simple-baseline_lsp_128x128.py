"""SimpleBaseline: ResNet-18, randomly initialised, and three deconvolutions; narrow, on LSP.

Widths give the multiply-adds of MSSH at 32 channels. Paper: not in the ablation.
Ours: PCK@0.2 of 45.9 (results/lsp-study).
Command: python tools/train.py configs/lsp/simple-baseline_lsp_128x128.py
"""

_base_ = ['../mssh-s_lsp_128x128.py']

from mssh_mmpose.datasets import make_train_pipeline

codec = _base_.codecs[1]
model = dict(
    backbone=dict(
        _delete_=True, type='ResNet', depth=18, stem_channels=24, base_channels=24, norm_eval=False
    ),
    head=dict(
        _delete_=True,
        type='HeatmapHead',
        in_channels=192,
        out_channels=14,
        deconv_out_channels=(48, 48, 48),
        deconv_kernel_sizes=(4, 4, 4),
        loss=dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=1000.0),
        decoder=codec,
    ),
)
train_pipeline = make_train_pipeline(codec, _base_.warp, _base_.colour)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_epochs=16, val_interval=4)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=16)]
