"""Maps sent to the first stack of each stride only, on MPII.

Paper: not in the ablation; sends them to each hourglass. Ours: not yet run.
Command: python tools/train.py configs/ablation/dispatch-first.py
"""

_base_ = ['../mssh_mpii_256x256.py']

model = dict(backbone=dict(dispatch='first'))
