"""The shipped mssh-s_lsp_128x128 fine-tuned from LSP's 14 joints to MPII's 16 (docs/finetuning.md).

Starts from the shipped weights; only the score layers, whose size is the number of joints, are new.

Ours: PCKh@0.5 of 66.1 on 264 sports people of the validation set (docs/finetuning.md).
Command: python tools/train.py configs/finetune/mssh-s_4x96_mpii_128x128.py
"""

_base_ = ['../mssh-s_4x96_lsp+lspet_128x128.py']

from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_lsp_128x128')
dataset_type = 'MPIIOcclusionDataset'
data_root = 'data/mpii/'
files = dict(_delete_=True, type=dataset_type, data_root=data_root)
train_dataloader = dict(
    dataset=files | dict(ann_file='annotations/mpii_train.json', pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    dataset=files
    | dict(
        ann_file='annotations/mpii_val.json',
        headbox_file='annotations/mpii_gt_val.mat',
        test_mode=True,
        pipeline=_base_.val_pipeline,
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='PCKhAccuracy')
test_evaluator = val_evaluator
model = dict(backbone=dict(num_keypoints=16))
# A third of the first training's rate and epochs: the features are learned already.
optim_wrapper = dict(optimizer=dict(lr=7e-4))
train_cfg = dict(max_epochs=4, val_interval=4)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=4, eta_max=7e-4)]
default_hooks = dict(badcase=dict(metric=val_evaluator, metric_key='mpii/PCKh@0.5'))
