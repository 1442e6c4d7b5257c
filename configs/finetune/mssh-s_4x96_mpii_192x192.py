r"""The small network for use, from LSP's 14 joints to MPII's 16 (docs/finetuning.md).

Starts from the weights that this project ships: all of them but the score layers, which depend on
the number of joints, are kept.

Ours: not yet run.
Command: python tools/train.py configs/finetune/mssh-s_4x96_mpii_192x192.py
"""

_base_ = ['../mssh-s_4x96_lsp+lspet_192x192.py']

load_from = 'checkpoints/mssh-s_lsp_192x192-3c829c02.pth'
dataset_type = 'MPIIOcclusionDataset'
data_root = 'data/mpii/'
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mpii_train.json',
        pipeline=_base_.train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type=dataset_type,
        data_root=data_root,
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
default_hooks = dict(badcase=dict(metric=val_evaluator, metric_key='mpii/PCKh@0.5'))
