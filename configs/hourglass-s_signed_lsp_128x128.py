"""Stacked hourglass, size S, with signed heatmaps (eq. 1) on LSP: occlusion is predicted too.

Ours: PCK@0.2 of 68.9, F1 of 'occluded' 25.5 (results/hourglass-s_signed_lsp_128x128).
Command: python tools/train.py configs/hourglass-s_signed_lsp_128x128.py
"""

_base_ = ['./hourglass-s_lsp_128x128.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = [_base_.codecs[0] | dict(type='SignedHeatmap')]
model = dict(head=dict(decoder=codecs[-1]))
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_evaluator = [*_base_.val_evaluator, dict(type='OcclusionAccuracy')]
test_evaluator = val_evaluator
visualizer = dict(type='SignedPoseVisualizer')
# The network is seldom sure that a joint is occluded: half of such peaks are lower than 0.12.
default_hooks = dict(visualization=dict(kpt_thr=0.05))
