"""Predictions of a network for a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


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


class StackHeatmaps(NamedTuple):
    """Heatmaps of every stack for one person.

    Attributes:
        crop: (h, w, 3), uint8, BGR: what the network sees.
        heatmaps: Per stack, coarse to fine, (K, H_j, W_j), float32; they cover the crop.
    """

    crop: np.ndarray
    heatmaps: list[np.ndarray]


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
