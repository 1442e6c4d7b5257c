"""What a network says about people in a picture."""

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
