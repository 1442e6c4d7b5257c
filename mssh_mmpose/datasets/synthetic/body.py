"""A jointed 3D body: joint angles in, the 16 MPII joints out.

Axes, for a body that faces the camera: x to its left (right in the picture), y down, z away from
the camera. Lengths are in body heights, angles in degrees, the pelvis is the origin.
"""

from typing import NamedTuple

import numpy as np

from ..mpii_meta import MPII_INDEX, MPII_JOINTS

# From the joint to its parent; the two widths are from the middle of the body to one side.
BONES = dict(
    head=0.16,
    neck=0.05,
    spine=0.285,
    shoulder_width=0.105,
    hip_width=0.057,
    upper_arm=0.165,
    forearm=0.145,
    thigh=0.235,
    shank=0.235,
)

_LIMBS = ('shoulder_', 'elbow_', 'hip_', 'knee_')

# (least, greatest) angle. Flexion is forwards (the knee's: backwards), abduction away from the
# body, limb twist inwards; turns and side bends are towards the body's left.
_STANDING = dict(
    pitch=(-8, 8),
    roll=(-5, 5),
    spine_bend=(-5, 10),
    spine_side=(-6, 6),
    spine_twist=(-10, 10),
    neck_bend=(-10, 18),
    neck_side=(-10, 10),
    neck_turn=(-30, 30),
    shoulder_flex=(-20, 30),
    shoulder_abduct=(4, 28),
    shoulder_twist=(-20, 60),
    elbow_flex=(0, 60),
    hip_flex=(-8, 12),
    hip_abduct=(0, 13),
    hip_twist=(-20, 5),
    knee_flex=(0, 12),
)

# style: (share, what differs from standing). Keys with a_ and b_ are for one side of the body
# and for the other; which is the left one is drawn at random.
STYLES = dict(
    standing=(0.25, dict()),
    gesture=(
        0.25,
        dict(a_shoulder_flex=(20, 150), a_shoulder_abduct=(0, 80), a_elbow_flex=(10, 130)),
    ),
    walking=(
        0.25,
        dict(
            a_hip_flex=(10, 42),
            a_knee_flex=(0, 35),
            b_hip_flex=(-28, -5),
            b_knee_flex=(5, 60),
            a_shoulder_flex=(-45, -5),
            b_shoulder_flex=(5, 50),
            elbow_flex=(5, 95),
        ),
    ),
    arms_up=(
        0.10,
        dict(
            shoulder_flex=(105, 175),
            shoulder_abduct=(0, 35),
            elbow_flex=(0, 90),
            shoulder_twist=(-20, 40),
        ),
    ),
    spread=(0.05, dict(shoulder_abduct=(45, 105), hip_abduct=(8, 35), elbow_flex=(0, 80))),
    leaning=(
        0.05,
        dict(spine_bend=(15, 45), shoulder_flex=(0, 90), knee_flex=(5, 40), hip_flex=(5, 30)),
    ),
    sitting=(
        0.05,
        dict(
            hip_flex=(55, 95),
            knee_flex=(60, 105),
            shoulder_flex=(0, 60),
            elbow_flex=(10, 90),
            hip_abduct=(2, 25),
        ),
    ),
)

# (share, middle, spread) of the heading: to the camera, to either side, away from it.
_HEADINGS = ((0.55, 0, 22), (0.13, 80, 18), (0.13, -80, 18), (0.19, 180, 22))


class Skeleton(NamedTuple):
    """A posed body.

    Attributes:
        joints: (16, 3) MPII joints.
        frames: Name of a body part to its (3, 3) rotation; the columns are the part's left,
            down and back in camera axes.
    """

    joints: np.ndarray
    frames: dict[str, np.ndarray]


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Right-handed (3, 3) rotation about a coordinate axis.

    >>> (rotation('z', 90) @ [1, 0, 0]).round(6) + 0.
    array([0., 1., 0.])
    """
    i = 'xyz'.index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    matrix = np.eye(3)
    matrix[[j, j, k, k], [j, k, j, k]] = cos, -sin, sin, cos
    return matrix


def _style_ranges(style: str, a_side: str) -> dict[str, tuple[float, float]]:
    """Range of every angle: limbs as ``left_...`` and ``right_...``, the a_ side being a_side."""
    b_side = 'left' if a_side == 'right' else 'right'
    ranges, own = {}, STYLES[style][1]
    for name, standing in _STANDING.items():
        both = own.get(name, standing)
        if name.startswith(_LIMBS):
            ranges[f'{a_side}_{name}'] = own.get(f'a_{name}', both)
            ranges[f'{b_side}_{name}'] = own.get(f'b_{name}', both)
        else:
            ranges[name] = both
    return ranges


def sample_angles(rng: np.random.Generator) -> dict[str, float]:
    """Draw a style, a heading and one angle in degrees per degree of freedom.

    >>> angles = sample_angles(np.random.default_rng(0))
    >>> 0 <= angles['left_knee_flex'] <= 130
    True
    """
    shares = [share for share, _ in STYLES.values()]
    style = list(STYLES)[rng.choice(len(STYLES), p=shares)]
    ranges = _style_ranges(style, 'left' if rng.random() < 0.5 else 'right')
    angles = {name: rng.uniform(*limits) for name, limits in ranges.items()}
    heading = _HEADINGS[rng.choice(len(_HEADINGS), p=[share for share, _, _ in _HEADINGS])]
    yaw = heading[1] + rng.normal() * heading[2]
    angles['yaw'] = (yaw + 180) % 360 - 180
    return angles


def sample_bones(rng: np.random.Generator) -> dict[str, float]:
    """Draw bone lengths in body heights, each within 7 % of the average body's."""
    return {name: length * rng.uniform(0.93, 1.07) for name, length in BONES.items()}


