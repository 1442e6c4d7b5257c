"""Comparison of networks whose sets of joints differ, by the joints of limbs that all have."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..datasets.flags import read_flags
from ..datasets.metainfo import mirror_indices, pick_joints
from ..errors import InputError
from ..markdown import markdown_table
from .pck import NEAR, UP, angles, distances, percentage, relative_errors
from .predictions import add_predictions, dataset_joints, dataset_truth, read_predictions
from .statistics import paired_bootstrap

LIMB_JOINTS = tuple(
    f'{side}_{part}'
    for part in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    for side in ('right', 'left')
)
"""The 12 joints that LSP, MPII, COCO and most networks share."""

TORSO_ANGLES = (0, 30, 60, 120, 180)
"""Ends of the ranges of :func:`torso_angles` in degrees: upright, leaning, lying, upside down."""


class LimbScores(NamedTuple):
    """Scores of a network, in percent.

    Attributes:
        total: PCK over the 12 joints.
        by_part: PCK of shoulders, elbows, wrists, hips, knees and ankles.
        by_angle: PCK of the people of each range of torso angles.
        exchanged: People whose sides are exchanged.
    """

    total: float
    by_part: dict[str, float]
    by_angle: list[float]
    exchanged: float


def torso_angles(keypoints: np.ndarray) -> np.ndarray:
    """Angle between each person's torso and the vertical, 0-180 degrees: 0 upright, 90 lying.

    Args:
        keypoints: ``LIMB_JOINTS`` (N, 12, 2), pixels, y down.

    Returns:
        (N,), from the middle of the hips to the middle of the shoulders; nan if they coincide.

    >>> upright = np.zeros((1, 12, 2)); upright[0, LIMB_JOINTS.index('left_hip')] = (0, 10)
    >>> torso_angles(upright)
    array([0.])
    """
    middles = [
        keypoints[:, [LIMB_JOINTS.index(f'{side}_{part}') for side in ('left', 'right')]].mean(1)
        for part in ('hip', 'shoulder')
    ]
    return angles(middles[1] - middles[0], UP)


def torso_lengths(keypoints: np.ndarray) -> np.ndarray:
    """Return |left hip - right shoulder| (eq. 7) of ``LIMB_JOINTS`` (N, 12, 2), (N,), pixels."""
    hip, shoulder = (LIMB_JOINTS.index(name) for name in ('left_hip', 'right_shoulder'))
    return distances(keypoints[:, hip], keypoints[:, shoulder])


def mirror_limbs(values: np.ndarray) -> np.ndarray:
    """Exchange left and right in values of ``LIMB_JOINTS`` (N, 12, ...)."""
    return values[:, mirror_indices(LIMB_JOINTS)]


def sides_exchanged(pred: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Whether a person's prediction fits better after left and right are exchanged.

    Args:
        pred: Predicted ``LIMB_JOINTS`` (N, 12, 2), pixels; nan is infinitely far away.
        target: True ones (N, 12, 2), pixels.

    Returns:
        (N,), bool: whether the median distance over the joints is smaller after the exchange.
    """
    mirrored = mirror_limbs(pred)
    as_is, exchanged = (np.median(distances(each, target), axis=1) for each in (pred, mirrored))
    return exchanged < as_is


def limbs_found(pred: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Whether the joints are correct by PCK@0.2 (eq. 7), (N, 12), bool; see :func:`limb_scores`."""
    return relative_errors(pred, target, torso_lengths(target)) <= NEAR


def limb_scores(pred: np.ndarray, target: np.ndarray) -> LimbScores:
    """Score the joints of the limbs, relative to |left hip - right shoulder| (eq. 7).

    Args:
        pred: Predicted ``LIMB_JOINTS`` (N, 12, 2), pixels; nan where nobody was found.
        target: True ones (N, 12, 2), pixels, all labelled.
    """
    correct = limbs_found(pred, target)
    everything, leaning = np.ones_like(correct), torso_angles(target)
    parts = [name.partition('_')[2] for name in LIMB_JOINTS]
    ranges = list(zip(TORSO_ANGLES[:-1], TORSO_ANGLES[1:]))
    inside = [(low <= leaning) & ((leaning < high) | (high == 180)) for low, high in ranges]
    return LimbScores(
        total=percentage(correct, everything),
        by_part={
            part: percentage(correct, everything & (np.array(parts) == part))
            for part in dict.fromkeys(parts)
        },
        by_angle=[percentage(correct, everything & of[:, None]) for of in inside],
        exchanged=100 * float(sides_exchanged(pred, target).mean()),
    )


def read_limbs(path: str | Path, dataset: dict) -> tuple[np.ndarray, np.ndarray]:
    """Read predictions, and the ground truth of the same people.

    Args:
        path: As in :func:`read_predictions`.
        dataset: Config of the data set.

    Returns:
        Predicted and true ``LIMB_JOINTS``, both (N, 12, 2), pixels.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it holds something else, the predictions are of other people, or a person
            has a limb's joint without a label.
    """
    truth, names = dataset_truth(dataset), dataset_joints(dataset)
    people = [sample['gt_instances'] for sample in truth]
    target = np.concatenate([person['keypoints'] for person in people])
    flags = np.stack([read_flags(person['keypoints_visible'][0]).labelled for person in people])
    unlabelled = ~pick_joints(flags, names, LIMB_JOINTS).all(axis=1)
    if unlabelled.any():
        raise InputError(
            f'{unlabelled.sum()} of {len(people)} people have joints of limbs without a label: '
            'expected a data set where all are labelled, such as LSP.'
        )
    samples = add_predictions(truth, read_predictions(path, LIMB_JOINTS, unnamed=names))
    pred = np.concatenate([sample['pred_instances']['keypoints'] for sample in samples])
    return pred, pick_joints(target.astype(float), names, LIMB_JOINTS)


def comparison_tables(scores: dict[str, LimbScores]) -> str:
    """Return several networks' scores as Markdown: by joint, and by torso angle."""
    parts = list(next(iter(scores.values())).by_part)
    ranges = [f'{low}-{high}°' for low, high in zip(TORSO_ANGLES[:-1], TORSO_ANGLES[1:])]
    return '\n\n'.join(
        markdown_table(['PCK@0.2', *heads], [[name, *row(of)] for name, of in scores.items()])
        for heads, row in (
            (
                [*(part.capitalize() for part in parts), '12 joints', 'sides exchanged'],
                lambda of: [f'{v:.1f}' for v in (*of.by_part.values(), of.total, of.exchanged)],
            ),
            (ranges, lambda of: [f'{value:.1f}' for value in of.by_angle]),
        )
    )


def difference_table(found: dict[str, np.ndarray]) -> str:
    """Return how the first network differs from the others as Markdown, with 95 % intervals.

    Args:
        found: Numbers of correct limb joints per person (N,), by network.
    """
    (first, ours), *others = found.items()
    counts = np.full(len(ours), len(LIMB_JOINTS))
    rows = [
        [label, str(paired_bootstrap(ours[None], theirs[None], counts))] for label, theirs in others
    ]
    return markdown_table(
        [f'12 joints, {first} against', 'points, 95 % interval over people'], rows
    )
