import json

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample
from torch.multiprocessing import start_processes

from mssh_mmpose.datasets.lsp_meta import LSP_AMONG_MPII, LSP_GROUPS, LSP_JOINTS
from mssh_mmpose.errors import InputError
from mssh_mmpose.evaluation import LSPPCKAccuracy, OcclusionAccuracy, PCPAccuracy
from mssh_mmpose.evaluation.keypoint_metric import CURVE_THRESHOLDS
from mssh_mmpose.models import MultiStageHead

K = len(LSP_JOINTS)
INDEX = {name: i for i, name in enumerate(LSP_JOINTS)}


def make_sample(shift=None, occluded=(), unlabelled=(), torso=100.0, pred_visible=None):
    """Make a random person whose left hip and right shoulder are ``torso`` px apart.

    ``shift`` maps joint names to how far the prediction is off, in pixels.
    """
    keypoints = np.random.uniform(0, 200, (1, K, 2)).astype(np.float32)
    keypoints[0, INDEX['left_hip']] = (50, 50)
    keypoints[0, INDEX['right_shoulder']] = (50 + 0.6 * torso, 50 - 0.8 * torso)
    visibility = np.ones((1, K, 2), np.float32)
    for name in occluded:
        visibility[0, INDEX[name], 1] = 0
    for name in unlabelled:
        visibility[0, INDEX[name]] = 0
    pred = keypoints.copy()
    for name, distance in (shift or {}).items():
        pred[0, INDEX[name], 0] += distance
    sample = PoseDataSample(
        gt_instances=InstanceData(keypoints=keypoints, keypoints_visible=visibility),
        pred_instances=InstanceData(keypoints=pred, keypoint_scores=np.ones((1, K), np.float32)),
    )
    if pred_visible is not None:
        sample.pred_instances.keypoints_visible = pred_visible
    return sample


def evaluate(metric, samples, batch=2):
    evaluator = Evaluator(metric)
    for i in range(0, len(samples), batch):
        evaluator.process(data_samples=samples[i : i + batch])
    return evaluator.evaluate(len(samples))


def test_perfect():
    scores = evaluate(dict(type='LSPPCKAccuracy'), [make_sample() for _ in range(3)])
    assert scores['lsp/PCK@0.2'] == scores['lsp/PCK@0.2 (visible)'] == 100
    assert np.isnan(scores['lsp/PCK@0.2 (occluded)'])
    assert list(scores) == [
        *(f'lsp/{group} PCK@0.2' for group in LSP_GROUPS),
        'lsp/PCK@0.2',
        'lsp/PCK@0.2 (visible)',
        'lsp/PCK@0.2 (occluded)',
        'lsp/PCK AUC@0-0.5',
        'lsp/PCK invalid predictions',
    ]
    assert scores['lsp/PCK AUC@0-0.5'] == 100


def test_by_hand():
    """Torsos of 100 and 50 px, hence 20 and 10 px; 28 joints in all."""
    samples = [
        make_sample(
            {'head_top': 21, 'left_wrist': 19, 'right_knee': -30}, occluded=['left_wrist', 'neck']
        ),
        make_sample({'left_wrist': 11, 'right_ankle': 9.5}, occluded=['left_wrist'], torso=50),
    ]
    scores = evaluate(LSPPCKAccuracy(), samples)
    expected = {
        'Head': 3 / 4,
        'Sho.': 1,
        'Elb.': 1,
        'Wri.': 3 / 4,
        'Hip': 1,
        'Knee': 3 / 4,
        'Ank.': 1,
    }
    for group, value in expected.items():
        assert scores[f'lsp/{group} PCK@0.2'] == pytest.approx(100 * value)
    assert scores['lsp/PCK@0.2'] == pytest.approx(100 * 25 / 28)
    assert scores['lsp/PCK@0.2 (occluded)'] == pytest.approx(100 * 2 / 3)
    assert scores['lsp/PCK@0.2 (visible)'] == pytest.approx(100 * 23 / 25)


def test_groups_cover_every_joint_once():
    names = [name for group in LSP_GROUPS.values() for name in group]
    assert sorted(names) == sorted(LSP_JOINTS)


