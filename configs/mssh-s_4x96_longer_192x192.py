"""A longer training of mssh-s_long_192x192, MPII's 16 joints.

2 epochs, each of LSP's 1000 people and 1787 of MPII in sports three times, and of LSPET's 10,000
once, augmented as in mssh-s_4x96_long_192x192.py. The peak rate of 1e-3 is for 32 images a step:
two processes of 16.

Ours: in training.
Command: bash tools/dist_train.sh configs/mssh-s_4x96_longer_192x192.py 2
"""

_base_ = ['./mssh-s_4x96_long_192x192.py']

from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_long_192x192')
train_dataloader = dict(dataset=dict(datasets=[*_base_.exact_people * 3, _base_.lspet16]))
train_cfg = dict(max_epochs=2, val_interval=2)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=2)]
