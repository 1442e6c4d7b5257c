"""Percentage of correct keypoints (eq. 7), in NumPy."""

import numpy as np


def pck_correct(
    pred: np.ndarray, target: np.ndarray, normalizer: np.ndarray, threshold: float
) -> np.ndarray:
    """Which keypoints lie within a share of the normaliser from the truth (eq. 7).

    Args:
        pred: Predicted keypoints (N, K, 2), pixels.
        target: True keypoints (N, K, 2), pixels.
        normalizer: Reference length of each person (N,), pixels.
        threshold: Share of the reference length.

    Returns:
        (N, K), bool.

    Raises:
        ValueError: If shapes disagree or a reference length is not positive.

    >>> truth = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    >>> pck_correct(truth + [[[1.0, 0.0], [3.0, 0.0]]], truth, np.array([10.0]), 0.2)
    array([[ True, False]])
    """
    if pred.shape != target.shape or normalizer.shape != pred.shape[:1]:
        raise ValueError(
            'expected pred and target (N, K, 2) and normalizer (N,), got '
            f'{pred.shape}, {target.shape} and {normalizer.shape}.'
        )
    if not (normalizer > 0).all():  # nan is not either
        raise ValueError(f'reference lengths must be positive, got {normalizer.min()}.')
    distance = np.linalg.norm(pred - target, axis=-1)
    return distance <= threshold * normalizer[:, None]


def percentage(correct: np.ndarray, counted: np.ndarray) -> float:
    """Percentage of ``correct`` among ``counted`` (bool arrays of one shape); nan if none is.

    >>> percentage(np.array([True, False, True]), np.array([True, True, False]))
    50.0
    """
    return float(100 * correct[counted].mean()) if counted.any() else float('nan')
