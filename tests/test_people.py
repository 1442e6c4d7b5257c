"""Drawing of people."""

import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mssh_mmpose.datasets.lsp_meta import LSP_METAINFO
from mssh_mmpose.structures import Person
from mssh_mmpose.visualization.people import draw_people

METAINFO = parse_pose_metainfo(LSP_METAINFO)
JOINTS = [METAINFO['keypoint_id2name'][k] for k in range(14)]


def test_right_is_orange_left_is_green_and_occluded_joints_are_rings():
    points = np.column_stack([20.0 + 20 * np.arange(14), np.full(14, 50.0)])
    shown = [JOINTS.index(name) for name in ('right_ankle', 'left_ankle', 'left_wrist')]
    scores = np.zeros(14)
    scores[shown] = 1
    visible = np.ones(14, bool)
    visible[JOINTS.index('left_wrist')] = False
    person = Person(points, scores, visible, np.array([0.0, 0.0, 320.0, 360.0]))
    image = np.full((100, 320, 3), 100, np.uint8)
    drawn = draw_people(image, [person], METAINFO).astype(int)
    right, left, ring = (drawn[50, int(points[k, 0])] for k in shown)
    blue, green, red = right
    assert red > green > blue
    blue, green, red = left
    assert green > max(red, blue)
    assert ring.tolist() == [255, 255, 255]
    hidden = np.delete(np.arange(14), shown)
    assert (drawn[50, points[hidden, 0].astype(int)] == 100).all()
    assert (image == 100).all()
