"""MSSH of 4 stacks of 96 channels at strides 8, 8, 4 and 4, on LSP's training images and LSPET.

An epoch has LSP's 1000 people twice and LSPET's 10,000, whose labels are less exact, once. The
hourglass of its cost in lsp/strides/ scores higher.

Ours: PCK@0.2 of 76.8, PCP@0.5 of 73.8 in about 2 h on one core of an AMD EPYC with bfloat16
(results/mssh-s_4x96_lsp+lspet_128x128).
Command: python tools/train.py configs/mssh-s_4x96_lsp+lspet_128x128.py --amp
"""

_base_ = ['./lsp/mssh-s_lsp+lspet_128x128.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = _base_.codecs[:2]
# Distribution-aware decoding: 0.8 points of PCK@0.2 on training people (results/README.md).
dark = dict(unbiased=True, blur_kernel_size=7)
model = dict(
    backbone=dict(stage_strides=(8, 8, 4, 4), feat_channels=96),
    head=dict(decoder=codecs[-1] | dark),
)
warp = _base_.warp | dict(scale_factor=(0.7, 1.3), rotate_factor=60.0)
train_pipeline = make_train_pipeline(codecs, warp, _base_.colour)
train_dataloader = dict(
    dataset=dict(datasets=[_base_.lsp, _base_.lsp, _base_.lspet], pipeline=train_pipeline)
)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
train_cfg = dict(max_epochs=12, val_interval=2)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=12, eta_max=2e-3)]
