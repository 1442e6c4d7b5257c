"""MSSH, size S: 3 stacks of 64 channels; 0.4 G multiply-adds at 128x128."""

_base_ = ['./mssh.py']

model = dict(backbone=dict(stage_strides=(8, 4, 2), feat_channels=64))
