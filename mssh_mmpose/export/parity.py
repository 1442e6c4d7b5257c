"""Comparison of an exported network with PyTorch."""

from collections.abc import Sequence

import numpy as np
import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from torch import Tensor

from ..errors import InputError, RunError
from .network import CONTINUOUS, HEATMAPS, decoded_heatmaps
from .runtimes import Function

TOLERANCE = 1e-4
"""Largest difference of a heatmap's value or a score, as a part of the largest value above 1."""
MAX_SHARE = 0.01
"""Largest share of keypoints in other places: of neighbours that are equal but for rounding, each
runtime may take another one for the higher."""
_BATCH = 16


@torch.no_grad()
def reference_outputs(
    estimator: TopdownPoseEstimator, images: Tensor, names: Sequence[str]
) -> list[np.ndarray]:
    """Return the estimator's own outputs for crops, without flip test.

    Args:
        estimator: The network.
        images: (N, 3, H, W), uint8, BGR.
        names: Outputs of the exported network: heatmaps, or keypoints, scores, ...
    """
    heatmaps = []
    for part in images.split(_BATCH):
        data = estimator.data_preprocessor(dict(inputs=list(part), data_samples=[]))
        heatmaps.append(decoded_heatmaps(estimator, data['inputs']))
    heatmaps = torch.cat(heatmaps).float().numpy()
    if tuple(names) == HEATMAPS:
        return [heatmaps]
    people = [estimator.head.decoder.decode(maps) for maps in heatmaps]
    keypoints = np.concatenate([person[0] for person in people])
    others = [person[1] if isinstance(person[1], tuple) else (person[1],) for person in people]
    return [keypoints, *(np.concatenate(values) for values in zip(*others))]


def run_batches(function: Function, images: Tensor) -> list[np.ndarray]:
    """Run a runtime's function on images (N, 3, H, W) batch by batch and join the outputs."""
    outputs = [function(part.numpy()) for part in images.split(_BATCH)]
    return [np.concatenate(parts) for parts in zip(*outputs)]


def compare(
    outputs: Sequence[np.ndarray], reference: Sequence[np.ndarray], names: Sequence[str]
) -> dict[str, float]:
    """Return the largest difference of heatmaps and scores, and the share of others that differ.

    The difference is relative where values are above 1: ``MegviiHeatmap`` has peaks of 255.

    Raises:
        InputError: If a shape differs or a value is not finite.

    Examples:
        >>> compare([np.array([[1.5, 2.0]])], [np.array([[1.0, 2.0]])], ['scores'])
        {'scores': 0.25}
        >>> keypoints = np.zeros((1, 4, 2)), np.array([[[0, 0], [2, 0], [0, 0], [0, 0]]])
        >>> compare(keypoints[:1], keypoints[1:], ['keypoints'])
        {'keypoints': 0.25}
    """
    result = {}
    for output, expected, name in zip(outputs, reference, names):
        if output.shape != expected.shape or not np.isfinite(output).all():
            raise InputError(
                f'{name}: expected finite values of shape {expected.shape}, got shape '
                f'{output.shape}, {np.isfinite(output).mean():.0%} of the values finite.'
            )
        difference = np.abs(output - expected.astype(np.float64))
        if name in CONTINUOUS:
            result[name] = float(difference.max() / max(np.abs(expected).max(), 1))
        else:
            moved = difference > 1e-3
            result[name] = float((moved.any(-1) if name == 'keypoints' else moved).mean())
    return result


def check_parity(differences: dict[str, float]) -> None:
    """Raise RunError if a result of :func:`compare` is too large, naming the limit.

    Examples:
        >>> check_parity({'scores': 1e-6, 'keypoints': 0.0})
    """
    for name, value in differences.items():
        if name in CONTINUOUS and value > TOLERANCE:
            raise RunError(
                f'{name} differ from those of PyTorch by up to {value:.2g}, more than {TOLERANCE:g}'
            )
        if name not in CONTINUOUS and value > MAX_SHARE:
            raise RunError(
                f'{value:.1%} of {name} differ from those of PyTorch, more than {MAX_SHARE:.0%}'
            )
