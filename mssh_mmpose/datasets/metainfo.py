"""MMPose's description of a data set of body joints, from the joints' names."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import InputError

_RIGHT, _LEFT, _MIDDLE = [255, 128, 0], [0, 200, 0], [51, 153, 255]
# Other ways to name a side than by a beginning left_ or right_.
_SIDE = re.compile(
    '(?i:(^|[^a-z])(left|right|l|r)([^a-z0-9]|$))|^(left|right|[lrLR])[A-Z][a-z]|[a-z](Left|Right)$'
)
_LOWER = ('ankle', 'knee', 'hip', 'pelvis')


def body_metainfo(
    name: str,
    joints: Sequence[str],
    links: Sequence[tuple[str, str]],
    paper: dict,
    sigmas: Sequence[float] = (),
) -> dict:
    """Make a ``METAINFO``.

    Args:
        name: Name of the data set.
        joints: Names such as ``left_hip``, in the order of the annotations.
        links: Bones, each between two joints.
        paper: Author, title, container, year and homepage of its source.
        sigmas: How exactly people label each joint, by COCO's definition; only metrics such as
            ``CocoMetric`` need them.

    Raises:
        InputError: If the other side of a joint is missing, a side is named otherwise, or there are
            not as many sigmas.
    """
    for joint in joints:
        if mirrored_name(joint) == joint and _SIDE.search(joint):
            raise InputError(
                f'joint {joint} seems to be of one side; expected a name that begins with left_ or '
                'right_, by which flips exchange joints.'
            )
        if mirrored_name(joint) not in joints:
            raise InputError(f'joint {joint} has no {mirrored_name(joint)} among the joints.')
    if len(sigmas) not in (0, len(joints)):
        raise InputError(f'expected {len(joints)} sigmas, one for each joint, got {len(sigmas)}.')
    return dict(
        dataset_name=name,
        paper_info=paper,
        keypoint_info={
            i: dict(
                name=joint,
                id=i,
                color=_color(joint),
                type='lower' if joint.split('_')[-1] in _LOWER else 'upper',
                # MMPose's form for a joint in the middle is an empty name.
                swap='' if mirrored_name(joint) == joint else mirrored_name(joint),
            )
            for i, joint in enumerate(joints)
        },
        skeleton_info={
            i: dict(link=link, id=i, color=_color(*link)) for i, link in enumerate(links)
        },
        joint_weights=[1.0] * len(joints),
        sigmas=list(sigmas),
    )


def mirrored_name(name: str) -> str:
    """Return the joint that ``name`` becomes in a flipped image.

    >>> mirrored_name('left_hip'), mirrored_name('pelvis')
    ('right_hip', 'pelvis')
    """
    side, _, part = name.partition('_')
    return {'left': f'right_{part}', 'right': f'left_{part}'}.get(side, name)


def mirror_indices(joints: Sequence[str]) -> tuple[int, ...]:
    """Return, for each joint, the index of the one that it becomes in a flipped image.

    >>> mirror_indices(['left_hip', 'pelvis', 'right_hip'])
    (2, 1, 0)
    """
    return tuple(list(joints).index(mirrored_name(name)) for name in joints)


def joint_names(metainfo: Mapping) -> list[str]:
    """Return the names of the joints in order, from MMPose's parsed meta information."""
    names = metainfo['keypoint_id2name']
    return [names[k] for k in range(len(names))]


def pick_joints(values: np.ndarray, names: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    """Pick the ``wanted`` joints (N, W, ...) from values (N, K, ...) of joints called ``names``.

    ``names`` may be shortened, as in 'l_hip'.

    Raises:
        InputError: If a joint is missing.

    >>> pick_joints(np.zeros((5, 2, 2)), ['l_hip', 'nose'], ['right_hip'])
    Traceback (most recent call last):
    ...
    mssh_mmpose.errors.InputError: expected the joint right_hip, got left_hip, nose.
    """
    sides = {'l': 'left', 'r': 'right'}
    full = []
    for name in names:
        side, _, part = str(name).partition('_')
        full.append(f'{sides[side]}_{part}' if side in sides else str(name))
    missing = [name for name in wanted if name not in full]
    if missing:
        raise InputError(f'expected the joint {missing[0]}, got {", ".join(full)}.')
    return values[:, [full.index(name) for name in wanted]]


def _color(*names: str) -> list:
    """Orange for the right side, green for the left, blue for the middle and what crosses it."""
    if all(name.startswith('right') for name in names):
        return _RIGHT
    return _LEFT if all(name.startswith('left') for name in names) else _MIDDLE
