from .instance import joint_box, make_instance
from .lsp import read_lsp_joints, read_lspet_joints
from .mpii_ground_truth import MpiiGroundTruth, mpii_ground_truth_bytes, read_mpii_ground_truth
from .mpii_json import MpiiPeople, read_mpii_json

__all__ = [
    'MpiiGroundTruth',
    'MpiiPeople',
    'joint_box',
    'make_instance',
    'mpii_ground_truth_bytes',
    'read_lsp_joints',
    'read_lspet_joints',
    'read_mpii_ground_truth',
    'read_mpii_json',
]
