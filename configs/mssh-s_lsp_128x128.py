"""MSSH, size S, on LSP: 3 stacks at strides 8, 4 and 2, Inception-ResNet-A, 64 channels.

Ours: PCK@0.2 of 64.0 in 30 min on 2 cores of an AMD EPYC (results/mssh-s_lsp_128x128).
Command: python tools/train.py configs/mssh-s_lsp_128x128.py
"""

_base_ = ['./_base_/lsp_128x128.py', './_base_/mssh_s.py']

model = dict(
    backbone=dict(num_keypoints=14, input_size=(128, 128)),
    head=dict(
        # MSE of heatmaps is about 1e-3: scaled up to be far from Adam's eps.
        loss=dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=1000.0),
        decoder=_base_.codecs[-1],
    ),
)
