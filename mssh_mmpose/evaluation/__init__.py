from .dump import DumpPredictions
from .metrics import LSPPCKAccuracy, OcclusionAccuracy, PCKhAccuracy, PCPAccuracy
from .occlusion import baseline_scores, occlusion_scores
from .pck import accuracy_curve, area_under_curve, percentage, relative_errors, summarize
from .pcp import lsp_sticks, stick_ends, stick_errors, stick_flags

__all__ = [
    'DumpPredictions',
    'LSPPCKAccuracy',
    'OcclusionAccuracy',
    'PCKhAccuracy',
    'PCPAccuracy',
    'accuracy_curve',
    'area_under_curve',
    'baseline_scores',
    'lsp_sticks',
    'occlusion_scores',
    'percentage',
    'relative_errors',
    'stick_ends',
    'stick_errors',
    'stick_flags',
    'summarize',
]
