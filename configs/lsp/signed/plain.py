"""The shipped mssh-s_lsp_128x128, trained further on LSP alone, whose labels tell occlusion.

The comparison for signed.py, which it decodes alike. The shipped network's own, unbiased decoding,
which signed heatmaps lack, gained 0.7 points for it.

Ours: PCK@0.2 of 77.2, 76.8 and 77.3 (results/lsp-signed).
Command: python tools/train.py configs/lsp/signed/plain.py --amp
Study: python tools/study.py results/lsp-signed.yml
"""

_base_ = ['../../mssh-s_4x96_lsp+lspet_128x128.py']

from mssh_mmpose.names import find_checkpoint

load_from = find_checkpoint('mssh-s_lsp_128x128')
model = dict(head=dict(decoder=dict(_delete_=True, **_base_.codecs[-1])))
train_dataloader = dict(dataset=dict(datasets=[_base_.lsp]))
val_evaluator = _base_.fine_evaluator
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=12, val_interval=12)
