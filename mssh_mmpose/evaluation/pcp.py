"""Percentage of correct parts (section 5.1.2), in NumPy."""

from collections.abc import Sequence

import numpy as np

from ..datasets.lsp_meta import LSP_JOINTS
from ..errors import InputError
from .pck import distances

End = tuple[str, ...]
"""An end of a stick: one joint, or the mean of several."""

_HIPS, _SHOULDERS = ('right_hip', 'left_hip'), ('right_shoulder', 'left_shoulder')
_TORSO_TOPS = {'neck': ('neck',), 'shoulders': _SHOULDERS}


def lsp_sticks(torso_top: str = 'neck') -> dict[str, list[tuple[End, End]]]:
    """Return the 10 sticks of LSP in the groups of the paper's Table 3.

    Paper: does not say where the torso ends. Here: it goes from the middle of the hips to the
    neck, because LSP labels a neck; with ``torso_top='shoulders'`` to the middle of the shoulders.

    Raises:
        InputError: For another ``torso_top``.

    >>> lsp_sticks()['Torso']
    [(('right_hip', 'left_hip'), ('neck',))]
    >>> sum(len(sticks) for sticks in lsp_sticks().values())
    10
    """
    if torso_top not in _TORSO_TOPS:
        raise InputError(f'torso_top must be one of {list(_TORSO_TOPS)}, got {torso_top!r}.')
    limbs = {
        'U.Leg': ('hip', 'knee'),
        'L.Leg': ('knee', 'ankle'),
        'U.Arm': ('shoulder', 'elbow'),
        'Forearm': ('elbow', 'wrist'),
    }
    sticks = {
        group: [((f'{side}_{a}',), (f'{side}_{b}',)) for side in ('right', 'left')]
        for group, (a, b) in limbs.items()
    }
    torso = {'Torso': [(_HIPS, _TORSO_TOPS[torso_top])]}
    return {**torso, **sticks, 'Head': [(('neck',), ('head_top',))]}


def stick_ends(keypoints: np.ndarray, sticks: Sequence[tuple[End, End]]) -> np.ndarray:
    """Return the ends of S sticks, (N, S, 2, 2): person, stick, end, x and y.

    Args:
        keypoints: (N, 14, 2), pixels, LSP's joints.
        sticks: S pairs of ends.
    """
    keypoints = np.asarray(keypoints, dtype=np.float64)
    places = [
        [keypoints[:, [LSP_JOINTS.index(joint) for joint in end]].mean(axis=1) for end in stick]
        for stick in sticks
    ]
    return np.moveaxis(np.array(places), 2, 0)


def stick_flags(flags: np.ndarray, sticks: Sequence[tuple[End, End]]) -> np.ndarray:
    """Whether all joints of a stick have a flag: (N, S), bool, of (N, 14), bool."""
    columns = [[LSP_JOINTS.index(joint) for end in stick for joint in end] for stick in sticks]
    return np.stack([flags[:, joints].all(axis=1) for joints in columns], axis=1)


def stick_errors(pred: np.ndarray, target: np.ndarray, strict: bool = True) -> np.ndarray:
    """Return errors of sticks as shares of their true length; PCP@0.5 counts those up to 0.5.

    Paper: 'within half of the part length', both ends, and mentions the older average of the ends.
    Here: both, ``strict`` or not.

    Args:
        pred: Predicted ends (N, S, 2, 2) of :func:`stick_ends`, pixels.
        target: True ends (N, S, 2, 2), pixels.
        strict: Take the worse end; otherwise the mean of both.

    Returns:
        (N, S), float64. A stick of length zero has error 0 if both ends are exact, and is never
        correct otherwise: the limit of ever shorter sticks.

    Raises:
        InputError: If the shapes disagree.

    >>> truth = np.array([[[[0.0, 0.0], [10.0, 0.0]]]])
    >>> pred = truth + [[[[0.0, 1.0], [0.0, 7.0]]]]
    >>> stick_errors(pred, truth), stick_errors(pred, truth, strict=False)
    (array([[0.7]]), array([[0.4]]))
    """
    if pred.shape != target.shape or pred.shape[2:] != (2, 2):
        raise InputError(
            f'expected pred and target (N, S, 2, 2), got {pred.shape} and {target.shape}.'
        )
    ends = distances(pred, target)
    found = ends.max(axis=-1) if strict else ends.mean(axis=-1)
    length = distances(target[:, :, 0], target[:, :, 1])
    exact = np.where(found == 0, 0.0, np.inf)
    return np.where(length > 0, found / np.where(length > 0, length, 1), exact)
