import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from mssh_mmpose.datasets.lsp_meta import LSP_JOINTS
from mssh_mmpose.evaluation import (
    PCPAccuracy,
    lsp_sticks,
    stick_ends,
    stick_errors,
    stick_flags,
)

K = len(LSP_JOINTS)
INDEX = {name: i for i, name in enumerate(LSP_JOINTS)}
GROUPS = ['Torso', 'U.Leg', 'L.Leg', 'U.Arm', 'Forearm', 'Head']

# A person whose bones are 40 px long, the torso (hip centre to neck) 100 px and the head 20 px.
PERSON = {
    'head_top': (50, 0),
    'neck': (50, 20),
    'right_shoulder': (30, 20),
    'right_elbow': (30, 60),
    'right_wrist': (30, 100),
    'left_shoulder': (70, 20),
    'left_elbow': (70, 60),
    'left_wrist': (70, 100),
    'right_hip': (40, 120),
    'right_knee': (40, 160),
    'right_ankle': (40, 200),
    'left_hip': (60, 120),
    'left_knee': (60, 160),
    'left_ankle': (60, 200),
}


def person():
    return np.array([[PERSON[name] for name in LSP_JOINTS]], float)


def sample(pred, target=None, occluded=(), unlabelled=()):
    flags = np.ones((1, K, 2))
    flags[0, [INDEX[name] for name in occluded], 1] = 0
    flags[0, [INDEX[name] for name in unlabelled]] = 0
    target = person() if target is None else target
    return PoseDataSample(
        gt_instances=InstanceData(keypoints=target, keypoints_visible=flags),
        pred_instances=InstanceData(keypoints=pred),
    )


def evaluate(*samples, **settings):
    evaluator = Evaluator(PCPAccuracy(**settings))
    evaluator.process(data_samples=list(samples))
    scores = evaluator.evaluate(len(samples))
    return {name[len('lsp/') :]: score for name, score in scores.items()}


def test_sticks():
    sticks = lsp_sticks()
    assert list(sticks) == GROUPS
    assert [len(group) for group in sticks.values()] == [1, 2, 2, 2, 2, 1]
    used = {joint for group in sticks.values() for stick in group for end in stick for joint in end}
    assert used == set(LSP_JOINTS)
    top = lsp_sticks('shoulders')['Torso'][0][1]
    assert set(top) == {'right_shoulder', 'left_shoulder'}
    with pytest.raises(ValueError, match="torso_top must be one of .* got 'head'"):
        lsp_sticks('head')


def test_ends():
    ends = stick_ends(person(), [*lsp_sticks()['Torso'], *lsp_sticks()['U.Arm']])
    assert ends.shape == (1, 3, 2, 2)
    np.testing.assert_array_equal(
        ends[0], [[[50, 120], [50, 20]], [[30, 20], [30, 60]], [[70, 20], [70, 60]]]
    )


def test_perfect():
    scores = evaluate(sample(person()), sample(person()))
    assert scores.pop('PCP invalid predictions') == 0
    assert all(score == 100 for name, score in scores.items() if 'occluded' not in name)
    names = [f'{group} PCP@0.5' for group in GROUPS] + ['PCP@0.5', 'PCP@0.5 (visible)']
    assert list(scores)[:8] == names
    assert {'PCP@0.5 (occluded)', 'PCP AUC@0-0.5', 'Head PCP-mean@0.5'} <= set(scores)


def test_one_end_far_off():
    """The right wrist is 30 px off: more than half of 40, but 15 on average of both ends."""
    pred = person()
    pred[0, INDEX['right_wrist'], 0] += 30
    scores = evaluate(sample(pred))
    assert scores['Forearm PCP@0.5'] == 50 and scores['Forearm PCP-mean@0.5'] == 100
    assert scores['PCP@0.5'] == 90 and scores['PCP-mean@0.5'] == 100
    # Nine sticks without an error; 1 - (15 / 40) / 0.5 for the tenth.
    assert scores['PCP-mean AUC@0-0.5'] == pytest.approx(100 * (9 + 0.25) / 10)
    assert scores['PCP AUC@0-0.5'] == pytest.approx(90)


