"""A fifth stack at stride 2 on top of the shipped mssh-s_lsp_128x128, which is frozen.

As narrow as makes it as expensive as that of stride4.py: the question is whether fine maps pay once
the network locates joints well.

Ours: PCK@0.2 of 76.1, PCK@0.1 of 56.2 (results/lsp-refine).
Command: python tools/train.py configs/lsp/refine/stride2.py
Study: python tools/study.py results/lsp-refine.yml
"""

_base_ = ['./stride4.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

fine = dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(64, 64), sigma=4 / 3)
codecs = [*_base_.codecs, fine]
model = dict(
    backbone=dict(stage_strides=(8, 8, 4, 4, 2), feat_channels=(96, 96, 96, 96, 40)),
    head=dict(decoder=fine | _base_.dark),
)
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour))
)
val_dataloader = dict(dataset=dict(pipeline=make_test_pipeline(codecs)))
test_dataloader = val_dataloader
