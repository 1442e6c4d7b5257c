"""MSSH, size L: the paper's network, 8 stacks of 256 channels on maps of stride 8, 4 and 2.

Paper: number and widths of the stacks are not said. Here: inferred from the baseline's score
(docs/method.md).
"""

_base_ = ['./mssh.py']

model = dict(
    backbone=dict(stage_strides=(8, 8, 8, 4, 4, 4, 2, 2), feat_channels=256, dispatch='every')
)
