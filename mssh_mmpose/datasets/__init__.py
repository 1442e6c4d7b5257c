from .body import LSPDataset
from .transforms import GenerateMultilevelTarget

__all__ = ['GenerateMultilevelTarget', 'LSPDataset']
