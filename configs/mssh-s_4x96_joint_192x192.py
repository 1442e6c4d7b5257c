"""MSSH with MPII's 16 joints: the second stage at 192x192, on the joint sets.

Starts from the shipped weights of mssh-s_4x96_joint_128x128.py; the network and the sets are the
same, a joint is located more exactly on maps of 24 and 48 pixels.

Ours: on LSP PCK@0.2 of 81.9, PCP@0.5 of 78.6; on MPII's 264 people PCKh@0.5 of 75.9; in 93 min on
one core of an AMD EPYC with bfloat16 (results/mssh-s_4x96_joint_192x192).
Command: python tools/train.py configs/mssh-s_4x96_joint_192x192.py --amp
"""

_base_ = ['./mssh-s_4x96_joint_128x128.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline
from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_joint_128x128')
codecs = [
    dict(type='MSRAHeatmap', input_size=(192, 192), heatmap_size=(side, side), sigma=4 / 3)
    for side in (24, 48)
]
model = dict(backbone=dict(input_size=(192, 192)), head=dict(decoder=codecs[-1] | _base_.dark))
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour, _base_.half_body)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=8, val_interval=4)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=8)]
