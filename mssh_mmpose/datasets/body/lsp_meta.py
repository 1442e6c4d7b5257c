"""Joints of Leeds Sports Pose, person-centric, in the order of ``joints.mat``."""

from .mirror import mirrored_name

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

_RIGHT, _LEFT, _MIDDLE = [255, 128, 0], [0, 200, 0], [51, 153, 255]


def _color(*names: str) -> list:
    """Orange for the right side, green for the left, blue for the middle and what crosses it."""
    if all(name.startswith('right') for name in names):
        return _RIGHT
    return _LEFT if all(name.startswith('left') for name in names) else _MIDDLE


LSP_METAINFO = dict(
    dataset_name='lsp',
    paper_info=dict(
        author='Sam Johnson and Mark Everingham',
        title='Clustered Pose and Nonlinear Appearance Models for Human Pose Estimation',
        container='British Machine Vision Conference',
        year='2010',
        homepage='http://sam.johnson.io/research/lsp.html',
    ),
    keypoint_info={
        i: dict(
            name=name,
            id=i,
            color=_color(name),
            type='lower' if name.split('_')[-1] in ('ankle', 'knee', 'hip') else 'upper',
            # MMPose's form for a joint in the middle is an empty name.
            swap='' if mirrored_name(name) == name else mirrored_name(name),
        )
        for i, name in enumerate(LSP_JOINTS)
    },
    skeleton_info={i: dict(link=link, id=i, color=_color(*link)) for i, link in enumerate(_LINKS)},
    joint_weights=[1.0] * len(LSP_JOINTS),
    sigmas=[],
)
