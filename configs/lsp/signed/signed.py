"""The shipped mssh-s_lsp_128x128, trained further on LSP with signed heatmaps (eq. 1).

Ours: PCK@0.2 of 76.4, 75.8 and 76.2, F1 of 'occluded' 18.3, 18.7 and 14.8 (results/lsp-signed).
Command: python tools/train.py configs/lsp/signed/signed.py --amp
Study: python tools/study.py results/lsp-signed.yml
"""

_base_ = ['./plain.py']

from mssh_mmpose.datasets import make_train_pipeline

codecs = [codec | dict(type='SignedHeatmap') for codec in _base_.codecs]
model = dict(head=dict(decoder=codecs[-1]))
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour))
)
val_evaluator = [*_base_.val_evaluator, dict(type='OcclusionAccuracy')]
test_evaluator = val_evaluator
visualizer = dict(type='SignedPoseVisualizer')
# As in hourglass-s_signed_lsp_128x128.py.
default_hooks = dict(visualization=dict(kpt_thr=0.05))
