"""MSSH, size S, on LSP's training images and LSPET: 11,000 people.

Ours: not yet run.
Command: python tools/train.py configs/lsp/mssh-s_lsp+lspet_128x128.py
Time: an epoch takes 11 times that of LSP alone, about 14 min on 2 cores of an AMD EPYC
"""

_base_ = ['../mssh-s_lsp_128x128.py']

lsp = dict(type='LSPDataset', split='train', data_root='data/lsp/')
lspet = dict(type='LSPExtendedDataset', data_root='data/lspet/')
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=__import__('mssh_mmpose').datasets.LSP_METAINFO,
        datasets=[lsp, lspet],
        pipeline=_base_.train_pipeline,
    )
)
train_cfg = dict(max_epochs=6, val_interval=6)
param_scheduler = [_base_.param_scheduler[0] | dict(total_steps=6)]
