"""MSSH, size M: 5 stacks of 64 channels; 2 G multiply-adds at 256x256."""

_base_ = ['./mssh_l.py']

model = dict(
    backbone=dict(stage_strides=(8, 8, 4, 4, 2), feat_channels=64), head=dict(num_stages=5)
)
