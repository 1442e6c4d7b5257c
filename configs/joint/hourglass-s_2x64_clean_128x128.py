"""Hourglass of 2 stacks of 64 channels at stride 4, 16 joints, on the sets whose labels are exact.

LSP's 1000 training people and 1787 of MPII's training images in sports (data/mpii_sports), without
those who are in frames of videos of validation people. It has seen nobody of LSPET, whose
exchanged sides it finds (tools/find_exchanged_sides.py).

Ours: on LSP PCK@0.2 of 71.8, PCP@0.5 of 67.7 (results/hourglass-s_2x64_clean_128x128).
Command: python tools/train.py configs/joint/hourglass-s_2x64_clean_128x128.py
"""

_base_ = ['../hourglass-s_lsp_128x128.py', '../_base_/joint_sets.py']

from mssh_mmpose.datasets import make_train_pipeline

model = dict(backbone=dict(stage_strides=(4, 4), num_keypoints=16))
warp = _base_.warp | dict(scale_factor=(0.7, 1.3), rotate_factor=90.0)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=__import__('mssh_mmpose').datasets.MPII_METAINFO,
        datasets=_base_.exact_people,
        pipeline=make_train_pipeline(_base_.codecs, warp, _base_.colour),
    )
)
val_dataloader = dict(dataset=dict(joints='mpii'))
test_dataloader = val_dataloader
val_evaluator = [_base_.pck16, _base_.pcp16]
test_evaluator = val_evaluator
default_hooks = dict(badcase=_base_.pck16_badcase)
optim_wrapper = dict(optimizer=dict(lr=6e-3))
train_cfg = dict(max_epochs=50, val_interval=10)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=50, eta_max=6e-3)]
