"""Plain, twisted and occluded people, and tools/draw_groups.py."""

import re
from collections import Counter

import cv2
import numpy as np
import pytest

from mssh_mmpose.datasets.converters import read_mpii_ground_truth
from mssh_mmpose.datasets.lsp_meta import LSP_JOINTS
from mssh_mmpose.datasets.mpii_meta import MPII_JOINTS
from mssh_mmpose.datasets.synthetic import write_dataset
from mssh_mmpose.evaluation.pose_groups import GROUPS, is_twisted, pose_groups

K = len(LSP_JOINTS)
INDEX = {name: i for i, name in enumerate(LSP_JOINTS)}
CONFIG = """
test_dataloader = dict(dataset=dict(
    type='MPIIOcclusionDataset', data_root={root!r}, ann_file='annotations/mpii_val.json',
    headbox_file='annotations/mpii_gt_val.mat'))
test_evaluator = [dict(type='PCKhAccuracy')]
"""


def standing(**moved):
    """Make a person who stands upright with straight limbs, with some joints moved."""
    points = np.zeros((K, 2))
    for side, x in (('right', 40), ('left', 60)):
        for joint, y in dict(shoulder=20, elbow=40, wrist=60, hip=60, knee=90, ankle=120).items():
            points[INDEX[f'{side}_{joint}']] = x, y
    points[INDEX['neck']], points[INDEX['head_top']] = (50, 15), (50, 0)
    for name, place in moved.items():
        points[INDEX[name]] = place
    return points


def groups(*people, occluded=None, labelled=None):
    shape = (len(people), K)
    labelled = np.ones(shape, bool) if labelled is None else labelled
    occluded = np.zeros(shape, bool) if occluded is None else occluded
    return pose_groups(np.stack(people), labelled, occluded, LSP_JOINTS).tolist()


def turned(degrees):
    a = np.deg2rad(degrees)
    return standing() @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])


@pytest.mark.parametrize(
    'degrees, group',
    [(0, 'plain'), (44, 'plain'), (-44, 'plain'), (46, 'twisted'), (180, 'twisted')],
)
def test_leaning_trunk(degrees, group):
    assert groups(turned(degrees)) == [group]


@pytest.mark.parametrize(
    'joint, place, group',
    [
        ('left_wrist', (60 + 20, 40), 'plain'),  # a right angle at the elbow
        ('left_wrist', (60 + 10, 25), 'twisted'),  # 34 degrees
        ('right_ankle', (40 - 30, 90), 'plain'),
        ('right_ankle', (40 - 20, 70), 'twisted'),
        ('right_knee', (40 - 30, 45), 'twisted'),  # the thigh beside the trunk
    ],
)
def test_bent_joint(joint, place, group):
    assert groups(standing(**{joint: place})) == [group]


def test_a_bent_hip_with_a_straight_knee():
    assert groups(standing(left_knee=(60 + 20, 40), left_ankle=(60 + 40, 20))) == ['twisted']


def test_occluded_comes_first():
    occluded = np.zeros((3, K), bool)
    occluded[:2, 3] = True
    people = standing(), turned(90), turned(90)
    assert groups(*people, occluded=occluded) == ['occluded', 'occluded', 'twisted']


def test_joints_without_a_label_do_not_count():
    labelled, occluded = np.ones((2, K), bool), np.zeros((2, K), bool)
    labelled[0, INDEX['left_wrist']] = False
    labelled[1, INDEX['left_ankle']] = False
    occluded[1, INDEX['left_ankle']] = True
    people = standing(left_wrist=(60, 21)), standing()
    assert groups(*people, labelled=labelled, occluded=occluded) == ['plain', 'plain']


def test_joints_that_a_data_set_does_not_have():
    names = [name for name in LSP_JOINTS if 'hip' not in name]
    points = np.stack([turned(90)])[:, [INDEX[name] for name in names]]
    assert not is_twisted(points, np.ones((1, len(names)), bool), names)


def test_two_joints_in_one_place():
    """Where a joint has no angle, it is not bent."""
    assert groups(standing(left_wrist=(60, 40))) == ['plain']


def test_tool(tmp_path, run_tool):
    write_dataset(tmp_path / 'data', 1, 12)
    (tmp_path / 'config.py').write_text(CONFIG.format(root=str(tmp_path / 'data')))
    truth = read_mpii_ground_truth(str(tmp_path / 'data/annotations/mpii_gt_val.mat'))
    np.savez(tmp_path / 'pred.npz', pred=truth.keypoints)
    out = tmp_path / 'groups'
    args = (tmp_path / 'config.py', tmp_path / 'pred.npz', '--out-dir', out, '--people', 2)
    status, printed, errors = run_tool('draw_groups', *args)
    assert status == 0, errors
    found = re.findall(r'^(\w+): (\d+) people, mpii/PCKh@0.5 100.0$', printed, re.MULTILINE)
    nobody = np.zeros_like(truth.labelled)
    expected = Counter(pose_groups(truth.keypoints, truth.labelled, nobody, MPII_JOINTS).tolist())
    assert 'twisted' in expected and {name: int(count) for name, count in found} == expected
    assert {path.stem for path in out.iterdir()} == {name for name, _ in found} <= set(GROUPS)
    for name, _ in found:
        assert cv2.imread(str(out / f'{name}.jpg')).shape[0] == 28 + 240
    status, _, errors = run_tool('draw_groups', *args[:-1], 0)
    assert status == 2 and '--people: expected a whole number of at least 1, got 0' in errors
