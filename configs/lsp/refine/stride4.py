"""A fifth stack at stride 4 on top of the shipped mssh-s_lsp_128x128, which is frozen.

The paper's networks locate joints well; do finer maps pay then? This config is the
comparison for stride2.py: the same cost at the stride that the network has (results/lsp-refine).

Ours: PCK@0.2 of 76.6, PCK@0.1 of 53.5 (results/lsp-refine).
Command: python tools/train.py configs/lsp/refine/stride4.py
Study: python tools/study.py results/lsp-refine.yml
"""

_base_ = ['../../mssh-s_4x96_lsp+lspet_128x128.py']

from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_lsp_128x128')
model = dict(backbone=dict(stage_strides=(8, 8, 4, 4, 4), feat_channels=(96,) * 5, frozen_stages=4))
val_evaluator = _base_.fine_evaluator
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=2, val_interval=2)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=2)]
