"""MSSH of strides 8, 4 and 4, as expensive as hourglass.py.

Paper: Inception-ResNet-A, and the neck's maps for every hourglass.

Ours: PCK@0.2 of 45.1 at the rate of 6e-3, the best of three (results/joint-rates).
Command: python tools/train.py configs/joint/rates/mssh.py
Study: python tools/study.py results/joint-rates.yml
"""

_base_ = ['./hourglass.py']

from mssh_mmpose.datasets import make_train_pipeline

coarse = dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(16, 16), sigma=4 / 3)
codecs = [coarse, *_base_.codecs]
model = dict(
    backbone=dict(
        stage_strides=(8, 4, 4), feat_channels=96, block='InceptionResNetA', dispatch='every'
    )
)
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour))
)
