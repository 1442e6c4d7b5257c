from .boxes import joint_box
from .lsp import read_lsp_joints

__all__ = ['joint_box', 'read_lsp_joints']
