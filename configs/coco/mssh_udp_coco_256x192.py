"""MSSH, size L, on COCO at 256x192 with unbiased data processing (UDP).

Paper: none. Here: Huang et al., CVPR 2020, as in MMPose's ``udp`` configs: crops and heatmaps are
aligned by the middles of their corner pixels. Ours: not yet run.
Command: python tools/train.py configs/coco/mssh_udp_coco_256x192.py
"""

_base_ = ['./mssh_coco_256x192.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

codecs = [codec | dict(type='UDPHeatmap') for codec in _base_.codecs]
train_pipeline = make_train_pipeline(codecs, _base_.warp, half_body=_base_.half_body)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
# With UDP mirrored crops are already aligned.
model = dict(head=dict(decoder=codecs[-1]), test_cfg=dict(shift_heatmap=False))
