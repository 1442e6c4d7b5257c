"""Heat map of the adaptive loss's weights over training."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from .scalars import drop_from, read_runs

_PREFIX = 'keypoint_weight/stack'


def is_weights(record: dict) -> bool:
    """Tell whether :class:`KeypointWeightsHook` wrote a record of the log."""
    return any(name.startswith(_PREFIX) for name in record)


def read_keypoint_weights(path: str | Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read what :class:`KeypointWeightsHook` wrote, in all runs that continue each other.

    Args:
        path: A work dir, or a ``scalars.json``.

    Returns:
        Iterations (T,), weights (T, J, K) and the names of the K joints.

    Raises:
        FileNotFoundError: If there is no log.
        ValueError: If the log has no weights.
    """
    records = []
    for run in read_runs(path):
        run = [record for record in run if is_weights(record)]
        if run:
            drop_from(records, 'step', run[0]['step'])
            records.extend(run)
    if not records:
        raise ValueError(
            f'no weights in {path}: train with AdaptiveWeightedHeatmapLoss and '
            'custom_hooks holding dict(type="KeypointWeightsHook").'
        )
    keys = [key[len(_PREFIX) :].split('/') for key in records[0] if key.startswith(_PREFIX)]
    joints = list(dict.fromkeys(joint for _, joint in keys))
    stacks = list(dict.fromkeys(stack for stack, _ in keys))
    weights = [
        [[record[f'{_PREFIX}{stack}/{joint}'] for joint in joints] for stack in stacks]
        for record in records
    ]
    return np.array([record['step'] for record in records]), np.array(weights), joints


def plot_keypoint_weights(iterations: np.ndarray, weights: np.ndarray, joints: list[str]) -> Figure:
    """Draw one heat map per stack: joints by iterations, as a multiple of the equal weight.

    Args:
        iterations: (T,).
        weights: (T, J, K).
        joints: Names of the K joints.

    Returns:
        The figure.
    """
    relative = weights * len(joints)
    num_stacks = weights.shape[1]
    figure = Figure(figsize=(7, 0.25 * len(joints) * num_stacks + 1.5), layout='constrained')
    axes = figure.subplots(num_stacks, 1, sharex=True, squeeze=False)[:, 0]
    spread = max(np.abs(relative - 1).max(), 0.01)
    for j, axis in enumerate(axes):
        image = axis.imshow(
            relative[:, j].T,
            aspect='auto',
            interpolation='nearest',
            cmap='RdBu_r',
            vmin=1 - spread,
            vmax=1 + spread,
            extent=(iterations[0], iterations[-1] + 1, len(joints) - 0.5, -0.5),
        )
        axis.set_yticks(range(len(joints)), [joint.replace('_', ' ') for joint in joints])
        axis.tick_params(axis='y', labelsize=7)
        axis.set_title(f'stack {j + 1}', fontsize=9)
    axes[-1].set_xlabel('iteration')
    figure.colorbar(image, ax=axes, label='weight / equal weight')
    return figure
