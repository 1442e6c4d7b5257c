from .lsp import LSPDataset, LSPExtendedDataset
from .mpii_occlusion import MPIIOcclusionDataset

__all__ = ['LSPDataset', 'LSPExtendedDataset', 'MPIIOcclusionDataset']
