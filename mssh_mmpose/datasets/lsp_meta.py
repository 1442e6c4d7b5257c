"""Joints of Leeds Sports Pose, person-centric, in the order of ``joints.mat``."""

from ..errors import InputError
from .metainfo import body_metainfo, mirror_indices
from .mpii_meta import MPII_JOINTS

LSP_JOINTS = (
    'right_ankle',
    'right_knee',
    'right_hip',
    'left_hip',
    'left_knee',
    'left_ankle',
    'right_wrist',
    'right_elbow',
    'right_shoulder',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
    'neck',
    'head_top',
)

LSP_MIRROR = mirror_indices(LSP_JOINTS)

LSP_AMONG_MPII = tuple('neck' if name == 'upper_neck' else name for name in MPII_JOINTS)
"""MPII's joints under LSP's names; pelvis and thorax are not in LSP.

LSP's neck is MPII's upper neck: on the way from the middle of the shoulders to the head top it is
at a median of 0.27 (LSP), 0.18 (LSPET) and 0.19 (MPII), where MPII's thorax is at 0.00.
"""


def lsp_joints(joints: str) -> tuple[str, ...]:
    """Return the names of LSP's own joints ('lsp'), or of MPII's ('mpii').

    Raises:
        InputError: For another choice.

    >>> len(lsp_joints('lsp')), len(lsp_joints('mpii'))
    (14, 16)
    """
    if joints not in ('lsp', 'mpii'):
        raise InputError(f"joints must be 'lsp' or 'mpii', got {joints!r}.")
    return LSP_JOINTS if joints == 'lsp' else LSP_AMONG_MPII


LSP_GROUPS = {
    'Head': ('head_top', 'neck'),
    'Sho.': ('right_shoulder', 'left_shoulder'),
    'Elb.': ('right_elbow', 'left_elbow'),
    'Wri.': ('right_wrist', 'left_wrist'),
    'Hip': ('right_hip', 'left_hip'),
    'Knee': ('right_knee', 'left_knee'),
    'Ank.': ('right_ankle', 'left_ankle'),
}
"""Columns of the paper's Table 2."""

_LINKS = (
    ('right_ankle', 'right_knee'),
    ('right_knee', 'right_hip'),
    ('right_hip', 'left_hip'),
    ('left_hip', 'left_knee'),
    ('left_knee', 'left_ankle'),
    ('right_wrist', 'right_elbow'),
    ('right_elbow', 'right_shoulder'),
    ('right_shoulder', 'neck'),
    ('neck', 'left_shoulder'),
    ('left_shoulder', 'left_elbow'),
    ('left_elbow', 'left_wrist'),
    ('neck', 'head_top'),
    ('right_shoulder', 'right_hip'),
    ('left_shoulder', 'left_hip'),
)

LSP_METAINFO = body_metainfo(
    'lsp',
    LSP_JOINTS,
    _LINKS,
    dict(
        author='Sam Johnson and Mark Everingham',
        title='Clustered Pose and Nonlinear Appearance Models for Human Pose Estimation',
        container='British Machine Vision Conference',
        year='2010',
        homepage='http://sam.johnson.io/research/lsp.html',
    ),
)

LSPET_METAINFO = {
    **LSP_METAINFO,
    'dataset_name': 'lspet',
    'paper_info': dict(
        author='Sam Johnson and Mark Everingham',
        title='Learning Effective Human Pose Estimation from Inaccurate Annotation',
        container='Conference on Computer Vision and Pattern Recognition',
        year='2011',
        homepage='http://sam.johnson.io/research/lspet.html',
    ),
}