def test_threshold():
    scores = evaluate(LSPPCKAccuracy(thresholds=(0.1, 0.2)), [make_sample({'left_knee': 12})])
    assert scores['lsp/Knee PCK@0.1'] == 50 and scores['lsp/Knee PCK@0.2'] == 100


@pytest.mark.parametrize('thresholds', [(), (0.2, 0.0), (-1,)])
def test_thresholds_must_be_positive(thresholds):
    with pytest.raises(ValueError, match='thresholds of LSPPCKAccuracy must be positive'):
        LSPPCKAccuracy(thresholds=thresholds)


def test_other_torso():
    """It is twice as long: 25 px of the knee are 0.25 of one torso, 0.125 of the other."""
    sample = make_sample({'left_knee': 25})
    keypoints = sample.gt_instances.keypoints
    keypoints[0, INDEX['right_hip']] = (0, 0)
    keypoints[0, INDEX['left_shoulder']] = (0, 200)
    sample.pred_instances.keypoints[:] = keypoints
    sample.pred_instances.keypoints[0, INDEX['left_knee'], 0] += 25
    other = LSPPCKAccuracy(torso=('left_shoulder', 'right_hip'))
    assert evaluate(LSPPCKAccuracy(), [sample])['lsp/Knee PCK@0.2'] == 50
    assert evaluate(other, [sample])['lsp/Knee PCK@0.2'] == 100


def test_box_by_hand():
    """The box of 100 x 150 px around the labelled joints: 0.2 of it are 30 px."""
    sample = make_sample(unlabelled=['left_wrist'])
    keypoints = sample.gt_instances.keypoints
    keypoints[:] = 50
    keypoints[0, INDEX['left_hip']] = (0, 50)
    keypoints[0, INDEX['head_top']] = (100, 0)
    keypoints[0, INDEX['left_ankle']] = (100, 150)
    keypoints[0, INDEX['left_wrist']] = (900, 900)
    pred = sample.pred_instances.keypoints
    pred[:] = keypoints
    pred[0, INDEX['left_knee'], 0] += 29
    pred[0, INDEX['right_knee'], 0] += 31
    scores = evaluate(LSPPCKAccuracy(reference='box'), [sample])
    assert scores['lsp/Knee PCK-box@0.2'] == 50
    assert scores['lsp/PCK-box@0.2'] == pytest.approx(100 * 12 / 13)
    assert not any(' PCK@' in name or '/PCK@' in name for name in scores)
    # Beside the torso, which is 50 px here.
    both = [LSPPCKAccuracy(), LSPPCKAccuracy(reference='box')]
    assert evaluate(both, [sample])['lsp/PCK-box@0.2'] == scores['lsp/PCK-box@0.2']


def test_box_of_a_person_with_one_joint():
    """There is nothing to divide by: the person does not count."""
    names = [name for name in LSP_JOINTS if name != 'neck']
    samples = [make_sample(unlabelled=names), make_sample()]
    assert evaluate(LSPPCKAccuracy(reference='box'), samples)['lsp/Head PCK-box@0.2'] == 100
    assert np.isnan(evaluate(LSPPCKAccuracy(reference='box'), samples[:1])['lsp/PCK-box@0.2'])


def test_unknown_reference():
    with pytest.raises(ValueError, match="'torso' or 'box', got 'head'"):
        LSPPCKAccuracy(reference='head')


@pytest.mark.parametrize('torso', [('left_hip',), ('left_hip', 'left_hip'), ('hip', 'neck')])
def test_unknown_torso(torso):
    with pytest.raises(ValueError, match='torso must be two of .*got'):
        LSPPCKAccuracy(torso=torso)


def test_torso_without_length_or_label():
    """The first is a fault of the annotation; the second leaves the person out."""
    sample = make_sample(torso=0)
    sample.set_metainfo(dict(img_path='a/im7.jpg', id=7))
    with pytest.raises(ValueError, match='the torso of person 7 of a/im7.jpg is 0.0 px'):
        evaluate(LSPPCKAccuracy(), [sample])
    scores = evaluate(
        LSPPCKAccuracy(),
        [make_sample({'neck': 99}, unlabelled=['left_hip'], torso=0), make_sample()],
    )
    assert scores['lsp/PCK@0.2'] == 100


