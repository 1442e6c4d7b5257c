"""MSSH, size M: 5 stacks of 64 channels; 2 G multiply-adds at 256x256."""

_base_ = ['./mssh.py']

model = dict(backbone=dict(stage_strides=(8, 8, 4, 4, 2), feat_channels=64, dispatch='every'))
