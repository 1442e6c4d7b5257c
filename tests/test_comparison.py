import re

import numpy as np
import pytest
from mmengine.config import Config

from mssh_mmpose import config_path
from mssh_mmpose.datasets.lsp_meta import LSP_JOINTS
from mssh_mmpose.datasets.metainfo import pick_joints
from mssh_mmpose.errors import InputError
from mssh_mmpose.evaluation.comparison import (
    LIMB_JOINTS,
    comparison_tables,
    limb_scores,
    read_limbs,
    sides_exchanged,
    torso_angles,
    torso_lengths,
)
from mssh_mmpose.evaluation.predictions import dataset_truth

INDEX = {name: i for i, name in enumerate(LIMB_JOINTS)}


def make_person(turn=0.0):
    """A person with a torso of 100 px, turned by degrees; the diagonal of eq. 7 is 104.4 px."""
    places = dict(shoulder=(15, -50), elbow=(30, -20), wrist=(30, 10), hip=(15, 50))
    places.update(knee=(15, 100), ankle=(15, 150))
    points = np.zeros((12, 2))
    for part, (x, y) in places.items():
        points[INDEX[f'left_{part}']], points[INDEX[f'right_{part}']] = (x, y), (-x, y)
    angle = np.radians(turn)
    return points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize('turn', [0, 20, 90, 180])
def test_angle_of_the_torso(turn):
    assert torso_angles(make_person(turn)[None]) == pytest.approx([turn], abs=1e-4)


@pytest.mark.filterwarnings('error')
def test_exchanged_sides():
    right = make_person()
    mirrored = right * (-1, 1)
    lost = np.full_like(right, np.nan)
    assert sides_exchanged(np.stack([right, mirrored, lost]), np.stack([right] * 3)).tolist() == [
        False,
        True,
        False,
    ]


def test_scores_by_hand():
    target = np.stack([make_person(), make_person(40), make_person(100), -make_person()])
    pred = target.copy()
    pred[0, INDEX['left_wrist']] += (30, 0)  # 0.2 of the diagonal are 20.9 px
    pred[0, INDEX['left_ankle']] += (20, 0)
    pred[3] = np.nan
    scores = limb_scores(pred, target)
    assert scores.total == pytest.approx(100 * 35 / 48)
    assert scores.by_part['wrist'] == pytest.approx(100 * 5 / 8)
    assert scores.by_part['ankle'] == pytest.approx(100 * 6 / 8)
    assert scores.by_angle == pytest.approx([100 * 11 / 12, 100, 100, 0])
    assert scores.exchanged == 0


def test_the_diagonal_of_the_torso():
    """Of eq. 7, not the other one."""
    person = make_person()
    person[INDEX['right_shoulder']] = (-25, -50)
    assert torso_lengths(person[None]) == pytest.approx([np.hypot(40, 100)])


def test_a_joint_that_was_lost_hides_no_exchanged_sides():
    right = make_person()
    torn = right * (-1, 1)
    torn[INDEX['left_wrist']] = np.nan
    assert sides_exchanged(torn[None], right[None]).all()


def test_names():
    values = np.arange(24).reshape(1, 12, 2)
    short = [name.replace('left', 'l').replace('right', 'r') for name in LIMB_JOINTS]
    np.testing.assert_array_equal(pick_joints(values[:, ::-1], short[::-1], LIMB_JOINTS), values)
    with pytest.raises(InputError, match='expected the joint right_ankle'):
        pick_joints(values, [*LIMB_JOINTS[:-2], 'tail', 'left_ankle'], LIMB_JOINTS)


def test_unlabelled_joints_are_refused(real_data, tmp_path):
    """They would be compared with the corner of the picture."""
    dataset = Config.fromfile(config_path('joint/mssh-s_4x96_joint_128x128_mpii.py'))
    dataset = dataset.test_dataloader.dataset
    dataset.data_root = str(real_data('mpii_sports'))
    np.savez(tmp_path / 'a.npz', pred=np.zeros((264, 16, 2)))
    with pytest.raises(InputError, match='51 of 264 people have joints of limbs without a label'):
        read_limbs(tmp_path / 'a.npz', dataset)


def test_tool_on_real_people(real_data, tmp_path, run_tool):
    """The ground truth scores 100, in LSP's joints and in other names and another order."""
    root = real_data('lsp')
    config = config_path('mssh-s_lsp_128x128.py')
    dataset = Config.fromfile(config).test_dataloader.dataset
    dataset.data_root = str(root)
    truth = [sample['gt_instances']['keypoints'][0] for sample in dataset_truth(dataset)]
    np.savez(tmp_path / 'lsp.npz', pred=truth)
    limbs = pick_joints(np.array(truth), LSP_JOINTS, LIMB_JOINTS)
    np.savez(tmp_path / 'others.npz', pred=limbs[:, ::-1], names=LIMB_JOINTS[::-1])
    np.savez(tmp_path / 'wrong.npz', pred=limbs, names=LIMB_JOINTS[1:])
    pred, target = read_limbs(tmp_path / 'others.npz', dataset)
    np.testing.assert_array_equal(pred, target)
    scores = limb_scores(pred, target)
    assert f'| others | {" | ".join(["100.0"] * 7)} | 0.0 |' in comparison_tables(
        {'others': scores}
    )
    with pytest.raises(InputError, match='12 joints for 11 names'):
        read_limbs(tmp_path / 'wrong.npz', dataset)
    files = [f'ours={tmp_path / "lsp.npz"}', f'others={tmp_path / "others.npz"}']
    status, out, err = run_tool('compare_networks', config, *files)
    assert status == 0, err
    assert out.count('| 100.0 | 100.0 |') >= 4
    assert '| 12 joints, ours against | points, 95 % interval over people |' in out
    half = limbs.copy()
    half[:500] = np.nan
    np.savez(tmp_path / 'half.npz', pred=half, names=LIMB_JOINTS)
    status, out, err = run_tool('compare_networks', config, *files, f'half={tmp_path}/half.npz')
    assert status == 0, err
    assert '| others | +0.0 [+0.0, +0.0] |' in out
    mean, low, high = map(float, re.search(r'half \| \+(.*) \[\+(.*), \+(.*)\]', out).groups())
    assert mean == 50 and 45 < low < 49 < 51 < high < 55
