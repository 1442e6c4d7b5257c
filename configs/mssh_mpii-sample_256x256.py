"""One epoch of the paper's network on MPII's first five validation images: a smoke run.

The images and ``test_mpii.json`` are MMPose's test data (its ``tests/data/mpii``), put into
``data/mpii_sample``. There are no head boxes, so PCK is relative to the person's box.

Ours: not yet run as more than a test.
Command: python tools/train.py configs/mssh_mpii-sample_256x256.py
"""

_base_ = ['./mssh_mpii_256x256.py']

sample = dict(data_root='data/mpii_sample/', ann_file='test_mpii.json', data_prefix=dict(img=''))
train_dataloader = dict(dataset=sample)
val_dataloader = dict(dataset=dict(headbox_file=None, **sample))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='PCKAccuracy', thr=0.2, norm_item='bbox', prefix='sample')
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=1, val_interval=1)
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(save_best='sample/PCK'),
    badcase=dict(metric=val_evaluator, metric_key='sample/PCK'),
)
