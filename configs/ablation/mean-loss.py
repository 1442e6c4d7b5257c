"""Losses averaged over the pixels, not summed, on MPII: coarse stacks weigh more.

Paper: eq. 2 sums, the text has the mean squared error; not in the ablation. Ours: not yet run.
Command: python tools/train.py configs/ablation/mean-loss.py
"""

_base_ = ['../mssh_mpii_256x256.py']

# The stacks of 64 x 64 pixels have the weight that the sum gives them.
model = dict(head=dict(loss=dict(reduction='mean', loss_weight=64.0**2)))
