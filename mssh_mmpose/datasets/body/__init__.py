from .lsp import LSPDataset

__all__ = ['LSPDataset']
