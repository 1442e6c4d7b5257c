from .metrics import LSPPCKAccuracy
from .pck import pck_correct, percentage

__all__ = ['LSPPCKAccuracy', 'pck_correct', 'percentage']
