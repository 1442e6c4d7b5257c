"""MSSH, size S, with signed heatmaps (eq. 1) on LSP: occlusion is predicted too.

Ours: not yet run.
Command: python tools/train.py configs/lsp/mssh-s_signed_lsp_128x128.py
"""

_base_ = ['../mssh-s_lsp_128x128.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = [codec | dict(type='SignedHeatmap') for codec in _base_.codecs]
model = dict(head=dict(decoder=codecs[-1]))
train_pipeline = make_train_pipeline(codecs, _base_.warp, _base_.colour)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_evaluator = [*_base_.val_evaluator, dict(type='OcclusionAccuracy')]
test_evaluator = val_evaluator
visualizer = dict(type='SignedPoseVisualizer')
# As in hourglass-s_signed_lsp_128x128.py.
default_hooks = dict(visualization=dict(kpt_thr=0.05))