# Joints of a limb and the frame of its root, its two bones, and how the middle joint bends.
_CHAINS = (
    (('shoulder', 'elbow', 'wrist', 'torso'), ('upper_arm', 'forearm'), -1),
    (('hip', 'knee', 'ankle', 'pelvis'), ('thigh', 'shank'), 1),
)


def _place_limb(
    joints: np.ndarray,
    frames: dict[str, np.ndarray],
    angles: dict[str, float],
    side: str,
    limb: tuple[str, ...],
    lengths: tuple[float, float],
    bend: int,
) -> None:
    """Add the two outer joints of an arm or leg; ``bend`` is -1 forwards, 1 backwards."""
    root, middle, end, frame = limb
    sign = 1 if side == 'left' else -1
    upper = (
        frames[frame]
        @ rotation('x', -angles[f'{side}_{root}_flex'])
        @ rotation('z', -sign * angles[f'{side}_{root}_abduct'])
        @ rotation('y', sign * angles[f'{side}_{root}_twist'])
    )
    lower = upper @ rotation('x', bend * angles[f'{side}_{middle}_flex'])
    index = [MPII_INDEX[f'{side}_{name}'] for name in (root, middle, end)]
    joints[index[1]] = joints[index[0]] + lengths[0] * upper[:, 1]
    joints[index[2]] = joints[index[1]] + lengths[1] * lower[:, 1]
    frames[f'{side}_{middle}'] = lower


def pose_skeleton(angles: dict[str, float], bones: dict[str, float]) -> Skeleton:
    """Forward kinematics.

    A body with all angles zero faces the camera, so that its left is right in the picture:

    >>> zero = dict.fromkeys(sample_angles(np.random.default_rng(0)), 0.)
    >>> joints = pose_skeleton(zero, BONES).joints
    >>> [round(float(joints[MPII_INDEX[f'{s}_shoulder'], 0]), 3) for s in ('left', 'right')]
    [0.105, -0.105]

    Args:
        angles: As :func:`sample_angles` returns them.
        bones: As :data:`BONES`.
    """
    joints, frames = np.zeros((len(MPII_JOINTS), 3)), _trunk_frames(angles)
    thorax = -bones['spine'] * frames['torso'][:, 1]
    neck = thorax - bones['neck'] * frames['torso'][:, 1]
    joints[MPII_INDEX['thorax']] = thorax
    joints[MPII_INDEX['upper_neck']] = neck
    joints[MPII_INDEX['head_top']] = neck - bones['head'] * frames['head'][:, 1]
    for side, sign in (('left', 1), ('right', -1)):
        joints[MPII_INDEX[f'{side}_shoulder']] = (
            thorax + sign * bones['shoulder_width'] * frames['torso'][:, 0]
        )
        joints[MPII_INDEX[f'{side}_hip']] = sign * bones['hip_width'] * frames['pelvis'][:, 0]
        for limb, (upper, lower), bend in _CHAINS:
            lengths = bones[upper], bones[lower]
            _place_limb(joints, frames, angles, side, limb, lengths, bend)
    return Skeleton(joints, frames)


def _trunk_frames(angles: dict[str, float]) -> dict[str, np.ndarray]:
    """Return the rotations of pelvis, torso and head."""
    pelvis = (
        rotation('y', -angles['yaw'])
        @ rotation('x', angles['pitch'])
        @ rotation('z', angles['roll'])
    )
    torso = (
        pelvis
        @ rotation('y', -angles['spine_twist'])
        @ rotation('z', angles['spine_side'])
        @ rotation('x', angles['spine_bend'])
    )
    head = (
        torso
        @ rotation('y', -angles['neck_turn'])
        @ rotation('z', angles['neck_side'])
        @ rotation('x', angles['neck_bend'])
    )
    return {'pelvis': pelvis, 'torso': torso, 'head': head}
