"""Shared by all data sets: one person per crop, read in a fixed order in tests."""

_base_ = ['./runtime.py']

train_dataloader = dict(sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(test_mode=True),
)
test_dataloader = val_dataloader
