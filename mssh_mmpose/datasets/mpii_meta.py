"""Joints of MPII, person-centric, in the order of its annotations."""

from .metainfo import body_metainfo, mirror_indices

MPII_JOINTS = (
    'right_ankle',
    'right_knee',
    'right_hip',
    'left_hip',
    'left_knee',
    'left_ankle',
    'pelvis',
    'thorax',
    'upper_neck',
    'head_top',
    'right_wrist',
    'right_elbow',
    'right_shoulder',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
)

MPII_INDEX = {name: index for index, name in enumerate(MPII_JOINTS)}

MPII_MIRROR = mirror_indices(MPII_JOINTS)

MPII_GROUPS = {
    'Head': ('head_top',),
    'Sho.': ('right_shoulder', 'left_shoulder'),
    'Elb.': ('right_elbow', 'left_elbow'),
    'Wri.': ('right_wrist', 'left_wrist'),
    'Hip': ('right_hip', 'left_hip'),
    'Knee': ('right_knee', 'left_knee'),
    'Ank.': ('right_ankle', 'left_ankle'),
}
"""Columns of the paper's Table 1."""

MPII_SCORED = tuple(name for name in MPII_JOINTS if name not in ('pelvis', 'thorax'))
"""Joints over which MPII takes the total."""

_LINKS = (
    ('right_ankle', 'right_knee'),
    ('right_knee', 'right_hip'),
    ('right_hip', 'pelvis'),
    ('pelvis', 'left_hip'),
    ('left_hip', 'left_knee'),
    ('left_knee', 'left_ankle'),
    ('pelvis', 'thorax'),
    ('thorax', 'upper_neck'),
    ('upper_neck', 'head_top'),
    ('right_wrist', 'right_elbow'),
    ('right_elbow', 'right_shoulder'),
    ('right_shoulder', 'upper_neck'),
    ('upper_neck', 'left_shoulder'),
    ('left_shoulder', 'left_elbow'),
    ('left_elbow', 'left_wrist'),
)

MPII_METAINFO = body_metainfo(
    'mpii',
    MPII_JOINTS,
    _LINKS,
    dict(
        author='Mykhaylo Andriluka, Leonid Pishchulin, Peter Gehler and Bernt Schiele',
        title='2D Human Pose Estimation: New Benchmark and State of the Art Analysis',
        container='Conference on Computer Vision and Pattern Recognition',
        year='2014',
        homepage='http://human-pose.mpi-inf.mpg.de/',
    ),
)
# Tells our keypoints, which count pixels from 0, from those of MMPose's MpiiDataset: the only entry
# of free content that MMPose keeps.
MPII_METAINFO['stats_info'] = dict(first_pixel=0)


def counts_from_one(metainfo: dict) -> bool:
    """Whether a data set, described by MMPose, is MMPose's MPII, not ours.

    >>> counts_from_one(dict(dataset_name='mpii')), counts_from_one(MPII_METAINFO)
    (True, False)
    """
    marks = metainfo.get('stats_info', {})
    return metainfo.get('dataset_name') == 'mpii' and 'first_pixel' not in marks
