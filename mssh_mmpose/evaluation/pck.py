"""Percentage of correct keypoints (eq. 7) and what follows from it, in NumPy.

Errors are relative: a distance in pixels divided by a reference length. A keypoint is correct at a
threshold if its error is not larger.
"""

from collections.abc import Sequence

import numpy as np

from ..errors import InputError

AUC_LIMIT = 0.5
"""The area under a curve is taken from threshold 0 to this one."""
NEAR = 0.2
"""Threshold of PCK@0.2: a share of the torso."""
UP = np.array([0.0, -1.0])
"""The direction in images, whose y is down."""


def relative_errors(pred: np.ndarray, target: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return distances from the truth as shares of a reference length (left side of eq. 7).

    Args:
        pred: Predicted keypoints (N, K, 2), pixels.
        target: True keypoints (N, K, 2), pixels.
        reference: Reference length of each person (N,), pixels.

    Returns:
        (N, K), float64; infinite where a prediction is not finite.

    Raises:
        InputError: If shapes disagree or a reference length is not positive.

    >>> truth = np.array([[[0.0, 0.0], [10.0, 0.0]]])
    >>> relative_errors(truth + [[[1.0, 0.0], [3.0, 4.0]]], truth, np.array([10.0]))
    array([[0.1, 0.5]])
    """
    if pred.shape != target.shape or reference.shape != pred.shape[:1]:
        raise InputError(
            'expected pred and target (N, K, 2) and reference (N,), got '
            f'{pred.shape}, {target.shape} and {reference.shape}.'
        )
    if not (reference > 0).all():  # nan is not either
        wrong = np.flatnonzero(~(reference > 0))[0]
        raise InputError(
            f'reference lengths must be positive, got {reference[wrong]} for person {wrong}.'
        )
    return distances(pred, target) / reference[:, None]


def distances(pred: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Euclidean distances (...,), float64, of points (..., 2); infinite where one is not finite.

    >>> distances(np.array([[3.0, 4.0], [np.nan, 0.0]]), np.zeros((2, 2)))
    array([ 5., inf])
    """
    offsets = np.asarray(pred, dtype=np.float64) - np.asarray(target, dtype=np.float64)
    found = np.linalg.norm(np.where(np.isfinite(offsets), offsets, np.inf), axis=-1)
    return np.where(np.isfinite(offsets).all(axis=-1), found, np.inf)


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the angles between vectors (..., 2) in degrees; nan if one has no length.

    >>> angles(np.array([[0.0, -1.0], [1.0, 1.0]]), np.array([0.0, -2.0])).round(1).tolist()
    [0.0, 135.0]
    """
    cross = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    found = np.degrees(np.arctan2(np.abs(cross), (a * b).sum(axis=-1)))
    return np.where((a != 0).any(axis=-1) & (b != 0).any(axis=-1), found, np.nan)


def box_sides(keypoints: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Return the longest side of each person's box around labelled keypoints (N,), or 0.

    Args:
        keypoints: (N, K, 2), pixels.
        labelled: (N, K), bool.

    >>> box_sides(np.array([[[1.0, 2.0], [4.0, 9.0], [0.0, 0.0]]]), np.array([[True, True, False]]))
    array([7.])
    """
    labelled = labelled[..., None]
    low = np.where(labelled, keypoints, np.inf).min(axis=1)
    high = np.where(labelled, keypoints, -np.inf).max(axis=1)
    return np.maximum(high - low, 0).max(axis=-1)


def percentage(correct: np.ndarray, counted: np.ndarray) -> float:
    """Percentage of ``correct`` among ``counted`` (bool arrays of one shape); nan if none is.

    >>> percentage(np.array([True, False, True]), np.array([True, True, False]))
    50.0
    """
    return float(100 * correct[counted].mean()) if counted.any() else float('nan')


def mean_percentage(correct: np.ndarray, counted: np.ndarray) -> float:
    """Mean over columns of their percentages, as MPII scores left and right joints; nan if none.

    >>> counted = np.array([[True, True], [True, False], [True, False], [True, False]])
    >>> mean_percentage(np.array([[True, True]] + 3 * [[False, True]]), counted)
    62.5
    """
    columns = [percentage(correct[:, k], counted[:, k]) for k in range(correct.shape[1])]
    known = [column for column in columns if not np.isnan(column)]
    return float(np.mean(known)) if known else float('nan')


def area_under_curve(errors: np.ndarray, counted: np.ndarray) -> float:
    """Mean percentage of correct keypoints over all thresholds from 0 to 0.5; nan if none counts.

    A keypoint with error e is correct at a share 1 - e / 0.5 of these thresholds, so the integral
    needs no steps.

    Args:
        errors: Relative errors, any shape.
        counted: Keypoints that count, bool, the same shape.

    >>> area_under_curve(np.array([0.0, 0.25, 0.7]), np.ones(3, bool))
    50.0
    """
    if not counted.any():
        return float('nan')
    return float(100 * np.clip(1 - errors[counted] / AUC_LIMIT, 0, 1).mean())


def accuracy_curve(
    errors: np.ndarray, counted: np.ndarray, thresholds: Sequence[float]
) -> np.ndarray:
    """Return the percentage of correct keypoints at each threshold (T,).

    Args:
        errors: Relative errors, any shape.
        counted: Keypoints that count, bool, the same shape.
        thresholds: T shares of the reference length.

    >>> accuracy_curve(np.array([0.0, 0.25, 0.7]), np.ones(3, bool), [0.1, 0.25]).round(1)
    array([33.3, 66.7])
    """
    return np.array([percentage(errors <= threshold, counted) for threshold in thresholds])


def summarize(
    name: str,
    errors: np.ndarray,
    labelled: np.ndarray,
    visible: np.ndarray | None,
    groups: dict[str, Sequence[int]],
    total: Sequence[int],
    thresholds: Sequence[float],
) -> dict[str, float]:
    """Return the scores of a metric in percent, with the thresholds in their names.

    Args:
        name: Name of the metric, such as 'PCK'.
        errors: Relative errors (N, K).
        labelled: (N, K), bool.
        visible: (N, K), bool, or None where it is not known.
        groups: Columns that a group consists of; its score is the mean of theirs.
        total: Columns over which the total is taken, each keypoint alike.
        thresholds: Shares of the reference length.

    Returns:
        ``<group> <name>@t``, ``<name>@t``, ``<name>@t (visible)``, ..., ``<name> AUC@0-0.5``.

    >>> errors, labels = np.array([[0.0, 0.25]]), np.ones((1, 2), bool)
    >>> summarize('PCK', errors, labels, None, {'Hip': [0]}, [0, 1], [0.2])
    {'Hip PCK@0.2': 100.0, 'PCK@0.2': 50.0, 'PCK AUC@0-0.5': 75.0}
    """
    scores, total = {}, list(total)
    for threshold in thresholds:
        correct, key = errors <= threshold, f'{name}@{threshold:g}'
        for group, columns in groups.items():
            columns = list(columns)
            scores[f'{group} {key}'] = mean_percentage(correct[:, columns], labelled[:, columns])
        scores[key] = percentage(correct[:, total], labelled[:, total])
        if visible is not None:
            for split, flags in (('visible', visible), ('occluded', ~visible)):
                counted = (labelled & flags)[:, total]
                scores[f'{key} ({split})'] = percentage(correct[:, total], counted)
    scores[f'{name} AUC@0-{AUC_LIMIT:g}'] = area_under_curve(errors[:, total], labelled[:, total])
    return scores
