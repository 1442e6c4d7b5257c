"""The shipped hourglass-s_joint_160x160, trained further on exact labels alone.

12 epochs of LSP's 1000 training people and 1787 of MPII in sports, without LSPET, whose labels are
less exact. With rates up to 2e-3.

Ours: on LSP PCK@0.2 of 79.4, PCP@0.5 of 75.2, on MPII's 264 people PCKh@0.5 of 74.0: no better than
the network that it starts from (results/hourglass-s_2x64_exact_160x160).
Command: python tools/train.py configs/joint/hourglass-s_2x64_exact_160x160.py --amp
"""

_base_ = ['../hourglass-s_2x64_joint_160x160.py']

from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('hourglass-s_joint_160x160')
train_dataloader = dict(dataset=dict(datasets=_base_.exact_people))
val_evaluator = _base_.fine_evaluator16
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(lr=2e-3))
train_cfg = dict(max_epochs=12, val_interval=12)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=12, eta_max=2e-3)]
