"""Labels whose left and right are exchanged, found with a network that has not seen them."""

from typing import NamedTuple

import numpy as np

from .comparison import mirror_limbs, torso_lengths
from .pck import NEAR, distances

_MOST, _LEAST_JOINTS = 0.75, 6


class Verdicts(NamedTuple):
    """What a prediction says about labels.

    Attributes:
        decidable: Whether enough joints tell the sides apart, (N,), bool.
        exchanged: Whether they say that left and right labels are exchanged, (N,), bool.
    """

    decidable: np.ndarray
    exchanged: np.ndarray


def judge_labels(pred: np.ndarray, target: np.ndarray, labelled: np.ndarray) -> Verdicts:
    """Compare predictions with labels and with the labels of the other side.

    A joint tells if both sides are labelled and more than 0.4 of the torso apart, so that a
    prediction cannot be near both. Labels are exchanged if at least 6 joints tell, and at least
    three quarters of these are predicted at the other side's label.

    Args:
        pred: Predicted ``LIMB_JOINTS`` (N, 12, 2), pixels.
        target: Labels (N, 12, 2), pixels.
        labelled: (N, 12), bool.
    """
    other = mirror_limbs(target)
    torso = np.maximum(torso_lengths(target), torso_lengths(other))[:, None]
    telling = labelled & mirror_limbs(labelled) & (distances(target, other) > 2 * NEAR * torso)
    at_other = (telling & (distances(pred, other) <= NEAR * torso)).sum(axis=1)
    number = telling.sum(axis=1)
    decidable = number >= _LEAST_JOINTS
    return Verdicts(decidable, decidable & (at_other >= _MOST * number))
