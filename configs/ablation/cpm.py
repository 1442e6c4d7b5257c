"""MMPose's CPM with our head and loss, on MPII.

Paper (validation PCKh@0.5): not in the ablation. Ours: not yet run.
Command: python tools/train.py configs/ablation/cpm.py
"""

_base_ = ['../mssh_mpii_256x256.py']

codecs = [_base_.codecs[0]]
model = dict(
    backbone=dict(_delete_=True, type='CPM', in_channels=3, out_channels=16, num_stages=6),
    head=dict(num_stages=6, loss=dict(num_stages=6), decoder=codecs[-1]),
)
train_pipeline = [*_base_.train_pipeline]
train_pipeline[-2] = dict(type='GenerateMultilevelTarget', encoder=codecs)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
