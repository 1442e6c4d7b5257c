"""Heat map of the adaptive loss's weights over training."""

import json
from pathlib import Path
from typing import Dict, List, Tuple, Union

import numpy as np
from matplotlib.figure import Figure

_PREFIX = 'keypoint_weight/stack'


def read_keypoint_weights(path: Union[str, Path]) -> Tuple[np.ndarray, np.ndarray, List[str]]:
    """Read what :class:`KeypointWeightsHook` wrote.

    Args:
        path: A work dir, of which the last run counts, or a ``scalars.json``.

    Returns:
        Iterations (T,), weights (T, J, K) and the names of the K joints.

    Raises:
        FileNotFoundError: If there is no log.
        ValueError: If the log has no weights.
    """
    path = Path(path)
    files = [path] if path.is_file() else sorted(path.glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(f'no log in {path}; expected a work dir or a scalars.json.')
    records: Dict[int, dict] = {}
    for line in files[-1].read_text().splitlines():
        # The last line of a run that was killed may be cut off.
        if _PREFIX in line and line.endswith('}'):
            record = json.loads(line)
            records[record['step']] = record
    if not records:
        raise ValueError(
            f'no weights in {files[-1]}: train with AdaptiveWeightedHeatmapLoss and '
            'custom_hooks holding dict(type="KeypointWeightsHook").'
        )
    first = next(iter(records.values()))
    keys = [key[len(_PREFIX) :].split('/') for key in first if key.startswith(_PREFIX)]
    joints = list(dict.fromkeys(joint for _, joint in keys))
    stacks = list(dict.fromkeys(stack for stack, _ in keys))
    weights = [
        [[record[f'{_PREFIX}{stack}/{joint}'] for joint in joints] for stack in stacks]
        for record in records.values()
    ]
    return np.array(list(records)), np.array(weights), joints


def plot_keypoint_weights(iterations: np.ndarray, weights: np.ndarray, joints: List[str]) -> Figure:
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