METRICS_OF_LSP = ['LSPPCKAccuracy', 'PCPAccuracy']


@pytest.mark.parametrize('metric', METRICS_OF_LSP)
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_invalid_predictions_are_wrong_and_counted(metric, value):
    sample, other = make_sample(), make_sample(unlabelled=['head_top'])
    sample.pred_instances.keypoints[0, [INDEX['left_ankle'], INDEX['left_wrist']], 0] = value
    other.pred_instances.keypoints[0, INDEX['head_top'], 0] = value  # does not count
    scores = evaluate(METRICS.build(dict(type=metric)), [sample, other])
    name = {'LSPPCKAccuracy': 'PCK', 'PCPAccuracy': 'PCP'}[metric]
    assert scores[f'lsp/{name} invalid predictions'] == 2
    if metric == 'LSPPCKAccuracy':
        assert scores['lsp/PCK@0.2'] == pytest.approx(100 * 25 / 27)
    else:
        assert scores['lsp/PCP@0.5'] == scores['lsp/PCP-mean@0.5'] == pytest.approx(100 * 17 / 19)


@pytest.mark.parametrize('metric', [*METRICS_OF_LSP, 'OcclusionAccuracy', 'PCKhAccuracy'])
def test_nobody(metric):
    """The names are the usual ones, the scores nan."""
    scores = METRICS.build(dict(type=metric)).evaluate(0)
    counts = [name for name in scores if name.endswith('invalid predictions')]
    assert all(scores.pop(name) == 0 for name in counts)
    assert scores and np.isnan(list(scores.values())).all()
    if metric == 'LSPPCKAccuracy':
        full = evaluate(LSPPCKAccuracy(), [make_sample()])
        assert [*scores, *counts] == list(full)


@pytest.mark.parametrize('metric', METRICS_OF_LSP)
def test_nothing_labelled(metric):
    scores = evaluate(METRICS.build(dict(type=metric)), [make_sample(unlabelled=LSP_JOINTS)])
    invalid = [name for name in scores if name.endswith('invalid predictions')]
    assert scores.pop(invalid[0]) == 0
    assert np.isnan(list(scores.values())).all()


@pytest.mark.parametrize('metric', METRICS_OF_LSP)
def test_keypoints_of_another_data_set(metric):
    sample = make_sample()
    sample.pred_instances = InstanceData(keypoints=np.zeros((1, 16, 2)))
    message = rf'{metric} needs keypoints of shape \(14, 2\), got predictions \(16, 2\)'
    with pytest.raises(ValueError, match=message):
        evaluate(METRICS.build(dict(type=metric)), [sample])


def test_no_split_without_flags():
    """Target generation and plain data sets keep only the labels."""
    sample = make_sample({'neck': 99})
    flags = sample.gt_instances.keypoints_visible[..., 0]
    sample.gt_instances = InstanceData(
        keypoints=sample.gt_instances.keypoints, keypoints_visible=flags
    )
    scores = evaluate(LSPPCKAccuracy(), [sample, make_sample()])
    assert scores['lsp/PCK@0.2'] == pytest.approx(100 * 27 / 28)
    assert not any('visible' in name or 'occluded' in name for name in scores)


def test_repeated_samples_of_the_last_batch():
    """With round_up the sampler repeats the first samples; MMEngine drops the surplus."""
    samples = [make_sample({'neck': 99}), make_sample(), make_sample()]
    evaluator = Evaluator([dict(type='LSPPCKAccuracy'), dict(type='PCPAccuracy')])
    evaluator.process(data_samples=[*samples, samples[0]])
    scores = evaluator.evaluate(3)
    assert scores['lsp/PCK@0.2'] == pytest.approx(100 * 41 / 42)


