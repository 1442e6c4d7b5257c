"""Curves of accuracy over the threshold."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..evaluation.keypoint_metric import CURVE_THRESHOLDS, KeypointMetric


def plot_pck(metrics: dict[str, list[KeypointMetric]], path: str | Path) -> None:
    """Draw a panel for each metric, and a curve for each run: the total over all joints.

    Args:
        metrics: Metrics of each run by its label; all runs have the same kinds, in one order, and
            have processed their samples.
        path: Picture to write; its suffix gives the format.
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
    figure.savefig(path, dpi=110)
