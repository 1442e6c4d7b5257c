"""Boxes from joints."""

import numpy as np


def joint_box(keypoints: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Tight box around the labelled joints of one person.

    Args:
        keypoints: (K, 2), pixels.
        labelled: (K,), bool.

    Returns:
        (4,): x1, y1, x2, y2 in pixels, float32.

    Raises:
        ValueError: If no joint is labelled.

    >>> joint_box(np.array([[1, 5], [4, 2], [9, 9]]), np.array([True, True, False]))
    array([1., 2., 4., 5.], dtype=float32)
    """
    if not labelled.any():
        raise ValueError('a person without a labelled joint has no box.')
    points = keypoints[labelled]
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)
