"""The network of mssh-s_4x96_joint_192x192.py, validated and tested on people in sports of MPII.

264 people of MPII's validation images (data/mpii_sports).

Ours: PCKh@0.5 of 75.9 (results/mssh-s_4x96_joint_192x192).
Command: python tools/train.py configs/joint/mssh-s_4x96_joint_192x192_mpii.py
"""

_base_ = ['../mssh-s_4x96_joint_192x192.py']

people = _base_.mpii_sports_val | dict(_delete_=True, pipeline=_base_.val_pipeline)
val_dataloader = dict(dataset=people)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='PCKhAccuracy')
test_evaluator = val_evaluator
default_hooks = dict(badcase=dict(metric=val_evaluator, metric_key='mpii/PCKh@0.5'))
