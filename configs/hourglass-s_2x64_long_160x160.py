"""The smallest network to use: hourglass-s_joint_160x160, trained further.

11 epochs, each of LSP's 1000 people and 1787 of MPII in sports four times, whose labels are exact,
and of LSPET's 10,000 once. Crops are turned by up to 45 degrees instead of 90. The peak rate of
3e-3 is for 32 images a step: two processes of 16.

Ours: on LSP PCK@0.2 of 81.7, PCP@0.5 of 78.2; on MPII's 264 people PCKh@0.5 of 76.6; in 104 min
on two cores of an AMD EPYC without bfloat16 (results/hourglass-s_2x64_long_160x160).
Command: bash tools/dist_train.sh configs/hourglass-s_2x64_long_160x160.py 2
"""

_base_ = ['./hourglass-s_2x64_joint_160x160.py']

from mssh_mmpose.datasets import make_train_pipeline
from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('hourglass-s_joint_160x160')
warp = _base_.warp | dict(rotate_factor=45.0)
train_dataloader = dict(
    dataset=dict(
        datasets=[*_base_.exact_people * 4, _base_.lspet16],
        pipeline=make_train_pipeline(_base_.codecs, warp, _base_.colour, _base_.half_body),
    )
)
val_evaluator = _base_.fine_evaluator16
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=11, val_interval=11)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=11)]
