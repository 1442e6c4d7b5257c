"""Training curves from the scalars that MMEngine logs."""

import re
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .keypoint_weights import is_weights
from .scalars import drop_from, read_runs

_TOTAL = re.compile(r'(.*/)?(PCKh?|PCP)(@[\d.]+)?')
_NOT_METRICS = ('step', 'time', 'data_time', 'memory')
_MAX_METRICS = 8


class TrainingLog(NamedTuple):
    """Records of one work dir in the order of training, as MMEngine wrote them."""

    train: list[dict]
    val: list[dict]


def read_log(path: str | Path) -> TrainingLog:
    """Read all runs of a work dir, or one ``scalars.json``.

    A resumed run continues the one before it; records that it repeats are taken from it.

    Args:
        path: A work dir, or a ``scalars.json``.

    Raises:
        FileNotFoundError: If there is no log.
        ValueError: If the log holds no training record, or a line is not JSON.
    """
    log = TrainingLog([], [])
    for run in read_runs(path):
        train = [record for record in run if 'loss' in record]
        if not train:
            continue
        drop_from(log.train, 'iter', train[0]['iter'])
        drop_from(log.val, 'step', train[0].get('epoch', train[0]['iter']))
        log.train.extend(train)
        log.val.extend(r for r in run if 'loss' not in r and not is_weights(r))
    if not log.train:
        raise ValueError(f'no training record in {path}: no iteration has been logged yet.')
    return log


def iterations_per_epoch(train: list[dict]) -> float:
    """Number of iterations that make an epoch, 1 if the log does not count epochs.

    >>> iterations_per_epoch([{'epoch': 1, 'iter': 20}, {'epoch': 3, 'iter': 146}])
    63.0
    >>> iterations_per_epoch([{'epoch': 1, 'iter': 20}, {'epoch': 1, 'iter': 40}])
    40.0
    """
    if 'epoch' not in train[0]:
        return 1.0
    # Logged at the same places of every epoch, so the first records are whole epochs apart.
    first = {}
    for record in train:
        first.setdefault(record['epoch'], record['iter'])
    (start, iter_start), (end, iter_end) = list(first.items())[0], list(first.items())[-1]
    if start == end:
        return train[-1]['iter'] / end
    return (iter_end - iter_start) / (end - start)


def total_metrics(val: list[dict]) -> list[str]:
    """Names of the metrics over all joints; of all metrics if none is known to be such.

    >>> total_metrics([{'Head PCK': 9.0, 'PCK': 8.0, 'time': 1.0, 'step': 1}])
    ['PCK']
    >>> total_metrics([{'lsp/Head PCK@0.2': 9.0, 'lsp/PCK@0.2': 8.0, 'step': 1}])
    ['lsp/PCK@0.2']
    """
    names = list(dict.fromkeys(name for record in val for name in record))
    names = [name for name in names if name not in _NOT_METRICS]
    return [name for name in names if _TOTAL.fullmatch(name)] or names[:_MAX_METRICS]


def plot_training(logs: dict[str, TrainingLog], path: str | Path) -> None:
    """Draw loss, training accuracy, validation metric and learning rate.

    Args:
        logs: Log of each run by its label. With one run the losses of all stacks are drawn, with
            several only their sums.
        path: Picture to write; its suffix gives the format.
    """
    figure = Figure(figsize=(12, 8), layout='constrained')
    axes = figure.subplots(2, 2)
    (loss, accuracy), (metric, rate) = axes
    for label, log in logs.items():
        prefix = f'{label}: ' if len(logs) > 1 else ''
        stacks = sorted({k for r in log.train for k in r if k.startswith('loss_')}, key=_natural)
        _plot(loss, log.train, 'loss', prefix + 'sum')
        for name in stacks if len(logs) == 1 else ():
            _plot(loss, log.train, name, name[len('loss_') :])
        _plot(accuracy, log.train, 'acc_pose', label)
        _plot(rate, log.train, 'lr', label)
        for name in total_metrics(log.val):
            values = [(r['step'], r[name]) for r in log.val if name in r]
            metric.plot(*zip(*values), marker='o', label=prefix + name)
    loss.set_yscale('log')
    loss.yaxis.set_major_formatter('{x:g}')
    loss.yaxis.set_minor_formatter('{x:g}')
    titles = ('training loss', 'training accuracy of the last stack (acc_pose)')
    titles += ('validation', 'learning rate')
    unit = 'epoch' if all('epoch' in log.train[0] for log in logs.values()) else 'iteration'
    for ax, title in zip(axes.flat, titles):
        _finish(ax, title, unit)
    figure.savefig(path, dpi=110)


def _natural(name: str) -> list:
    """Sort key by which stack10 follows stack9."""
    return [int(part) if part.isdigit() else part for part in re.split(r'(\d+)', name)]


def _plot(ax: Axes, train: list[dict], name: str, label: str) -> None:
    records = [record for record in train if name in record]
    if records:
        epoch = iterations_per_epoch(train)
        x = [record['iter'] / epoch for record in records]
        marker = 'o' if len(x) == 1 else None
        ax.plot(x, [record[name] for record in records], marker=marker, label=label)


def _finish(ax: Axes, title: str, unit: str) -> None:
    ax.set_title(title)
    ax.set_xlabel(unit)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3)
    if ax.lines:
        ax.legend()
    else:
        ax.set(xticks=[], yticks=[])
        ax.text(0.5, 0.5, 'not in the log', ha='center', transform=ax.transAxes)
