"""MPII's 16 joints on LSP, LSPET and MPII's people in sports (data/mpii_sports): sets and metrics.

A config on top chooses among them; joints that a set lacks are not trained on.
"""

lsp16 = dict(type='LSPDataset', split='train', joints='mpii', data_root='data/lsp/')
lspet16 = dict(
    type='LSPExtendedDataset',
    joints='mpii',
    data_root='data/lspet/',
    exchanged_sides='listed',
)
# Without those who are in frames of videos of validation people.
mpii_sports = dict(
    type='MPIIOcclusionDataset',
    data_root='data/mpii_sports/',
    ann_file='annotations/mpii_train.json',
    leave_out='near_duplicate_in_val',
)
# The sets whose labels are exact.
exact_people = [lsp16, mpii_sports]
# These twice an epoch, LSPET once.
joint_people = [lsp16, lsp16, lspet16, mpii_sports, mpii_sports]
# Replaces the data set of LSP in a config on top.
mpii_sports_val = dict(
    _delete_=True,
    type='MPIIOcclusionDataset',
    data_root='data/mpii_sports/',
    ann_file='annotations/mpii_val.json',
    headbox_file='annotations/mpii_gt_val.mat',
    test_mode=True,
)
# LSP's test people by MPII's joints, the finer threshold under a name of its own.
pck16 = dict(type='LSPPCKAccuracy', joints='mpii', thresholds=(0.2,))
fine_pck16 = dict(type='LSPPCKAccuracy', joints='mpii', thresholds=(0.1,), prefix='lsp_fine')
pcp16 = dict(type='PCPAccuracy', joints='mpii')
fine_evaluator16 = [pck16, fine_pck16, pcp16]
pck16_badcase = dict(metric=pck16 | dict(_delete_=True))
pckh = dict(type='PCKhAccuracy')
pckh_badcase = dict(metric=pckh | dict(_delete_=True), metric_key='mpii/PCKh@0.5')
