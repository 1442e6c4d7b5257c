from .body import LSPDataset, LSPExtendedDataset, MPIIOcclusionDataset
from .lsp_meta import LSP_METAINFO
from .mpii_meta import MPII_METAINFO
from .pipelines import make_test_pipeline, make_train_pipeline
from .transforms import GenerateMultilevelTarget

__all__ = [
    'GenerateMultilevelTarget',
    'LSPDataset',
    'LSP_METAINFO',
    'LSPExtendedDataset',
    'MPIIOcclusionDataset',
    'MPII_METAINFO',
    'make_test_pipeline',
    'make_train_pipeline',
]
