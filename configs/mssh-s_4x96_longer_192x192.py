"""The network to use with MPII's 16 joints: mssh-s_long_192x192, trained further.

2 epochs, each of LSP's 1000 people and 1787 of MPII in sports three times, and of LSPET's 10,000
once, augmented as in mssh-s_4x96_long_192x192.py. The peak rate of 1e-3 is for 32 images a step:
two processes of 16.

Ours: on LSP PCK@0.2 of 83.6, PCP@0.5 of 80.6; on MPII's 264 people PCKh@0.5 of 79.1; in 85 min on
two cores of an AMD EPYC without bfloat16 (results/mssh-s_4x96_longer_192x192).
Command: bash tools/dist_train.sh configs/mssh-s_4x96_longer_192x192.py 2
"""

_base_ = ['./mssh-s_4x96_long_192x192.py']

from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_long_192x192')
train_dataloader = dict(dataset=dict(datasets=[*_base_.exact_people * 3, _base_.lspet16]))
train_cfg = dict(max_epochs=2, val_interval=2)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=2)]
