"""Scores of predicted occlusion, in NumPy."""

import numpy as np

from ..errors import InputError


def occlusion_scores(
    pred_occluded: np.ndarray, occluded: np.ndarray, labelled: np.ndarray
) -> dict[str, float]:
    """Return precision, recall and F1 of 'occluded' over the labelled joints.

    Args:
        pred_occluded: Prediction, bool, any shape.
        occluded: Truth, bool, the same shape.
        labelled: Joints that count, bool, the same shape.

    Returns:
        ``precision``, ``recall`` and ``F1`` in percent; 0 where a ratio has no denominator.

    Raises:
        InputError: If the shapes disagree.

    >>> truth = np.array([True, True, False, False])
    >>> occlusion_scores(np.array([True, False, True, False]), truth, np.ones(4, bool))
    {'precision': 50.0, 'recall': 50.0, 'F1': 50.0}
    """
    if not pred_occluded.shape == occluded.shape == labelled.shape:
        raise InputError(
            'expected three arrays of one shape, got '
            f'{pred_occluded.shape}, {occluded.shape} and {labelled.shape}.'
        )
    pred_occluded, occluded = pred_occluded & labelled, occluded & labelled
    hits, found, true = (a.sum() for a in (pred_occluded & occluded, pred_occluded, occluded))
    return dict(
        precision=float(100 * hits / max(found, 1)),
        recall=float(100 * hits / max(true, 1)),
        F1=float(200 * hits / max(found + true, 1)),
    )


def baseline_scores(occluded: np.ndarray, labelled: np.ndarray) -> dict[str, float]:
    """Return the expected F1 of three guesses that do not look at the image, in percent.

    Args:
        occluded: Truth, bool.
        labelled: Joints that count, bool, the same shape.

    Returns:
        F1 of guessing always visible, always occluded, and occluded at random at the true rate
        (expected precision and recall are then the rate, and so is F1).

    >>> baseline_scores(np.array([True, False, False, False]), np.ones(4, bool))
    {'always visible': 0.0, 'always occluded': 40.0, 'random by rate': 25.0}
    """
    always = np.ones_like(occluded)
    return {
        'always visible': occlusion_scores(~always, occluded, labelled)['F1'],
        'always occluded': occlusion_scores(always, occluded, labelled)['F1'],
        'random by rate': float(100 * occluded[labelled].mean()) if labelled.any() else 0.0,
    }
