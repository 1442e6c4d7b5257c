"""The scalars that MMEngine's runs leave in a work dir."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from .weights_hook import PREFIX


class TrainingLog(NamedTuple):
    """Records of one work dir in the order of training, as MMEngine wrote them."""

    train: list[dict]
    val: list[dict]


def read_log(path: str | Path) -> TrainingLog:
    """Read all runs of a work dir, or one ``scalars.json``.

    A resumed run continues the one before it; records that both have are taken from the later.

    Args:
        path: A work dir, or a ``scalars.json``.

    Raises:
        FileNotFoundError: If there is no log.
        InputError: If the log holds no training record, or a line is not JSON.
    """
    log = TrainingLog([], [])
    for run in _read_runs(path):
        train = [record for record in run if 'loss' in record]
        # A validation outside of a training has step 0.
        val = [r for r in run if r.get('step') and 'loss' not in r and not _is_weights(r)]
        if train:
            _drop_from(log.train, 'iter', train[0]['iter'])
            _drop_from(log.val, 'step', train[0].get('epoch', train[0]['iter']))
        if val:
            # A resumed run begins with a validation that the one before it may have had.
            _drop_from(log.val, 'step', val[0]['step'])
        log.train.extend(train)
        log.val.extend(val)
    if not log.train:
        raise InputError(f'no training record in {path}: no iteration has been logged yet.')
    return log


def iterations_per_epoch(train: list[dict]) -> float:
    """Number of iterations that make an epoch, 1 if the log does not count epochs.

    >>> iterations_per_epoch([{'epoch': 1, 'iter': 20}, {'epoch': 3, 'iter': 146}])
    63.0
    >>> iterations_per_epoch([{'epoch': 1, 'iter': 20}, {'epoch': 1, 'iter': 40}])
    40.0
    """
    if not all('epoch' in record for record in train):
        return 1.0
    # Logged at the same places of every epoch, so the first records are whole epochs apart.
    first = {}
    for record in train:
        first.setdefault(record['epoch'], record['iter'])
    (start, iter_start), (end, iter_end) = list(first.items())[0], list(first.items())[-1]
    if start == end:
        return train[-1]['iter'] / end
    return (iter_end - iter_start) / (end - start)


def read_keypoint_weights(path: str | Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read what :class:`KeypointWeightsHook` wrote, in all runs that continue each other.

    Args:
        path: A work dir, or a ``scalars.json``.

    Returns:
        Iterations (T,), weights (T, J, K) and the names of the K joints.

    Raises:
        FileNotFoundError: If there is no log.
        InputError: If the log has no weights.
    """
    records = []
    for run in _read_runs(path):
        run = [record for record in run if _is_weights(record)]
        if run:
            _drop_from(records, 'step', run[0]['step'])
            records.extend(run)
    if not records:
        raise InputError(
            f'no weights in {path}: train with AdaptiveWeightedHeatmapLoss and '
            'custom_hooks holding dict(type="KeypointWeightsHook").'
        )
    keys = [key[len(PREFIX) :].split('/') for key in records[0] if key.startswith(PREFIX)]
    joints = list(dict.fromkeys(joint for _, joint in keys))
    stacks = list(dict.fromkeys(stack for stack, _ in keys))
    weights = [
        [[record[f'{PREFIX}{stack}/{joint}'] for joint in joints] for stack in stacks]
        for record in records
    ]
    return np.array([record['step'] for record in records]), np.array(weights), joints


def _read_runs(path: str | Path) -> list[list[dict]]:
    """Return the records of every run, in the order of their start."""
    path = Path(path)
    files = [path] if path.is_file() else sorted(path.glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(
            f'no log in {path}; expected a work dir of tools/train.py, with a file '
            'DATE_TIME/vis_data/scalars.json, or such a file.'
        )
    return [list(_records(file)) for file in files]


def _records(file: Path) -> Iterator[dict]:
    """Return the records of one run. The last line may be cut off by a kill or still be written."""
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise InputError(f'line {number} of {file} is not JSON: {error}') from error


def _drop_from(records: list[dict], key: str, first: int) -> None:
    """Remove the records that a run resumed at ``first`` repeats."""
    records[:] = [record for record in records if record[key] < first]


def _is_weights(record: dict) -> bool:
    """Whether :class:`KeypointWeightsHook` wrote a record."""
    return any(name.startswith(PREFIX) for name in record)
