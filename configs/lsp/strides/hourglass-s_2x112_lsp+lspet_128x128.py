"""Two hourglasses of 112 channels at stride 4, as expensive as mssh-s_4x96_lsp+lspet_128x128.py.

Trained as that network. With bottlenecks it is a small form of the paper's baseline.

Ours: PCK@0.2 of 77.9, 77.5 and 78.6, PCP@0.5 of 74.6, 74.7 and 75.3 (results/lsp-strides).
Command: python tools/train.py configs/lsp/strides/hourglass-s_2x112_lsp+lspet_128x128.py --amp
Study: python tools/study.py results/lsp-strides.yml
"""

_base_ = ['../../mssh-s_4x96_lsp+lspet_128x128.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = _base_.codecs[1:2]
model = dict(backbone=dict(stage_strides=(4, 4), feat_channels=112, block='PreActBottleneck'))
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour))
)
val_evaluator = _base_.fine_evaluator
test_evaluator = val_evaluator
train_cfg = dict(val_interval=6)