def test_both_ends_at_the_limit():
    """The elbow is exactly half of a bone off, which is still correct, in both bones it ends."""
    pred = person()
    pred[0, INDEX['left_elbow'], 0] += 20
    assert evaluate(sample(pred))['PCP@0.5'] == 100
    pred[0, INDEX['left_elbow'], 0] += 1e-6
    scores = evaluate(sample(pred))
    assert scores['U.Arm PCP@0.5'] == scores['Forearm PCP@0.5'] == 50 and scores['PCP@0.5'] == 80


def test_torso_is_between_centres():
    """Both hips 60 px outwards: their centre stays, the upper legs do not."""
    pred = person()
    pred[0, [INDEX['left_hip'], INDEX['right_hip']], 0] += (60, -60)
    scores = evaluate(sample(pred))
    assert scores['Torso PCP@0.5'] == 100 and scores['U.Leg PCP@0.5'] == 0


def test_torso_top():
    pred = person()
    pred[0, INDEX['neck'], 0] += 51
    assert evaluate(sample(pred))['Torso PCP@0.5'] == 0
    assert evaluate(sample(pred), torso_top='shoulders')['Torso PCP@0.5'] == 100


def test_thresholds():
    pred = person()
    pred[0, INDEX['head_top'], 1] -= 6  # 0.3 of the head
    scores = evaluate(sample(pred), thresholds=(0.2, 0.4))
    assert scores['Head PCP@0.2'] == 0 and scores['Head PCP@0.4'] == 100


def test_unlabelled_ends():
    """A stick without one of its joints does not count, whatever is predicted."""
    pred = person()
    pred[0, [INDEX['left_wrist'], INDEX['right_hip']]] = 999
    scores = evaluate(sample(pred, unlabelled=['left_wrist', 'right_hip']))
    assert np.isnan(scores['Torso PCP@0.5'])
    assert scores['Forearm PCP@0.5'] == scores['U.Leg PCP@0.5'] == scores['PCP@0.5'] == 100


def test_visible_means_all_joints():
    pred = person()
    pred[0, INDEX['left_ankle']] = 999
    scores = evaluate(sample(pred, occluded=['left_ankle', 'head_top']))
    assert scores['PCP@0.5 (visible)'] == 100 and scores['PCP@0.5 (occluded)'] == 50


def test_stick_without_length():
    target = person()
    target[0, INDEX['right_elbow']] = target[0, INDEX['right_shoulder']]
    assert evaluate(sample(target, target))['U.Arm PCP@0.5'] == 100
    pred = target.copy()
    pred[0, INDEX['right_elbow'], 0] += 0.01
    scores = evaluate(sample(pred, target))
    assert scores['U.Arm PCP@0.5'] == scores['U.Arm PCP-mean@0.5'] == 50


def test_inputs_are_unchanged():
    pred, target = person() + 1, person()
    before = pred.copy(), target.copy()
    sticks = [stick for group in lsp_sticks().values() for stick in group]
    stick_errors(stick_ends(pred, sticks), stick_ends(target, sticks))
    stick_flags(np.ones((1, K), bool), sticks)
    np.testing.assert_array_equal((pred, target), before)


def test_shapes_that_disagree():
    with pytest.raises(ValueError, match=r'got \(1, 3, 2, 2\) and \(1, 2, 2, 2\)'):
        stick_errors(np.zeros((1, 3, 2, 2)), np.zeros((1, 2, 2, 2)))
    with pytest.raises(ValueError, match=r'got \(1, 3, 2\)'):
        stick_errors(np.zeros((1, 3, 2)), np.zeros((1, 3, 2)))