def _evaluate_part(rank, folder, samples):
    """What one of two processes does: every second sample, the first repeated at the end."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/group', rank=rank, world_size=2
    )
    init_default_scope('mmpose')
    evaluator = Evaluator([dict(type=metric, **settings) for metric, settings in ALL_OF_LSP])
    for sample in [*samples, samples[0]][rank::2]:
        evaluator.process(data_samples=[sample])
    scores = evaluator.evaluate(len(samples))
    if rank == 0:
        (folder / 'scores.json').write_text(json.dumps(scores))
    torch.distributed.destroy_process_group()


ALL_OF_LSP = [
    ('LSPPCKAccuracy', dict(thresholds=(0.2, 0.3))),
    ('PCPAccuracy', {}),
    ('OcclusionAccuracy', {}),
]


def test_two_processes(tmp_path):
    names = list(LSP_JOINTS)
    samples = []
    for _ in range(5):
        shift = dict(zip(names, np.random.exponential(20, K)))
        hidden = [name for name in names if np.random.random() < 0.3]
        visible = np.random.random((1, K)).astype(np.float32)
        samples.append(make_sample(shift, hidden, pred_visible=visible))
    start_processes(_evaluate_part, (tmp_path, samples), nprocs=2, start_method='fork')
    two = json.loads((tmp_path / 'scores.json').read_text())
    one = evaluate([dict(type=metric, **settings) for metric, settings in ALL_OF_LSP], samples)
    np.testing.assert_equal(two, one)
    assert 0 < one['lsp/PCK@0.2'] < 100 and 0 < one['occlusion/F1'] < 100


def test_curve():
    metric = LSPPCKAccuracy()
    metric.process([], [make_sample({'neck': 30, 'left_knee': 10}).to_dict()])
    values, area = metric.curve()
    curve = dict(zip(CURVE_THRESHOLDS.round(3), values))
    assert area == pytest.approx(100 * (12 + 0.8 + 0.4) / 14)
    assert curve[0.0] == pytest.approx(1200 / 14)
    assert curve[0.105] == pytest.approx(1300 / 14) and curve[0.305] == curve[0.5] == 100


def test_unlabelled_joints_do_not_count():
    sample = make_sample({'head_top': 99, 'neck': 99}, unlabelled=['head_top', 'neck'])
    scores = evaluate(LSPPCKAccuracy(), [sample])
    assert scores['lsp/PCK@0.2'] == 100
    assert np.isnan(scores['lsp/Head PCK@0.2'])


def test_all_hidden():
    sample = make_sample({'left_elbow': 99}, occluded=LSP_JOINTS)
    scores = evaluate(LSPPCKAccuracy(), [sample])
    assert np.isnan(scores['lsp/PCK@0.2 (visible)'])
    assert scores['lsp/PCK@0.2 (occluded)'] == scores['lsp/PCK@0.2'] == pytest.approx(1300 / 14)


def test_only_the_truth_sets_the_torso():
    """A prediction whose torso is wrong does not change the unit."""
    samples = [make_sample({'left_hip': 1000, 'left_knee': 19})]
    scores = evaluate(LSPPCKAccuracy(), samples)
    assert scores['lsp/Knee PCK@0.2'] == 100 and scores['lsp/Hip PCK@0.2'] == 50


@pytest.mark.parametrize('metric', ['LSPPCKAccuracy', 'PCPAccuracy', 'OcclusionAccuracy'])
def test_dicts(metric):
    """What MMEngine hands over, also from a dumped file."""
    samples = [make_sample(pred_visible=np.ones((1, K), np.float32)) for _ in range(2)]
    from_samples = evaluate(METRICS.build(dict(type=metric)), samples)
    dicts = [sample.to_dict() for sample in samples]
    assert isinstance(dicts[0]['gt_instances'], dict)
    from_dicts = Evaluator(METRICS.build(dict(type=metric))).offline_evaluate(dicts)
    np.testing.assert_equal(from_dicts, from_samples)


def test_flags_missing():
    """A pipeline with target generation keeps only the labels."""
    sample = make_sample(pred_visible=np.ones((1, K), np.float32))
    labels = sample.gt_instances.keypoints_visible[..., 0]
    sample.gt_instances.keypoints_visible = labels
    with pytest.raises(ValueError, match=rf'needs .* \(1, K, 2\).* got \(1, {K}\)'):
        evaluate(OcclusionAccuracy(), [sample])


def test_samples_are_unchanged():
    sample = make_sample({'neck': 5}, pred_visible=np.ones((1, K), np.float32))
    before = sample.clone()
    evaluate([LSPPCKAccuracy(), PCPAccuracy(), OcclusionAccuracy()], [sample])
    for part in ('gt_instances', 'pred_instances'):
        for key, value in getattr(before, part).items():
            np.testing.assert_array_equal(getattr(sample, part)[key], value)


def test_occlusion_by_hand():
    """Predictions are compared with 1/2; unlabelled joints do not count."""
    visible = np.ones((1, K), np.float32)
    visible[0, [INDEX['neck'], INDEX['left_knee'], INDEX['left_hip']]] = (0.0, 0.4, 0.0)
    first = make_sample(
        occluded=['neck', 'right_knee'], unlabelled=['left_hip'], pred_visible=visible
    )
    second = make_sample(occluded=['left_wrist'], pred_visible=np.full((1, K), 0.5))
    scores = evaluate(OcclusionAccuracy(), [first, second])
    # One hit among two found and three true.
    expected = {'precision': 50, 'recall': 100 / 3, 'F1': 40}
    assert scores == pytest.approx({f'occlusion/{key}': value for key, value in expected.items()})


def test_scores_are_no_occlusion():
    """MMPose fills ``keypoints_visible`` with the scores of networks that predict none."""
    scores = np.linspace(0.1, 0.9, K, dtype=np.float32)[None]
    sample = make_sample(pred_visible=scores)
    sample.pred_instances.keypoint_scores = scores
    with pytest.raises(InputError, match='needs a network that predicts occlusion'):
        evaluate(OcclusionAccuracy(), [sample])


def test_occlusion_with_nothing_hidden():
    sample = make_sample(pred_visible=np.ones((1, K), np.float32))
    scores = evaluate(OcclusionAccuracy(), [sample])
    assert set(scores.values()) == {0}


def test_both_metrics_together():
    sample = make_sample(pred_visible=np.ones((1, K), np.float32))
    scores = evaluate([dict(type='LSPPCKAccuracy'), dict(type='OcclusionAccuracy')], [sample])
    assert {'lsp/PCK@0.2', 'occlusion/F1'} <= set(scores)


def test_predictions_of_a_head(codec_cfg):
    """The occlusion that a signed head predicts reaches the metric."""
    head = MultiStageHead(1, K, decoder=codec_cfg(16, 'SignedHeatmap'))
    heatmaps = torch.zeros(1, K, 16, 16)
    heatmaps[:, :, 8, 8] = 1
    heatmaps[:, INDEX['neck'], 8, 8] = -1
    sample = make_sample(occluded=['neck'])
    sample.pred_instances = head.predict([heatmaps], [sample])[0]
    scores = evaluate(OcclusionAccuracy(), [sample])
    assert set(scores.values()) == {100}


@pytest.mark.parametrize('kind', [LSPPCKAccuracy, PCPAccuracy])
def test_people_with_the_joints_of_mpii(kind):
    """The same people score the same, wherever pelvis and thorax are."""
    samples = [make_sample({'left_wrist': 30, 'neck': 50}), make_sample({'head_top': 25})]
    among = [LSP_AMONG_MPII.index(joint) for joint in LSP_JOINTS]
    converted = []
    for sample in samples:
        truth, pred = sample.gt_instances, sample.pred_instances
        arrays = dict(
            keypoints=np.full((1, 16, 2), 3.0),
            keypoints_visible=np.zeros((1, 16, 2)),
            pred=np.full((1, 16, 2), 99.0),
        )
        arrays['keypoints'][:, among] = truth.keypoints
        arrays['keypoints_visible'][:, among] = truth.keypoints_visible
        arrays['pred'][:, among] = pred.keypoints
        converted.append(
            PoseDataSample(
                gt_instances=InstanceData(
                    keypoints=arrays['keypoints'], keypoints_visible=arrays['keypoints_visible']
                ),
                pred_instances=InstanceData(keypoints=arrays['pred']),
            )
        )
    assert evaluate(kind(joints='mpii'), converted) == pytest.approx(
        evaluate(kind(), samples), nan_ok=True
    )
    with pytest.raises(ValueError, match='needs keypoints of shape'):
        evaluate(kind(joints='mpii'), samples)
    with pytest.raises(ValueError, match="got 'coco'"):
        kind(joints='coco')
