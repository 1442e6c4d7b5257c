r"""A second stage at 192x192 for LSP's 14 joints: MSSH of 4 stacks of 96 channels.

Trained on LSP and LSPET, from the weights for 128x128: the network is the same, a joint is located
more exactly on maps of 24 and 48 pixels.

Ours: PCK@0.2 of 80.8, PCP@0.5 of 77.2 in about 2 h after the first stage, on one core of an AMD
EPYC with bfloat16 (results/mssh-s_4x96_lsp+lspet_192x192).
Command: python tools/train.py configs/mssh-s_4x96_lsp+lspet_192x192.py --amp \
    --cfg-options load_from=checkpoints/mssh-s_lsp_128x128-a506d347.pth
"""

_base_ = ['./mssh-s_4x96_lsp+lspet_128x128.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

codecs = [
    dict(type='MSRAHeatmap', input_size=(192, 192), heatmap_size=(side, side), sigma=4 / 3)
    for side in (24, 48)
]
model = dict(backbone=dict(input_size=(192, 192)), head=dict(decoder=codecs[-1] | _base_.dark))
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=6, val_interval=2)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=6, eta_max=1e-3)]
