"""SimpleBaseline: ResNet-18, randomly initialised, and three deconvolutions; narrow, on LSP.

Widths give the multiply-adds of MSSH at 32 channels. Paper: not in the ablation.
Ours: PCK@0.2 of 45.9 after 16 epochs (results/lsp-study).
Command: python tools/train.py configs/lsp/simple-baseline_lsp_128x128.py
"""

_base_ = ['../mssh-s_lsp_128x128.py']

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
train_pipeline = [*_base_.train_pipeline]
train_pipeline[-2] = dict(type='GenerateTarget', encoder=codec)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
