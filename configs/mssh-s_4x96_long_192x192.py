"""MSSH with MPII's 16 joints: mssh-s_joint_192x192, trained further.

4 epochs, each of LSP's 1000 people and 1787 of MPII in sports four times, whose labels are exact,
and of LSPET's 10,000 once. Crops are turned by up to 45 degrees instead of 90.

Ours: on LSP PCK@0.2 of 83.2, PCP@0.5 of 79.8; on MPII's 264 people PCKh@0.5 of 77.7; in 101 min
on one core of an AMD EPYC with bfloat16 (results/mssh-s_4x96_long_192x192).
Command: python tools/train.py configs/mssh-s_4x96_long_192x192.py --amp
"""

_base_ = ['./mssh-s_4x96_joint_192x192.py']

from mssh_mmpose.datasets import make_train_pipeline
from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_joint_192x192')
warp = _base_.warp | dict(rotate_factor=45.0)
train_dataloader = dict(
    dataset=dict(
        datasets=[*_base_.exact_people * 4, _base_.lspet16],
        pipeline=make_train_pipeline(_base_.codecs, warp, _base_.colour, _base_.half_body),
    )
)
val_evaluator = _base_.fine_evaluator16
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=4, val_interval=4)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=4)]
