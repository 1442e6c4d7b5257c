"""Drawing of signed heatmaps."""

import numpy as np
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from mssh_mmpose.visualization import SignedPoseVisualizer, draw_signed_heatmaps


def test_sign_is_the_colour():
    heatmaps = np.zeros((2, 8, 8), dtype=np.float32)
    heatmaps[0, 2, 2] = 1
    heatmaps[1, 5, 5] = -1
    image = np.full((8, 8, 3), 100, dtype=np.uint8)
    drawn = draw_signed_heatmaps(heatmaps, image)
    red, green, blue = drawn[2, 2]
    assert red > 100 > green and blue < 100
    red, green, blue = drawn[5, 5]
    assert blue > 100 > green and red < 100
    assert (drawn[0, 7] == 100).all()
    assert (image == 100).all()


def test_drawn_at_the_size_of_the_image():
    image = np.zeros((32, 48, 3), dtype=np.uint8)
    assert draw_signed_heatmaps(np.zeros((3, 8, 12), dtype=np.float32), image).shape == image.shape


def test_occluded_joints_are_drawn_hollow():
    image = np.full((40, 80, 3), 100, dtype=np.uint8)
    visualizer = SignedPoseVisualizer(kpt_color=(255, 0, 0), radius=4, alpha=1.0)
    sample = PoseDataSample()
    sample.pred_instances = InstanceData(
        keypoints=np.array([[[10.0, 20.0], [40.0, 20.0], [70.0, 20.0]]]),
        keypoint_scores=np.array([[0.9, 0.9, 0.1]]),
        keypoints_visible=np.array([[1.0, 0.0, 0.0]]),
    )
    visualizer.set_dataset_meta(dict(keypoint_colors=[(255, 0, 0)] * 3, skeleton_links=[]))
    visualizer.add_datasample('', image, sample, draw_gt=False)
    drawn = visualizer.get_image()
    assert (drawn[20, 10] == (255, 0, 0)).all()  # visible
    assert (drawn[20, 40] == (255, 255, 255)).all()  # occluded: a ring
    assert (drawn[20, 44] == (255, 0, 0)).all()
    assert (drawn[15:26, 65:76] == 100).all()  # a score below the threshold
    assert sample.pred_instances.keypoints_visible[0, 1] == 0
