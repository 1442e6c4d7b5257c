from .boxes import joint_box
from .lsp import read_lsp_joints
from .mpii_ground_truth import MpiiGroundTruth, mpii_ground_truth_bytes, read_mpii_ground_truth

__all__ = [
    'MpiiGroundTruth',
    'joint_box',
    'mpii_ground_truth_bytes',
    'read_lsp_joints',
    'read_mpii_ground_truth',
]
