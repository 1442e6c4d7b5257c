"""Predictions of a network for a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .grid import Grid

CONFIDENT_SCORE = 0.2
"""Chosen by tools/choose_confidence.py on training people; see docs/inference.md."""

FEW_JOINTS = 'few joints found with confidence: is one whole person in the box?'


@dataclass(frozen=True)
class Person:
    """Prediction for one person.

    Attributes:
        keypoints: (K, 2), pixels of the image.
        scores: (K,), heights of the heatmaps' peaks.
        visible: (K,), bool: not occluded; None if the network does not predict it.
        box: (4,): x1, y1, x2, y2 in pixels, where the person was looked for.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    visible: np.ndarray | None
    box: np.ndarray


def few_joints_found(person: Person, threshold: float = CONFIDENT_SCORE) -> bool:
    """Return whether most joints have a low score, as in a box without one whole person.

    >>> person = Person(np.zeros((3, 2)), np.array([0.1, 0.15, 0.9]), None, np.zeros(4))
    >>> few_joints_found(person), few_joints_found(person, threshold=0.12)
    (True, False)
    """
    return bool((person.scores < threshold).mean() > 0.5)


def note_of_few_joints(people: Sequence[Person]) -> str | None:
    """Return the few-joints warning for these people, or None if nobody needs one."""
    numbers = [str(number) for number, one in enumerate(people, 1) if few_joints_found(one)]
    which = f'person {", ".join(numbers)}: ' if len(people) > 1 else ''
    return f'{which}{FEW_JOINTS}' if numbers else None


class StackHeatmaps(NamedTuple):
    """Heatmaps of every stack for one person.

    Attributes:
        crop: (h, w, 3), uint8, BGR: what the network sees.
        heatmaps: Per stack, coarse to fine, (K, H_j, W_j), float32; they cover the crop.
        grid: How they lie over it.
    """

    crop: np.ndarray
    heatmaps: list[np.ndarray]
    grid: Grid = Grid.STRIDES


def to_instances(people: Sequence[Person]) -> list[dict]:
    """Return the people of a picture in the format of MMPose's inferencer."""
    instances = []
    for person in people:
        instance = dict(
            keypoints=person.keypoints.tolist(),
            keypoint_scores=person.scores.tolist(),
            bbox=[person.box.tolist()],
            bbox_score=1.0,
        )
        if person.visible is not None:
            instance['keypoints_visible'] = person.visible.astype(int).tolist()
        instances.append(instance)
    return instances
