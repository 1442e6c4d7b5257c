"""MSSH of strides 8, 4 and 4, as expensive as mssh-s_4x96_lsp+lspet_128x128.py.

Ours: PCK@0.2 of 77.6 and 76.9, PCK@0.1 of 54.9 and 54.6, PCP@0.5 of 74.6 and 74.0
(results/lsp-strides).
Command: python tools/train.py configs/lsp/strides/mssh_stride8.py --amp
Study: python tools/study.py results/lsp-strides.yml
"""

_base_ = ['./mssh_stride2.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = _base_.codecs[:2]
model = dict(
    backbone=dict(stage_strides=(8, 4, 4), feat_channels=96),
    head=dict(decoder=codecs[-1] | _base_.dark),
)
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour))
)
