"""Heatmaps of every stack, coarse to fine."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from ..errors import InputError
from ..grid import Grid
from ..structures import StackHeatmaps

ALL_JOINTS = 'all joints'
_TILE = 2.2  # inches
# Makes white lines visible on white pictures.
_EDGE = withStroke(linewidth=2.5, foreground='black')


def draw_stacks(found: StackHeatmaps, joints: Sequence[str], rows: Sequence[str]) -> Figure:
    """Draw the crop and the stacks' heatmaps, a row for each joint.

    On the crop a white line goes from the first stack's peak to the last stack's.
    Heatmaps are not smoothed: each pixel is a square. Colours are relative to the largest
    magnitude, which has a cross; its place and value are below. Negative values (occluded joints of
    signed heatmaps) are blue.

    Args:
        found: What :meth:`PoseModel.stack_heatmaps` returned.
        joints: Names of the K heatmaps (``PoseModel.joints``).
        rows: Names of the joints to draw, or ``ALL_JOINTS`` for the strongest at each pixel.

    Raises:
        InputError: If a joint has another name.
    """
    unknown = [name for name in rows if name != ALL_JOINTS and name not in joints]
    if unknown or not rows:
        raise InputError(
            f'no joint is called {", ".join(unknown) or "nothing"}; the network has '
            f'{", ".join(joints)}.'
        )
    columns = 1 + len(found.heatmaps)
    size = (_TILE * columns, (_TILE + 0.3) * len(rows))
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for row, name in zip(axes, rows):
        row[0].imshow(found.crop[..., ::-1])
        row[0].set_ylabel(name.replace('_', ' '))
        if name == ALL_JOINTS:
            for ax, stack in zip(row[1:], found.heatmaps):
                _draw_heatmap(ax, strongest(stack), found.crop, found.grid)
        else:
            heatmaps = [stack[joints.index(name)] for stack in found.heatmaps]
            _draw_joint(row, heatmaps, found.crop, found.grid)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
    for number, (ax, stack) in enumerate(zip(axes[0][1:], found.heatmaps), 1):
        ax.set_title(f'stack {number}: {stack.shape[2]} x {stack.shape[1]} px', fontsize=9)
    return figure


def _draw_joint(
    row: Sequence[Axes], heatmaps: Sequence[np.ndarray], crop: np.ndarray, grid: Grid
) -> None:
    """Draw the heatmaps of a joint and their peaks, and the peaks' path on the crop."""
    places = []
    for ax, heatmap in zip(row[1:], heatmaps):
        (left, step_x), (top, step_y) = _draw_heatmap(ax, heatmap, crop, grid)
        x, y = peak(heatmap)
        place = (left + x * step_x, top + y * step_y)
        ax.plot(*place, 'kx', markersize=5)
        ax.set_xlabel(f'({place[0]:.0f}, {place[1]:.0f}): {heatmap[y, x]:.2f}', fontsize=8)
        places.append(place)
    row[0].plot(*zip(*places), 'w.-', linewidth=1, path_effects=[_EDGE])
    row[0].plot(*places[-1], 'rx', markersize=6)


def strongest(heatmaps: np.ndarray) -> np.ndarray:
    """Return the value of the largest magnitude at each pixel: (K, H, W) -> (H, W).

    >>> strongest(np.array([[[0.5, -0.1]], [[-0.9, 0.0]]]))
    array([[-0.9, -0.1]])
    """
    chosen = np.abs(heatmaps).argmax(axis=0)
    return np.take_along_axis(heatmaps, chosen[None], axis=0)[0]


def peak(heatmap: np.ndarray) -> tuple[int, int]:
    """(x, y) of the largest magnitude of a heatmap (H, W).

    >>> peak(np.array([[0.0, 0.1], [0.0, 0.0], [-0.7, 0.0]]))
    (0, 2)
    """
    y, x = np.unravel_index(np.abs(heatmap).argmax(), heatmap.shape)
    return int(x), int(y)


def default_rows(joints: Sequence[str]) -> list[str]:
    """Return 'all joints' and the outer joints of the right arm and leg, if there are such."""
    limbs = ('right_elbow', 'right_wrist', 'right_knee', 'right_ankle')
    return [ALL_JOINTS, *(name for name in limbs if name in joints)]


def _draw_heatmap(
    ax: Axes, heatmap: np.ndarray, crop: np.ndarray, grid: Grid
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lay a heatmap over the grey crop; return the first place and the step of columns and rows."""
    (height, width), (rows, columns) = crop.shape[:2], heatmap.shape
    left, step_x = grid.first_and_step(columns, width)
    top, step_y = grid.first_and_step(rows, height)
    largest = max(np.abs(heatmap).max(), 1e-6)
    x, y = left - step_x / 2, top - step_y / 2  # of the map's corner
    ax.imshow(crop.mean(axis=2), cmap='gray', vmin=0, vmax=255)
    ax.imshow(
        heatmap,
        cmap='bwr',
        vmin=-largest,
        vmax=largest,
        alpha=0.9 * (np.abs(heatmap) / largest) ** 0.7,
        extent=(x, x + columns * step_x, y + rows * step_y, y),
        interpolation='nearest',
    )
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    return (left, step_x), (top, step_y)
