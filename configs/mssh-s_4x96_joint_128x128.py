"""MSSH of 4 stacks of 96 channels with MPII's 16 joints, on LSP, LSPET and MPII in sports.

Starts from the shipped weights for LSP's 14 joints. An epoch has LSP's 1000 people twice, LSPET's
10,000 once and 1787 of MPII (data/mpii_sports) twice; joints that a set lacks are not trained on.
LSPET's exchanged sides are exchanged back. A fifth of the crops show half of the body.
Tested on LSP; joint/mssh-s_4x96_joint_128x128_mpii.py tests the same network on MPII.

Ours: on LSP PCK@0.2 of 77.3, PCP@0.5 of 74.0; on MPII's 264 people PCKh@0.5 of 67.5; in 71 min on
one core of an AMD EPYC (results/mssh-s_4x96_joint_128x128).
Command: python tools/train.py configs/mssh-s_4x96_joint_128x128.py
"""

_base_ = ['./mssh-s_4x96_lsp+lspet_128x128.py', './_base_/joint_sets.py']

from mssh_mmpose.datasets import make_train_pipeline
from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_lsp_128x128')
model = dict(backbone=dict(num_keypoints=16))
warp = _base_.warp | dict(rotate_factor=90.0)
half_body = dict(prob=0.2, upper_prioritized_prob=0.8)
train_dataloader = dict(
    dataset=dict(
        metainfo=__import__('mssh_mmpose').datasets.MPII_METAINFO,
        datasets=_base_.joint_people,
        pipeline=make_train_pipeline(_base_.codecs, warp, _base_.colour, half_body),
    )
)
val_dataloader = dict(dataset=dict(joints='mpii'))
test_dataloader = val_dataloader
val_evaluator = [
    _base_.pck16 | dict(thresholds=(0.2, 0.1)),
    _base_.pcp16,
]
test_evaluator = val_evaluator
default_hooks = dict(badcase=_base_.pck16_badcase)
# Half of the first training's rate.
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=3, val_interval=3)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=3, eta_max=1e-3)]
