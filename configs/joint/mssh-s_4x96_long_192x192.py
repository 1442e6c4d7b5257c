"""The shipped mssh-s_joint_192x192, trained longer, with people turned less.

4 epochs, each of LSP's 1000 people and 1787 of MPII in sports four times, whose labels are exact,
and of LSPET's 10,000 once. Crops are turned by up to 45 degrees instead of 90.

Ours: not finished yet.
Command: python tools/train.py configs/joint/mssh-s_4x96_long_192x192.py --amp
"""

_base_ = ['../mssh-s_4x96_joint_192x192.py']

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
