"""Hourglass of 2 stacks of 112 channels at stride 4, three epochs on training people only.

Of 0.44 G multiply-adds. An epoch has LSP's training people 1-800 and 1787 of MPII's in sports; it
is tested on LSP's 801-1000.

Ours: PCK@0.2 of 46.3 at the rate of 6e-3, the best of three (results/joint-rates).
Command: python tools/train.py configs/joint/rates/hourglass.py
Study: python tools/study.py results/joint-rates.yml
"""

_base_ = ['../hourglass-s_2x64_clean_128x128.py']

dark = dict(unbiased=True, blur_kernel_size=7)
model = dict(backbone=dict(feat_channels=112), head=dict(decoder=dark))
train_dataloader = dict(
    dataset=dict(datasets=[_base_.lsp16 | dict(indices=800), _base_.mpii_sports])
)
val_dataloader = dict(dataset=dict(split='train', indices=-200))
test_dataloader = val_dataloader
# The finer threshold is where larger maps should show.
val_evaluator = _base_.fine_evaluator16
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=3, val_interval=3)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=3)]
