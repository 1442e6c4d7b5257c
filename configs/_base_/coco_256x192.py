"""COCO at 256x192 (256 high, 192 wide) with MMPose's recipe: data, evaluation and schedule.

Adam 5e-4 for batches of 512 people, 210 epochs, step decay x0.1 at 170 and 200, half-body
augmentation, sigma of 2 heatmap pixels, flip test on detected boxes: as in MMPose's own configs of
this size, so that the networks can be compared. The paper does not use COCO. Data in MMPose's
layout below ``data/coco`` (docs/data.md). A config on top adds the model, and other targets if its
maps have other sizes.
"""

_base_ = ['./topdown.py']

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

# data
dataset_type = 'CocoDataset'
data_root = 'data/coco/'
# Targets at strides 8, 4 and 2; equal sigma in heatmap pixels.
codecs = [
    dict(type='MSRAHeatmap', input_size=(192, 256), heatmap_size=size, sigma=2)
    for size in ((24, 32), (48, 64), (96, 128))
]
half_body = dict(
    min_total_keypoints=9,
    min_upper_keypoints=2,
    min_lower_keypoints=3,
    padding=1.5,
    prob=0.3,
    upper_prioritized_prob=0.7,
)
warp = dict(
    shift_factor=0.16,
    shift_prob=0.3,
    scale_factor=(0.5, 1.5),
    scale_prob=1.0,
    rotate_factor=80.0,
    rotate_prob=0.6,
)
train_pipeline = make_train_pipeline(codecs, warp, half_body=half_body)
val_pipeline = make_test_pipeline(codecs)
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/person_keypoints_val2017.json',
        # MMPose does not put data_root before this one.
        bbox_file=data_root + 'person_detection_results/'
        'COCO_val2017_detections_AP_H_56_person.json',
        data_prefix=dict(img='val2017/'),
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader
# Without ann_file it takes the data set's.
val_evaluator = dict(type='CocoMetric')
test_evaluator = val_evaluator

# schedule
train_cfg = dict(by_epoch=True, max_epochs=210, val_interval=10)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=5e-4))
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', milestones=[170, 200], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=512)
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater'))
