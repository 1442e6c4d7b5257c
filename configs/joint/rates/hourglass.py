"""Hourglass of 2 stacks of 112 channels at stride 4, on the joint sets.

Of 0.44 G multiply-adds; the study chooses its learning rate with fewer people. An epoch has LSP's
1000 people twice, LSPET's 10,000 once and 1787 of MPII twice.

Ours: PCK@0.2 of 57.1 after two epochs.
Command: python tools/train.py configs/joint/rates/hourglass.py
Study: python tools/study.py results/joint-rates.yml
"""

_base_ = ['../hourglass-s_2x64_clean_128x128.py']

dark = dict(unbiased=True, blur_kernel_size=7)
model = dict(backbone=dict(feat_channels=112), head=dict(decoder=dark))
train_dataloader = dict(dataset=dict(datasets=_base_.joint_people))
# The finer threshold is where larger maps should show.
val_evaluator = [_base_.pck16, _base_.fine_pck16, _base_.pcp16]
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=2, val_interval=2)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=2)]
