"""MPII in MMPose's layout (docs/data.md): files and evaluation. A recipe adds the pipelines."""

_base_ = ['./topdown.py']

dataset_type = 'MPIIOcclusionDataset'
data_root = 'data/mpii/'
files = dict(type=dataset_type, data_root=data_root, data_prefix=dict(img='images/'))
train_dataloader = dict(dataset=files | dict(ann_file='annotations/mpii_train.json'))
val_dataloader = dict(
    dataset=files
    | dict(
        ann_file='annotations/mpii_val.json',
        headbox_file='annotations/mpii_gt_val.mat',
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(type='PCKhAccuracy')
test_evaluator = val_evaluator
default_hooks = dict(
    badcase=dict(
        type='BadCaseAnalysisHook',
        enable=False,
        out_dir='badcase',
        metric_type='accuracy',
        metric=val_evaluator,
        metric_key='mpii/PCKh@0.5',
    ),
)
