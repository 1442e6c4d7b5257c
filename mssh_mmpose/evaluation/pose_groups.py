"""The three kinds of people in the paper's Figs. 7-9: plain, twisted and occluded."""

from collections.abc import Sequence

import numpy as np

from .pck import UP, angles

GROUPS = ('plain', 'twisted', 'occluded')
BENT = 60
"""A joint with a smaller angle, in degrees, is bent."""
LEANING = 45
"""A trunk that is further from upright, in degrees, leans."""
_BENDS = (
    ('shoulder', 'elbow', 'wrist'),
    ('hip', 'knee', 'ankle'),
    ('shoulder', 'hip', 'knee'),
)


def pose_groups(
    keypoints: np.ndarray, labelled: np.ndarray, occluded: np.ndarray, joints: Sequence[str]
) -> np.ndarray:
    """Sort people into ``GROUPS``.

    Paper: joints that are 'not twisted' and 'not occluded' (Fig. 7), 'twisted' and 'not occluded'
    (Fig. 8), 'occluded or ... twisted' (Fig. 9), without a definition. Here: 'occluded' if a
    labelled joint is, else 'twisted' by :func:`is_twisted`, else 'plain'.

    Args:
        keypoints: True joints (N, K, 2), pixels.
        labelled: (N, K), bool.
        occluded: (N, K), bool.
        joints: Names of the K joints.

    Returns:
        Names of groups (N,).

    >>> names = ['left_shoulder', 'right_shoulder', 'left_hip', 'right_hip']
    >>> upright = [[10, 0], [0, 0], [10, 20], [0, 20]]
    >>> lying = [[0, 0], [0, 10], [20, 0], [20, 10]]
    >>> hidden = np.zeros((3, 4), bool)
    >>> hidden[2, 0] = True
    >>> people = np.array([upright, lying, lying], float)
    >>> pose_groups(people, np.ones((3, 4), bool), hidden, names).tolist()
    ['plain', 'twisted', 'occluded']
    """
    twisted = is_twisted(keypoints, labelled, joints)
    hidden = (labelled & occluded).any(axis=1)
    return np.select([hidden, twisted], ['occluded', 'twisted'], 'plain')


def is_twisted(keypoints: np.ndarray, labelled: np.ndarray, joints: Sequence[str]) -> np.ndarray:
    """Whether the trunk leans, or an elbow, hip or knee is bent; (N,), bool.

    Angles at unlabelled joints are ignored.

    Args:
        keypoints: True joints (N, K, 2), pixels.
        labelled: (N, K), bool.
        joints: Names of the K joints.
    """
    points = np.where(labelled[..., None], keypoints, np.nan)
    point = dict(zip(joints, np.moveaxis(points, 1, 0)))
    nowhere = np.full((len(points), 2), np.nan)

    def at(name: str) -> np.ndarray:
        return point.get(name, nowhere)

    def middle(name: str) -> np.ndarray:
        return (at(f'left_{name}') + at(f'right_{name}')) / 2

    twisted = angles(middle('shoulder') - middle('hip'), UP) > LEANING
    for side in ('left', 'right'):
        for names in _BENDS:
            start, corner, end = (at(f'{side}_{name}') for name in names)
            twisted |= angles(start - corner, end - corner) < BENT
    return twisted
