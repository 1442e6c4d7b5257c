"""Joint names of MPII in the order of its annotations, and look-ups by name."""

from .mirror import mirrored_name

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

# MPII_MIRROR[i] is the index of the joint that joint i becomes in a flipped image.
MPII_MIRROR = tuple(MPII_INDEX[mirrored_name(name)] for name in MPII_JOINTS)
