"""Hourglass of 2 stacks of 64 channels at 160x160, MPII's 16 joints.

Starts from the weights of joint/hourglass-s_2x64_clean_128x128.py. Sets and augmentation are those
of hourglass-s_2x112_joint_128x128.py; 18 epochs with rates up to 3e-3.

Ours: on LSP PCK@0.2 of 79.6, PCP@0.5 of 75.9; on MPII's 264 people PCKh@0.5 of 74.1; in 101 min
on one core of an AMD EPYC with bfloat16 (results/hourglass-s_2x64_joint_160x160).
Command: python tools/train.py configs/hourglass-s_2x64_joint_160x160.py --amp
"""

_base_ = ['./hourglass-s_2x112_joint_128x128.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline
from mssh_mmpose.names import find_result

load_from = find_result('hourglass-s_2x64_clean_128x128/epoch_50.pth')
codecs = [dict(type='MSRAHeatmap', input_size=(160, 160), heatmap_size=(40, 40), sigma=4 / 3)]
model = dict(
    backbone=dict(feat_channels=64, input_size=(160, 160)),
    head=dict(decoder=codecs[-1] | _base_.dark),
)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour, _base_.half_body))
)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=3e-3))
train_cfg = dict(max_epochs=18, val_interval=9)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=18, eta_max=3e-3)]
