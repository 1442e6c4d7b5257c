"""Predicted people in a picture."""

from collections.abc import Sequence

import numpy as np

from ..apis.model import Person
from .skeleton import draw_skeleton


def draw_people(
    image: np.ndarray, people: Sequence[Person], metainfo: dict, threshold: float = 0.3
) -> np.ndarray:
    """Draw skeletons, right side orange, left side green, occluded joints as rings.

    Args:
        image: (H, W, 3), uint8, BGR.
        people: Predictions for it.
        metainfo: Parsed meta information of the data set (``PoseModel.metainfo``).
        threshold: Joints of a lower score are not drawn.

    Returns:
        A copy of the image with the drawing.
    """
    picture = image.copy()
    for person in people:
        height = float(person.box[3] - person.box[1])
        draw_skeleton(
            picture,
            person.keypoints,
            metainfo,
            shown=person.scores >= threshold,
            hollow=None if person.visible is None else ~person.visible,
            radius=int(np.clip(height / 60, 2, 8)),
        )
    return picture
