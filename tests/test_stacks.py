"""Pictures of every stack's heatmaps."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mssh_mmpose.apis import StackHeatmaps
from mssh_mmpose.datasets.synthetic import render_scene
from mssh_mmpose.grid import Grid
from mssh_mmpose.visualization.stacks import ALL_JOINTS, default_rows, draw_stacks

ROOT = Path(__file__).parents[1]
JOINTS = ('head_top', 'right_wrist')


def stacks(value):
    """Joint 1 at (32, 48) of a crop of 64 px in both stacks, of 16 and 32 px."""
    coarse, fine = np.zeros((2, 16, 16), np.float32), np.zeros((2, 32, 32), np.float32)
    coarse[1, 12, 8] = fine[1, 24, 16] = value
    return StackHeatmaps(np.full((64, 64, 3), 128, np.uint8), [coarse, fine])


def colour(ax):
    """RGBA of the heatmap's peak, which lies at (32, 48) of the crop."""
    image = ax.images[-1]
    left, right, bottom, top = image.get_extent()
    assert (left + right) / 2 < 32 and bottom - top == 64  # half a pixel up and to the left
    values = image.get_array()
    rows, columns = values.shape
    x, y = int((32 - left) / 64 * columns), int((48 - top) / 64 * rows)
    return image.cmap(image.norm(values[y, x])), image.get_alpha()[y, x]


@pytest.mark.parametrize('value, rgb', [(0.4, (1, 0, 0)), (-0.4, (0, 0, 1))])
def test_peaks_are_red_and_occluded_ones_blue_in_every_stack(value, rgb):
    figure = draw_stacks(stacks(value), JOINTS, ['right_wrist'])
    _, *axes = figure.axes
    for ax in axes:
        rgba, alpha = colour(ax)
        np.testing.assert_allclose(rgba[:3], rgb)
        assert alpha == pytest.approx(0.9)
        assert ax.get_xlabel() == f'(32, 48): {value:.2f}'
    assert [ax.get_title() for ax in axes] == ['stack 1: 16 x 16 px', 'stack 2: 32 x 32 px']


@pytest.mark.parametrize('grid', [Grid.CELLS, Grid.CORNERS])
def test_other_grids(grid):
    """(8, 12) of 16 px: (8.5, 12.5) * 4, or (8, 12) * 63 / 15; the maps lie where the marks do."""
    figure = draw_stacks(stacks(1.0)._replace(grid=grid), JOINTS, ['right_wrist'])
    for ax, place in zip(figure.axes[1:], ['(34, 50)', '(33, 49)']):
        assert ax.get_xlabel().startswith(place)
        left, right, _, top = ax.images[-1].get_extent()
        rows, columns = ax.images[-1].get_array().shape
        x, y = ax.lines[0].get_xydata()[0]
        step = (right - left) / columns
        assert ((x - left) / step, (y - top) / step) == pytest.approx(
            (columns / 2 + 0.5, rows * 3 / 4 + 0.5)
        )


def test_a_row_for_each_joint():
    figure = draw_stacks(stacks(1.0), JOINTS, [ALL_JOINTS, *JOINTS])
    assert len(figure.axes) == 9
    labels = [ax.get_ylabel() for ax in figure.axes[::3]]
    assert labels == ['all joints', 'head top', 'right wrist']


def test_wrong_names():
    with pytest.raises(ValueError, match='no joint is called tail; .* head_top, right_wrist'):
        draw_stacks(stacks(1.0), JOINTS, ['tail'])
    assert default_rows(JOINTS) == [ALL_JOINTS, 'right_wrist']


def test_tool(tmp_path, run_tool):
    image = tmp_path / 'person.png'
    cv2.imwrite(str(image), render_scene(np.random.default_rng(3))[0])
    network = (
        ROOT / 'configs/mssh-s_lsp_128x128.py',
        ROOT / 'results/mssh-s_lsp_128x128/epoch_24.pth',
    )
    out = tmp_path / 'stacks.png'
    assert run_tool('visualize_stacks', *network, image, '--out', out)[0] == 0
    assert cv2.imread(str(out)).shape[1] > 800  # the crop and three stacks
    status, _, err = run_tool('visualize_stacks', *network, image, '--joints', 'tail')
    assert status == 2 and 'no joint is called tail' in err
    status, _, err = run_tool('visualize_stacks', *network, tmp_path / 'nothing.png')
    assert status == 2 and 'nothing.png not found' in err
    status, _, err = run_tool('visualize_stacks', *network, image, '--bbox', 9, 9, 5, 20)
    assert status == 2 and 'expected X1 < X2' in err
    status, _, err = run_tool('visualize_stacks', *network, image, '--out', image)
    assert status == 2 and 'is an input, too' in err and cv2.imread(str(image)) is not None
