"""The network of mssh-s_4x96_longer_192x192.py, tested on people in sports of MPII.

264 people of MPII's validation images (data/mpii_sports).

Ours: PCKh@0.5 of 79.1 (results/mssh-s_4x96_longer_192x192).
Command: python tools/test.py configs/joint/mssh-s_4x96_longer_192x192_mpii.py CHECKPOINT
"""

_base_ = ['../mssh-s_4x96_longer_192x192.py']

test_dataloader = dict(dataset=_base_.mpii_sports_val | dict(pipeline=_base_.val_pipeline))
test_evaluator = [_base_.pckh]
default_hooks = dict(badcase=_base_.pckh_badcase)
