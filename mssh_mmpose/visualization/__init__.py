from .curves import plot_keypoint_weights, plot_pck, plot_training
from .levels import MultilevelPoseVisualizer
from .sheets import contact_sheet
from .signed import SignedPoseVisualizer, draw_signed_heatmaps

__all__ = [
    'MultilevelPoseVisualizer',
    'SignedPoseVisualizer',
    'contact_sheet',
    'draw_signed_heatmaps',
    'plot_keypoint_weights',
    'plot_pck',
    'plot_training',
]
