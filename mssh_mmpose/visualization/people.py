"""People and their joints, drawn into pictures."""

from collections.abc import Sequence

import cv2
import numpy as np

from ..structures import Person


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


def draw_skeleton(
    image: np.ndarray,
    keypoints: np.ndarray,
    metainfo: dict,
    shown: np.ndarray | None = None,
    hollow: np.ndarray | None = None,
    radius: int = 3,
) -> None:
    """Draw into an image, the right side orange, the left green.

    Args:
        image: (H, W, 3), uint8, BGR; changed.
        keypoints: (K, 2), pixels.
        metainfo: Parsed meta information of the data set (``dataset.metainfo``).
        shown: (K,), bool: joints that are drawn, by default those with finite coordinates.
        hollow: (K,), bool: joints drawn as rings, such as occluded ones; none by default.
        radius: Radius of a joint, pixels.
    """
    finite = np.isfinite(keypoints).all(axis=1)
    shown = finite if shown is None else finite & shown
    points = [(int(x), int(y)) for x, y in np.rint(np.where(finite[:, None], keypoints, 0))]
    for (a, b), color in zip(metainfo['skeleton_links'], metainfo['skeleton_link_colors']):
        if shown[a] and shown[b]:
            cv2.line(image, points[a], points[b], bgr(color), max(radius - 1, 1), cv2.LINE_AA)
    for k, (point, color) in enumerate(zip(points, metainfo['keypoint_colors'])):
        if not shown[k]:
            continue
        ring = hollow is not None and hollow[k]
        if ring:
            cv2.circle(image, point, radius, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(image, point, radius, bgr(color), 1 if ring else -1, cv2.LINE_AA)


def bgr(color: np.ndarray) -> tuple[int, int, int]:
    """Return an RGB colour in OpenCV's order."""
    red, green, blue = (int(value) for value in color)
    return blue, green, red
