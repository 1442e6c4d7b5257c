"""MSSH, size L, on LSP, LSPET and MPII, tested on LSP (Tables 2 and 3).

Paper: PCK@0.2 of 91.4 and PCP@0.5 of 89.5; the training data are not stated. Here: all three sets,
because the methods that the paper compares with use them. Ours: not yet run.
It validates on the test images, so report the last epoch, not the one that save_best keeps.
Command: python tools/train.py configs/mssh_lsp_256x256.py
"""

_base_ = ['./mssh_mpii_256x256.py']

# data
lsp = dict(type='LSPDataset', split='train', data_root='data/lsp/')
lspet = dict(type='LSPExtendedDataset', data_root='data/lspet/')
# MPII's joints (first of each pair) at LSP's places: the same order but for the arms and the head.
mpii_to_lsp = dict(
    type='KeypointConverter',
    num_keypoints=14,
    mapping=[
        *((i, i) for i in range(6)),  # ankles, knees, hips
        *((i + 4, i) for i in range(6, 12)),  # wrists, elbows, shoulders
        (8, 12),  # upper neck
        (9, 13),  # head top
    ],
)
mpii = dict(
    type='MPIIOcclusionDataset',
    data_root='data/mpii/',
    ann_file='annotations/mpii_train.json',
    pipeline=[mpii_to_lsp],
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=__import__('mssh_mmpose').datasets.LSP_METAINFO,
        datasets=[lsp, lspet, mpii],
        pipeline=_base_.train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='LSPDataset',
        split='test',
        data_root='data/lsp/',
        pipeline=_base_.val_pipeline,
        test_mode=True,
    )
)
test_dataloader = val_dataloader
val_evaluator = [dict(type='LSPPCKAccuracy', thresholds=(0.2,)), dict(type='PCPAccuracy')]
test_evaluator = val_evaluator
dataset_type = 'LSPDataset'

# network
model = dict(backbone=dict(num_keypoints=14))
default_hooks = dict(
    checkpoint=dict(save_best='lsp/PCK@0.2'),
    badcase=dict(metric=val_evaluator[0], metric_key='lsp/PCK@0.2'),
)
