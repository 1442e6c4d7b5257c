"""MSSH, size L, on COCO at 256x192 with unbiased data processing (UDP).

Paper: none. Here: Huang et al., CVPR 2020, as MMPose's own ``udp`` configs have it: crops and
heatmaps whose corners, not whose pixels, lie on one another. Ours: not yet run.
Command: python tools/train.py configs/coco/mssh_udp_coco_256x192.py
"""

_base_ = ['./mssh_coco_256x192.py']

codecs = [codec | dict(type='UDPHeatmap') for codec in _base_.codecs]
affine = dict(type='TopdownAffine', input_size=(192, 256), use_udp=True)
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
