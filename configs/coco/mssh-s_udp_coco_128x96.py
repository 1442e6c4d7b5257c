"""MSSH, size S, on COCO at 128x96 with unbiased data processing (UDP): for a laptop.

Ours: not yet run.
Command: python tools/train.py configs/coco/mssh-s_udp_coco_128x96.py
"""

_base_ = ['./mssh-s_coco_128x96.py']

codecs = [codec | dict(type='UDPHeatmap', blur_kernel_size=7) for codec in _base_.codecs]
affine = dict(type='TopdownAffine', input_size=(96, 128), use_udp=True)
train_pipeline = [*_base_.train_pipeline]
train_pipeline[5] = affine
train_pipeline[-2] = dict(type='GenerateMultilevelTarget', encoder=codecs)
val_pipeline = [*_base_.val_pipeline]
val_pipeline[2] = affine
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
# Mirrored crops fall on one another already.
model = dict(head=dict(decoder=codecs[-1]), test_cfg=dict(shift_heatmap=False))
