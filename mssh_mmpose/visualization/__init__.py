from .contact_sheet import contact_sheet
from .curves import TrainingLog, plot_training, read_log
from .keypoint_weights import plot_keypoint_weights, read_keypoint_weights
from .signed import SignedPoseVisualizer, draw_signed_heatmaps

__all__ = [
    'SignedPoseVisualizer',
    'TrainingLog',
    'contact_sheet',
    'draw_signed_heatmaps',
    'plot_keypoint_weights',
    'plot_training',
    'read_keypoint_weights',
    'read_log',
]
