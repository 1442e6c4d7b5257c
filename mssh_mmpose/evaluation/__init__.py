from .metrics import LSPPCKAccuracy, OcclusionAccuracy
from .occlusion import baseline_scores, occlusion_scores
from .pck import pck_correct, percentage

__all__ = [
    'LSPPCKAccuracy',
    'OcclusionAccuracy',
    'baseline_scores',
    'occlusion_scores',
    'pck_correct',
    'percentage',
]
