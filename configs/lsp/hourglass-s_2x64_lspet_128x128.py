"""Hourglass of 2 stacks of 64 channels at stride 4, on LSPET alone, as it was labelled.

The study of LSPET's exchanged sides (results/lspet-sides.yml) trains it with and without them.

Ours: PCK@0.2 of 48.3 as labelled, 49.1 exchanged back (results/lspet-sides).
Command: python tools/train.py configs/lsp/hourglass-s_2x64_lspet_128x128.py
Study: python tools/study.py results/lspet-sides.yml
"""

_base_ = ['../hourglass-s_lsp_128x128.py']

from mssh_mmpose.datasets import make_train_pipeline

model = dict(backbone=dict(stage_strides=(4, 4)))
warp = _base_.warp | dict(scale_factor=(0.7, 1.3), rotate_factor=60.0)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='LSPExtendedDataset',
        data_root='data/lspet/',
        pipeline=make_train_pipeline(_base_.codecs, warp, _base_.colour),
    )
)
optim_wrapper = dict(optimizer=dict(lr=6e-3))
train_cfg = dict(max_epochs=3, val_interval=3)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=3, eta_max=6e-3)]
