"""Drawing of targets of several sizes, by MMPose's browse_dataset.py and by the visualizers."""

import runpy
import sys
from pathlib import Path

import cv2
import mmpose
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.structures import MultilevelPixelData, PoseDataSample

from mssh_mmpose import config_path
from mssh_mmpose.datasets.synthetic import write_dataset
from mssh_mmpose.visualization import MultilevelPoseVisualizer, SignedPoseVisualizer

BROWSE = Path(mmpose.__file__).parent / '.mim/tools/misc/browse_dataset.py'


def test_browse_dataset(tmp_path, monkeypatch):
    """As docs/data.md has it: the crop above, the targets of two sizes below."""
    write_dataset(tmp_path / 'people', 1, 1)
    args = [config_path('mssh-s_synthetic_128x128.py'), '--mode', 'transformed', '--not-show']
    args += ['--output-dir', str(tmp_path / 'browsed'), '--cfg-options']
    args += [f'train_dataloader.dataset.data_root={tmp_path / "people"}']
    monkeypatch.setattr(sys, 'argv', [str(BROWSE), *args])
    runpy.run_path(str(BROWSE), run_name='__main__')
    (path,) = (tmp_path / 'browsed').iterdir()
    drawn = cv2.imread(str(path))
    assert drawn.shape == (3 * 128, 128, 3)
    levels = np.split(drawn.astype(int), 3)[1:]
    assert np.abs(levels[0] - levels[1]).mean() > 1


def test_signed_levels():
    sample = PoseDataSample(metainfo=dict(input_size=(32, 32)))
    sample.gt_instances = InstanceData()
    heatmaps = []
    for side in (8, 16):
        heatmap = torch.zeros(1, side, side)
        heatmap[0, side // 2, side // 2] = -1
        heatmaps.append(heatmap)
    sample.gt_fields = MultilevelPixelData(heatmaps=heatmaps)
    visualizer = SignedPoseVisualizer()
    image = np.full((32, 32, 3), 100, np.uint8)
    visualizer.add_datasample('', image, sample, draw_gt=True, draw_pred=False, draw_heatmap=True)
    drawn = visualizer.get_image()
    assert drawn.shape == (96, 32, 3)
    for level in np.split(drawn, 3)[1:]:
        red, _, blue = level[16, 16]
        assert blue > 100 > red


@pytest.mark.parametrize('kind', [MultilevelPoseVisualizer, SignedPoseVisualizer])
def test_labels_with_occlusion_flags(kind):
    """LSP's, which MMPose's visualizer cannot draw; occluded ones are drawn, unlabelled not."""
    flags = np.array([[[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]])
    sample = PoseDataSample()
    points = np.array([[[10.0, 20.0], [40.0, 20.0], [70.0, 20.0]]])
    sample.gt_instances = InstanceData(keypoints=points, keypoints_visible=flags)
    visualizer = kind(kpt_color=(255, 0, 0), radius=4, alpha=1.0)
    visualizer.set_dataset_meta(dict(keypoint_colors=[(255, 0, 0)] * 3, skeleton_links=[]))
    image = np.full((40, 80, 3), 100, np.uint8)
    visualizer.add_datasample('', image, sample, draw_gt=True, draw_pred=False)
    drawn = visualizer.get_image()
    assert (drawn[20, [10, 40]] == (255, 0, 0)).all()
    assert (drawn[:, 60:] == 100).all()
    assert sample.gt_instances.keypoints_visible.shape == (1, 3, 2)
