"""The hourglass of hourglass-s_2x112_joint_128x128.py at 192x192: its second stage.

Starts from the shipped weights for 128x128; the network and the sets are the same, a joint is
located more exactly on a map of 48 pixels. It had 6 epochs, mssh-s_4x96_joint_192x192.py 8.

Ours: on LSP PCK@0.2 of 80.8, PCP@0.5 of 77.4; on MPII's 264 people PCKh@0.5 of 74.9; in 109 min
on one core of an AMD EPYC with bfloat16 (results/hourglass-s_2x112_joint_192x192).
Command: python tools/train.py configs/hourglass-s_2x112_joint_192x192.py --amp
"""

_base_ = ['./mssh-s_4x96_joint_192x192.py']

from mssh_mmpose.datasets import make_train_pipeline
from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('hourglass-s_joint_128x128')
codecs = _base_.codecs[1:2]
model = dict(backbone=dict(stage_strides=(4, 4), feat_channels=112, block='PreActBottleneck'))
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour, _base_.half_body))
)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
train_cfg = dict(max_epochs=6, val_interval=3)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=6, eta_max=2e-3)]
