import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmpose.datasets import MpiiDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation import MpiiPCKAccuracy

from mssh_mmpose.datasets.mpii_meta import (
    MPII_GROUPS,
    MPII_INDEX,
    MPII_JOINTS,
    MPII_METAINFO,
    MPII_SCORED,
)
from mssh_mmpose.evaluation import PCKhAccuracy

K = len(MPII_JOINTS)


def people(count=1, seed=0, occlusion=True):
    """Samples as dicts, predictions off by a share of the head size."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        target = rng.uniform(0, 300, (1, K, 2))
        head_size = rng.uniform(20, 80)
        pred = target + rng.normal(0, 0.3 * head_size, target.shape)
        flags = rng.random((1, K, 2)) < 0.8
        flags[..., 1] |= ~flags[..., 0]
        truth = dict(
            keypoints=target,
            keypoints_visible=flags.astype(float) if occlusion else flags[..., 0].astype(float),
            head_size=np.array([[head_size]]),
            bboxes=np.array([[0.0, 0, 300, 300]]),
        )
        samples.append(dict(id=number, gt_instances=truth, pred_instances=dict(keypoints=pred)))
    return samples


def evaluate(metric, samples):
    evaluator = Evaluator(metric)
    evaluator.process(data_samples=samples)
    return evaluator.evaluate(len(samples))


def one_person(**shift):
    """Everything labelled, a head of 50 px, predictions ``shift`` px off."""
    sample = people()[0]
    truth = sample['gt_instances']
    truth['keypoints_visible'] = np.ones((1, K, 2))
    truth['head_size'] = np.array([[50.0]])
    sample['pred_instances']['keypoints'] = pred = truth['keypoints'].copy()
    for joint, distance in shift.items():
        pred[0, MPII_INDEX[joint], 1] += distance
    return sample


@pytest.mark.parametrize('seed', range(3))
def test_agrees_with_mmpose(seed):
    """The scores agree if the ground truth also has the 1 px that MMPose adds to predictions."""
    samples = people(40, seed, occlusion=False)
    ours = evaluate(PCKhAccuracy(), samples)
    for sample in samples:
        sample['gt_instances']['keypoints'] = sample['gt_instances']['keypoints'] + 1
    theirs = evaluate(MpiiPCKAccuracy(), samples)
    names = dict(zip(MPII_GROUPS, ('Head', 'Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')))
    for ours_name, name in names.items():
        assert ours[f'mpii/{ours_name} PCKh@0.5'] == pytest.approx(theirs[f'{name} PCK'], abs=1e-6)
    assert ours['mpii/PCKh@0.5'] == pytest.approx(theirs['PCK'], abs=1e-6)
    # Theirs is in float32 at this threshold.
    assert ours['mpii/PCKh@0.1'] == pytest.approx(theirs['PCK@0.1'], abs=1e-5)
    assert 3 < ours['mpii/PCKh@0.1'] < ours['mpii/PCKh@0.5'] < 95


def test_mmpose_shifts():
    """Perfect predictions are 1.41 px off to MMPose: all wrong at 0.02 of this head."""
    sample = one_person()
    assert evaluate(MpiiPCKAccuracy(thr=0.02), [sample])['PCK'] == 0
    assert evaluate(PCKhAccuracy(thresholds=(0.02,)), [sample])['mpii/PCKh@0.02'] == 100


def test_by_hand():
    """Half of the head is 25 px, a tenth 5 px; 14 joints."""
    sample = one_person(head_top=24, left_wrist=26, upper_neck=26, pelvis=99, right_hip=4)
    scores = evaluate(PCKhAccuracy(), [sample])
    assert scores['mpii/Head PCKh@0.5'] == 100 and scores['mpii/Head PCKh@0.1'] == 0
    assert scores['mpii/Wri. PCKh@0.5'] == 50 and scores['mpii/Hip PCKh@0.1'] == 100
    assert scores['mpii/PCKh@0.5'] == pytest.approx(100 * 12 / 14)
    assert scores['mpii/PCKh@0.1'] == pytest.approx(100 * 11 / 14)
    area = 10 + (1 - 24 / 25) + (1 - 4 / 25)
    assert scores['mpii/PCKh AUC@0-0.5'] == pytest.approx(100 * area / 14)


def test_fourteen_joints():
    assert len(MPII_SCORED) == 14 and set(MPII_JOINTS) - set(MPII_SCORED) == {'pelvis', 'thorax'}
    grouped = [name for group in MPII_GROUPS.values() for name in group]
    assert set(MPII_SCORED) - set(grouped) == {'upper_neck'} and len(grouped) == 13


def test_split_by_occlusion():
    sample = one_person(left_knee=99, left_hip=99)
    sample['gt_instances']['keypoints_visible'][0, MPII_INDEX['left_knee'], 1] = 0
    scores = evaluate(PCKhAccuracy(), [sample])
    assert scores['mpii/PCKh@0.5 (occluded)'] == 0
    assert scores['mpii/PCKh@0.5 (visible)'] == pytest.approx(100 * 12 / 13)
    assert not any('visible' in name for name in evaluate(PCKhAccuracy(), people(3, 0, False)))


def test_invalid_predictions():
    sample = one_person()
    sample['pred_instances']['keypoints'][0, MPII_INDEX['left_knee'], 0] = np.nan
    scores = evaluate(PCKhAccuracy(), [sample])
    assert scores['mpii/PCKh invalid predictions'] == 1
    assert scores['mpii/Knee PCKh@0.5'] == 50


def test_head_sizes():
    sample = one_person()
    del sample['gt_instances']['head_size']
    with pytest.raises(ValueError, match='needs head_size from the data set: set headbox_file'):
        evaluate(PCKhAccuracy(), [sample])
    sample['gt_instances']['head_size'] = np.zeros((1, 1))
    with pytest.raises(ValueError, match='the head size of person 0 of None is 0.0 px'):
        evaluate(PCKhAccuracy(), [sample])


def test_other_pixels_than_ours_are_refused():
    theirs = parse_pose_metainfo(MpiiDataset.METAINFO)
    metric = PCKhAccuracy()
    with pytest.raises(ValueError, match="PCKhAccuracy counts pixels from 0, MMPose's MpiiData"):
        metric.dataset_meta = theirs
    for metainfo in (parse_pose_metainfo(MPII_METAINFO), theirs | dict(dataset_name='own')):
        metric.dataset_meta = metainfo
        assert metric.dataset_meta is metainfo


def test_inputs_are_unchanged():
    sample = one_person(head_top=3)
    before = {key: value.copy() for key, value in sample['gt_instances'].items()}
    pred = sample['pred_instances']['keypoints'].copy()
    evaluate(PCKhAccuracy(), [sample])
    np.testing.assert_array_equal(sample['pred_instances']['keypoints'], pred)
    for key, value in before.items():
        np.testing.assert_array_equal(sample['gt_instances'][key], value)
