"""The network of hourglass-s_2x112_joint_128x128.py, validated and tested on MPII.

264 people in sports of MPII's validation images (data/mpii_sports).

Ours: PCKh@0.5 of 68.0 (results/hourglass-s_2x112_joint_128x128).
Command: python tools/train.py configs/joint/hourglass-s_2x112_joint_128x128_mpii.py
"""

_base_ = ['../hourglass-s_2x112_joint_128x128.py']

people = _base_.mpii_sports_val | dict(_delete_=True, pipeline=_base_.val_pipeline)
val_dataloader = dict(dataset=people)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='PCKhAccuracy')
test_evaluator = val_evaluator
default_hooks = dict(badcase=dict(metric=val_evaluator, metric_key='mpii/PCKh@0.5'))
