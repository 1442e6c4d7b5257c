"""MSSH, size S, on COCO at 128x96 with unbiased data processing (UDP): for a laptop.

Ours: not yet run.
Command: python tools/train.py configs/coco/mssh-s_udp_coco_128x96.py
"""

_base_ = ['./mssh-s_coco_128x96.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

codecs = [codec | dict(type='UDPHeatmap', blur_kernel_size=7) for codec in _base_.codecs]
train_pipeline = make_train_pipeline(codecs, _base_.warp, half_body=_base_.half_body)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
# With UDP mirrored crops are already aligned.
model = dict(head=dict(decoder=codecs[-1]), test_cfg=dict(shift_heatmap=False))
