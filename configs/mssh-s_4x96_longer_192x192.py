"""The network to use with MPII's 16 joints: mssh-s_long_192x192, trained 3 epochs further.

The sets and the augmentation are those of mssh-s_4x96_long_192x192.py. The peak rate of 1.5e-3 is
for 32 images a step: two processes of 16.

Ours: in training.
Command: bash tools/dist_train.sh configs/mssh-s_4x96_longer_192x192.py 2
"""

_base_ = ['./mssh-s_4x96_long_192x192.py']

from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_long_192x192')
optim_wrapper = dict(optimizer=dict(lr=1.5e-3))
train_cfg = dict(max_epochs=3, val_interval=3)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=3, eta_max=1.5e-3)]
