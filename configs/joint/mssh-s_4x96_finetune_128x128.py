"""The shipped mssh-s_joint_128x128, trained further on the sets whose labels are exact.

For comparisons of losses in a network that locates joints: an epoch has LSP's 1000 training people
and 1787 of MPII's in sports once each, at the rate of the network's first training.

Ours: PCK@0.2 of 75.6, PCP@0.5 of 72.3, means of three seeds (results/joint-losses).
Command: python tools/train.py configs/joint/mssh-s_4x96_finetune_128x128.py
Study: python tools/study.py results/joint-losses.yml
"""

_base_ = ['../mssh-s_4x96_joint_128x128.py']

from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_joint_128x128')
train_dataloader = dict(dataset=dict(datasets=_base_.exact_people))
val_evaluator = _base_.fine_evaluator16
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [_base_.param_scheduler[0] | dict(eta_max=2e-3)]
