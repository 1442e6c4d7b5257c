from .adaptive_loss import AdaptiveWeightedHeatmapLoss
from .blocks import InceptionResNetA, InceptionResNetB, PreActBottleneck
from .hourglass import Hourglass
from .mssh import MSSHNet
from .multi_scale_neck import MultiScaleNeck
from .multi_stage_head import MultiStageHead
from .pose_estimator import MultiStagePoseEstimator

__all__ = [
    'AdaptiveWeightedHeatmapLoss',
    'Hourglass',
    'InceptionResNetA',
    'InceptionResNetB',
    'MSSHNet',
    'MultiScaleNeck',
    'MultiStageHead',
    'MultiStagePoseEstimator',
    'PreActBottleneck',
]
