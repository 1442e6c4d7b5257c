"""MSSH on MPII with signed heatmaps (eq. 1): occlusion is predicted too.

Needs annotations with occlusion flags, as tools/convert_mpii.py makes them from the official file;
MMPose's JSON has none. Paper: eq. 1, no separate result. Ours: not yet run.
Command: python tools/train.py configs/mssh_signed_mpii_256x256.py
"""

_base_ = ['./mssh_mpii_256x256.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = [codec | dict(type='SignedHeatmap') for codec in _base_.codecs]
model = dict(head=dict(decoder=codecs[-1]))
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_evaluator = [_base_.val_evaluator, dict(type='OcclusionAccuracy')]
test_evaluator = val_evaluator
visualizer = dict(type='SignedPoseVisualizer')
