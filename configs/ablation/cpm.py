"""MMPose's CPM with our head and loss, on MPII.

Paper (validation PCKh@0.5): not in the ablation. Ours: not yet run.
Command: python tools/train.py configs/ablation/cpm.py
"""

_base_ = ['../mssh_mpii_256x256.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = [_base_.codecs[0]]
model = dict(
    backbone=dict(_delete_=True, type='CPM', in_channels=3, out_channels=16, num_stages=6),
    head=dict(num_stages=6, out_channels=16, decoder=codecs[-1]),
)
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
