"""Curves of trainings, of the adaptive loss's weights and of accuracy over its threshold."""

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..engine.logs import TrainingLog, iterations_per_epoch
from ..errors import InputError
from ..evaluation.keypoint_metric import CURVE_THRESHOLDS, KeypointMetric

_TOTAL = re.compile(r'(.*/)?(PCKh?(-box)?|PCP(-mean)?)(@[\d.]+)?')
_NOT_METRICS = ('step', 'time', 'data_time', 'memory')
_MAX_METRICS = 8


def total_metrics(val: list[dict]) -> list[str]:
    """Return the names of the metrics over all joints; all names if none is known.

    >>> total_metrics([{'Head PCK': 9.0, 'PCK': 8.0, 'time': 1.0, 'step': 1}])
    ['PCK']
    >>> total_metrics([{'lsp/Head PCK@0.2': 9.0, 'lsp/PCK@0.2': 8.0, 'step': 1}])
    ['lsp/PCK@0.2']
    >>> total_metrics([{'lsp/PCK-box@0.2': 9.0, 'lsp/PCP@0.5': 8.0, 'step': 1}])
    ['lsp/PCK-box@0.2', 'lsp/PCP@0.5']
    """
    names = list(dict.fromkeys(name for record in val for name in record))
    names = [name for name in names if name not in _NOT_METRICS]
    return [name for name in names if _TOTAL.fullmatch(name)] or names[:_MAX_METRICS]


def plot_training(logs: dict[str, TrainingLog]) -> Figure:
    """Draw loss, training accuracy, validation metric and learning rate.

    Args:
        logs: Log of each run by its label. With one run the losses of all stacks are drawn, with
            several only their sums.

    Raises:
        InputError: If some count epochs and others only iterations.
    """
    counted = {label: all('epoch' in record for record in log.train) for label, log in logs.items()}
    if len(set(counted.values())) > 1:
        by_epoch, others = ([n for n in logs if counted[n] is kind] for kind in (True, False))
        raise InputError(
            f'{", ".join(by_epoch)} counted epochs, {", ".join(others)} only iterations: expected '
            'runs that can share an axis; draw them apart.'
        )
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
    unit = 'epoch' if all(counted.values()) else 'iteration'
    for ax, title in zip(axes.flat, titles):
        _finish(ax, title, unit)
    return figure


def plot_pck(metrics: dict[str, list[KeypointMetric]]) -> Figure:
    """Draw a panel for each metric, and a curve for each run: the total over all joints.

    Args:
        metrics: Metrics of each run by its label; all runs have the same kinds, in one order, and
            have processed their samples.
    """
    kinds = next(iter(metrics.values()))
    figure = Figure(figsize=(6 * len(kinds), 5), layout='constrained')
    axes = np.ravel(figure.subplots(1, len(kinds)))
    for i, (ax, kind) in enumerate(zip(axes, kinds)):
        for label, run in metrics.items():
            curve, area = run[i].curve()
            ax.plot(CURVE_THRESHOLDS, curve, label=f'{label} (area {area:.1f})')
        for threshold in kind.thresholds:
            ax.axvline(threshold, color='grey', linewidth=0.8, linestyle=':')
        ax.set(xlim=(0, CURVE_THRESHOLDS[-1]), ylim=(0, 100), title=f'{kind.name}, all joints')
        ax.set(xlabel='threshold (share of the reference length)', ylabel='correct (%)')
        ax.yaxis.set_major_locator(MaxNLocator(10))
        ax.grid(alpha=0.3)
        ax.legend(loc='lower right')
    return figure


def plot_keypoint_weights(iterations: np.ndarray, weights: np.ndarray, joints: list[str]) -> Figure:
    """Draw one heat map per stack: joints by iterations, in multiples of the equal weight.

    Args:
        iterations: (T,).
        weights: (T, J, K).
        joints: Names of the K joints.
    """
    relative = weights * len(joints)
    num_stacks = weights.shape[1]
    figure = Figure(figsize=(7, 0.25 * len(joints) * num_stacks + 1.5), layout='constrained')
    axes = figure.subplots(num_stacks, 1, sharex=True, squeeze=False)[:, 0]
    reach = max(np.abs(relative - 1).max(), 0.01)
    for j, axis in enumerate(axes):
        image = axis.imshow(
            relative[:, j].T,
            aspect='auto',
            interpolation='nearest',
            cmap='RdBu_r',
            vmin=1 - reach,
            vmax=1 + reach,
            extent=(iterations[0], iterations[-1] + 1, len(joints) - 0.5, -0.5),
        )
        axis.set_yticks(range(len(joints)), [joint.replace('_', ' ') for joint in joints])
        axis.tick_params(axis='y', labelsize=7)
        axis.set_title(f'stack {j + 1}', fontsize=9)
    axes[-1].set_xlabel('iteration')
    figure.colorbar(image, ax=axes, label='weight / equal weight')
    return figure


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
