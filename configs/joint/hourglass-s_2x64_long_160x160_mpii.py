"""The network of hourglass-s_2x64_long_160x160.py, tested on people in sports of MPII.

264 people of MPII's validation images (data/mpii_sports).

Ours: PCKh@0.5 of 76.6 (results/hourglass-s_2x64_long_160x160).
Command: python tools/test.py configs/joint/hourglass-s_2x64_long_160x160_mpii.py CHECKPOINT
"""

_base_ = ['../hourglass-s_2x64_long_160x160.py']

test_dataloader = dict(dataset=_base_.mpii_sports_val | dict(pipeline=_base_.val_pipeline))
test_evaluator = [_base_.pckh]
default_hooks = dict(badcase=_base_.pckh_badcase)
