from .curves import plot_keypoint_weights, plot_pck, plot_training
from .sheets import contact_sheet
from .signed import SignedPoseVisualizer, draw_signed_heatmaps

__all__ = [
    'SignedPoseVisualizer',
    'contact_sheet',
    'draw_signed_heatmaps',
    'plot_keypoint_weights',
    'plot_pck',
    'plot_training',
]
