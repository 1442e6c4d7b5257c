"""The hourglass as good as the best MSSH of its cost, with MPII's 16 joints on the joint sets.

Two stacks of 112 channels at stride 4. Starts from the weights that results/lsp-strides.yml
trained, otherwise as mssh-s_4x96_joint_128x128.py.

Ours: on LSP PCK@0.2 of 78.4, PCP@0.5 of 75.0; on MPII's 264 people PCKh@0.5 of 68.0; in 20 min on
one core of an AMD EPYC with bfloat16 (results/hourglass-s_2x112_joint_128x128).
Command: python tools/train.py configs/hourglass-s_2x112_joint_128x128.py --amp
"""

_base_ = ['./mssh-s_4x96_joint_128x128.py']

from mssh_mmpose.datasets import make_train_pipeline
from mssh_mmpose.names import find_result

load_from = find_result('hourglass-s_2x112_lsp+lspet_128x128/epoch_12.pth')
codecs = _base_.codecs[1:2]
model = dict(backbone=dict(stage_strides=(4, 4), feat_channels=112, block='PreActBottleneck'))
train_dataloader = dict(
    dataset=dict(pipeline=make_train_pipeline(codecs, _base_.warp, _base_.colour, _base_.half_body))
)
