"""Our networks and losses with MMPose's codecs, losses, heads, data sets and metrics.

Each gets two training steps, a test and a prediction, in MMPose's ``TopdownPoseEstimator``. These
are the rows of the table in docs/compatibility.md.
"""

import json

import cv2
import numpy as np
import pytest
import torch
from coco_people import write_coco
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.evaluator import Evaluator
from mmpose.apis import inference_topdown
from mmpose.registry import DATASETS, MODELS
from mmpose.structures import PoseDataSample

from mssh_mmpose.errors import InputError

SIZE = (48, 64)  # (w, h): not square, so that exchanged sizes are noticed


@pytest.fixture(scope='module')
def people(tmp_path_factory):
    """Four people in COCO's and MPII's layout."""
    root = tmp_path_factory.mktemp('people')
    write_coco(root, 4, 4)
    return root


def codec(stride, type='MSRAHeatmap', **settings):
    """A codec of the maps of a stride."""
    sizes = dict(input_size=SIZE, heatmap_size=tuple(side // stride for side in SIZE))
    defaults = dict(MegviiHeatmap=dict(kernel_size=5)).get(type, dict(sigma=1))
    return dict(type=type, **sizes) | defaults | settings


def pipeline(target=None, udp=False):
    """A pipeline, of training if the step that makes targets is given."""
    steps = [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=SIZE, use_udp=udp),
    ]
    return [*steps, *([target] if target else []), dict(type='PackPoseInputs')]


def estimator(backbone, head, type='TopdownPoseEstimator', **settings):
    """Config of a tiny network; ``backbone`` and ``head`` over the defaults."""
    backbone = dict(input_size=SIZE, stage_strides=(4, 2), feat_channels=8) | backbone
    return dict(
        type=type,
        data_preprocessor=dict(type='PoseDataPreprocessor', bgr_to_rgb=True),
        backbone=dict(type='MSSHNet') | backbone,
        head=head,
        **dict(test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True)) | settings,
    )


def stacks(num_keypoints, loss=None, codecs=None, **settings):
    """An estimator whose head is ours, and its step of targets."""
    codecs = codecs or [codec(4), codec(2)]
    head = dict(type='MultiStageHead', num_stages=2, out_channels=num_keypoints, decoder=codecs[-1])
    if loss:
        head['loss'] = loss
    target = dict(type='GenerateTarget', encoder=codecs, multilevel=True)
    return estimator(dict(num_keypoints=num_keypoints), head, **settings), target


def coco(root, split, **settings):
    """Config of MMPose's data set of people."""
    return (
        dict(
            type='CocoDataset',
            data_root=str(root),
            ann_file=f'annotations/{split}.json',
            data_prefix=dict(img='images/'),
            test_mode=split == 'val',
        )
        | settings
    )


def run(model_cfg, target, train, val, metrics, udp=False):
    """Train two steps, test, predict; return the scores."""
    model = MODELS.build(model_cfg).train()
    loss_names = train_two_steps(model, DATASETS.build(train), pipeline(target, udp))
    dataset = DATASETS.build(val | dict(pipeline=pipeline(udp=udp)))
    model.eval()
    evaluator = Evaluator(metrics)
    evaluator.dataset_meta = dataset.metainfo
    batch = pseudo_collate([dataset[i] for i in range(len(dataset))])
    with torch.no_grad():
        evaluator.process(model.test_step(batch), batch)
    scores = evaluator.evaluate(len(dataset))
    model.dataset_meta = dataset.metainfo
    steps = dict(dataset=dict(pipeline=pipeline(udp=udp)))
    model.cfg = Config(dict(test_dataloader=steps, default_scope='mmpose'))
    picture = np.random.default_rng(0).integers(0, 255, (80, 60, 3), dtype=np.uint8)
    (sample,) = inference_topdown(model, picture, [[5, 5, 50, 70]])
    shape = (1, dataset.metainfo['num_keypoints'], 2)
    assert sample.pred_instances.keypoints.shape == shape
    assert np.isfinite(sample.pred_instances.keypoints).all()
    return scores, loss_names


def train_two_steps(model, dataset, steps):
    """Train on two batches of two people; return the names of the losses."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    before = {name: value.clone() for name, value in model.named_parameters()}
    compose = Compose(steps)
    for start in (0, 2):
        people = [
            compose(dataset.get_data_info(i) | dict(dataset=dataset)) for i in (start, start + 1)
        ]
        data = model.data_preprocessor(pseudo_collate(people), True)
        losses = model(**data, mode='loss')
        total, _ = model.parse_losses(losses)
        assert torch.isfinite(total) and total > 0
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    changed = {n for n, value in model.named_parameters() if not torch.equal(value, before[n])}
    assert any(name.startswith('backbone.stem') for name in changed)
    return [name for name in losses if 'loss' in name]


COCO_LOSSES = {
    'mse': dict(type='KeypointMSELoss', use_target_weight=True),
    'ohkm': dict(type='KeypointOHKMMSELoss', use_target_weight=True),
    'wing': dict(type='AdaptiveWingLoss', use_target_weight=True),
    'adaptive': dict(type='AdaptiveWeightedHeatmapLoss', num_stages=2, num_keypoints=17),
    'one each': [
        dict(type='KeypointMSELoss', use_target_weight=True),
        dict(type='KeypointOHKMMSELoss', use_target_weight=True),
    ],
}


@pytest.mark.parametrize('loss', COCO_LOSSES.values(), ids=COCO_LOSSES)
def test_losses(people, loss):
    model, target = stacks(17, loss)
    scores, losses = run(
        model, target, coco(people, 'train'), coco(people, 'val'), dict(type='CocoMetric')
    )
    assert losses == ['loss_stack1', 'loss_stack2'] and 'coco/AP' in scores


@pytest.mark.parametrize('kind', ['UDPHeatmap', 'MegviiHeatmap'])
def test_codecs(people, kind):
    """Codecs other than MSRAHeatmap, which the other tests use."""
    udp = kind == 'UDPHeatmap'
    test_cfg = dict(flip_test=True, flip_mode='heatmap', shift_heatmap=False)
    model, target = stacks(17, codecs=[codec(4, kind), codec(2, kind)], test_cfg=test_cfg)
    scores, _ = run(
        model, target, coco(people, 'train'), coco(people, 'val'), dict(type='CocoMetric'), udp
    )
    assert 'coco/AP' in scores


def test_signed_heatmaps(people):
    """In MMPose's step of targets; every second joint is occluded."""
    folder = people / 'annotations'
    persons = json.loads((folder / 'mpii_train.json').read_text())
    for person in persons:
        person['joints_occluded'] = [0, 1] * 8
    (folder / 'flags.json').write_text(json.dumps(persons))
    data = dict(
        type='MPIIOcclusionDataset', data_root=str(people), ann_file='annotations/flags.json'
    )
    model, target = stacks(16, codecs=[codec(4, 'SignedHeatmap'), codec(2, 'SignedHeatmap')])
    scores, _ = run(
        model, target, data, data | dict(test_mode=True), dict(type='OcclusionAccuracy')
    )
    assert set(scores) == {f'occlusion/{name}' for name in ('precision', 'recall', 'F1')}


@pytest.mark.parametrize('settings', [
    dict(), dict(type='MultiStagePoseEstimator', channels_last=True),
])  # fmt: skip
def test_combined_targets(people, settings):
    """UDP's maps of classes and offsets: three channels for each keypoint."""
    codecs = [codec(stride, 'UDPHeatmap', heatmap_type='combined') for stride in (4, 2)]
    loss = dict(type='CombinedTargetMSELoss', use_target_weight=True)
    test_cfg = dict(flip_test=True, flip_mode='udp_combined', shift_heatmap=False)
    model, target = stacks(3 * 17, loss, codecs, test_cfg=test_cfg, **settings)
    run(model, target, coco(people, 'train'), coco(people, 'val'), dict(type='CocoMetric'), True)


SIMCC = dict(type='SimCCLabel', input_size=SIZE, sigma=2.0, simcc_split_ratio=2.0)
HEADS = {
    'HeatmapHead': dict(
        in_channels=8, deconv_out_channels=None, deconv_kernel_sizes=None, decoder=codec(2)
    ),
    'HeatmapHead with deconvolutions': dict(
        in_channels=8, deconv_out_channels=(8,), deconv_kernel_sizes=(4,), decoder=codec(1)
    ),
    'CPMHead': dict(in_channels=8, num_stages=2, decoder=codec(2)),
    'RTMCCHead': dict(
        in_channels=8,
        input_size=SIZE,
        in_featuremap_size=(24, 32),
        simcc_split_ratio=2.0,
        final_layer_kernel_size=3,
        gau_cfg=dict(
            hidden_dims=16,
            s=8,
            expansion_factor=2,
            dropout_rate=0.0,
            drop_path=0.0,
            act_fn='SiLU',
            use_rel_bias=False,
            pos_enc=False,
        ),
        loss=dict(type='KLDiscretLoss', use_target_weight=True, beta=10.0, label_softmax=True),
        decoder=SIMCC | dict(normalize=False, use_dark=False),
    ),
    'SimCCHead': dict(
        in_channels=8,
        input_size=SIZE,
        in_featuremap_size=(24, 32),
        simcc_split_ratio=2.0,
        deconv_out_channels=None,
        loss=dict(type='KLDiscretLoss', use_target_weight=True),
        decoder=SIMCC,
    ),
    'IntegralRegressionHead': dict(
        in_channels=8,
        in_featuremap_size=(24, 32),
        deconv_out_channels=None,
        deconv_kernel_sizes=None,
        decoder=dict(
            type='IntegralRegressionLabel', input_size=SIZE, heatmap_size=(24, 32), sigma=1.0
        ),
    ),
}


@pytest.mark.parametrize('name', HEADS)
def test_heads(people, name):
    """MMPose's heads on features of the stacks; one map size for the head of several stages."""
    number = 'num_joints' if name == 'IntegralRegressionHead' else 'out_channels'
    head = {'type': name.split()[0], number: 17} | HEADS[name]
    strides = (2, 2) if name == 'CPMHead' else (4, 2)
    model = estimator(dict(num_keypoints=None, stage_strides=strides), head)
    MODELS.build(model | dict(type='MultiStagePoseEstimator'))  # its checks accept the head
    target = dict(type='GenerateTarget', encoder=head['decoder'])
    run(model, target, coco(people, 'train'), coco(people, 'val'), dict(type='CocoMetric'))


def test_mpii_of_mmpose(people):
    """Its data set and metric, which count pixels from 1."""
    mpii = dict(
        type='MpiiDataset',
        data_root=str(people),
        ann_file='annotations/mpii_train.json',
        data_prefix=dict(img='images/'),
    )
    val = mpii | dict(
        ann_file='annotations/mpii_val.json',
        headbox_file=str(people / 'annotations/mpii_gt_val.mat'),
        test_mode=True,
    )
    model, target = stacks(16)
    scores, _ = run(model, target, mpii, val, dict(type='MpiiPCKAccuracy'))
    assert 'PCK' in scores


PARTS = {
    'keypoints': 17,
    'foot_kpts': 6,
    'face_kpts': 68,
    'lefthand_kpts': 21,
    'righthand_kpts': 21,
}
KINDS = {
    'hands': ('OneHand10KDataset', 21, dict(type='PCKAccuracy', thr=0.2)),
    'animals': ('AP10KDataset', 17, dict(type='CocoMetric')),
    'whole body': ('CocoWholeBodyDataset', 133, dict(type='CocoWholeBodyMetric')),
}


def write_points(path, num_keypoints):
    """Write four pictures of noise and a COCO file of random keypoints in them."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for number in range(1, 5):
        name = f'{number}.png'
        cv2.imwrite(str(path / name), rng.integers(0, 255, (80, 60, 3), dtype=np.uint8))
        images.append(dict(id=number, file_name=name, height=80, width=60))
        points = np.c_[rng.uniform(5, 55, (num_keypoints, 2)), np.full(num_keypoints, 2)]
        names = PARTS if num_keypoints == 133 else {'keypoints': num_keypoints}
        starts = np.cumsum([0, *names.values()])
        places = {
            name: points[start : start + count].ravel().tolist()
            for (name, count), start in zip(names.items(), starts)
        }
        annotations.append(
            dict(
                id=number,
                image_id=number,
                category_id=1,
                iscrowd=0,
                bbox=[5, 5, 50, 50],
                area=2500.0,
                segmentation=[],
                num_keypoints=num_keypoints,
                **places,
                **{part.replace('_kpts', '_valid'): True for part in list(names)[1:]},
            )
        )
    category = dict(id=1, name='thing')
    file = dict(images=images, annotations=annotations, categories=[category], info={})
    (path / 'points.json').write_text(json.dumps(file))


@pytest.mark.parametrize('kind', KINDS)
def test_other_keypoints(kind, tmp_path):
    dataset, num_keypoints, metric = KINDS[kind]
    write_points(tmp_path, num_keypoints)
    data = dict(
        type=dataset, data_root=str(tmp_path), ann_file='points.json', data_prefix=dict(img='')
    )
    model, target = stacks(num_keypoints)
    val = data | dict(test_mode=True)
    if metric['type'] == 'CocoWholeBodyMetric':
        metric = metric | dict(ann_file=str(tmp_path / 'points.json'))
    scores, _ = run(model, target, data, val, metric)
    assert scores


ADAPTIVE = COCO_LOSSES['adaptive']
REFUSED = {
    'widths': (
        {},
        'HeatmapHead',
        dict(in_channels=16),
        'number of channels: .* has 8, the head 16',
    ),
    'heatmaps taken for features': (
        dict(num_keypoints=17),
        'HeatmapHead',
        {},
        'number of channels: the backbone has 17, the head 8',
    ),
    'size of heatmaps': (
        {},
        'HeatmapHead',
        dict(decoder=codec(4)),
        r'heatmap size of the last stack: the backbone has \(24, 32\), the head \(12, 16\)',
    ),
    'size of heatmaps after deconvolutions': (
        {},
        'HeatmapHead with deconvolutions',
        dict(decoder=codec(2)),
        r'the backbone has \(48, 64\), the head \(24, 32\)',
    ),
    'stages of several sizes': ({}, 'CPMHead', {}, r'2 stages with one target, .* \(4, 2\): give'),
    'number of stages': (
        dict(stage_strides=(2, 2, 2)),
        'CPMHead',
        {},
        'CPMHead compares its 2 stages .* 3 stacks',
    ),
    'loss of all stages': (
        dict(stage_strides=(2, 2)),
        'CPMHead',
        dict(loss=ADAPTIVE),
        'compares the stacks with each other, CPMHead calls .*: use MultiStageHead',
    ),
    'loss of all stages for one': (
        {},
        'HeatmapHead',
        dict(loss=ADAPTIVE),
        'HeatmapHead calls its loss for one map: use MultiStageHead',
    ),
    'size of the map': (
        {},
        'RTMCCHead',
        dict(in_featuremap_size=(12, 16)),
        r'size \(w, h\) of the last map: the backbone has \(24, 32\), the head \(12, 16\)',
    ),
    'input size': (
        {},
        'SimCCHead',
        dict(decoder=SIMCC | dict(input_size=(64, 48))),
        r'input size: the backbone has \(48, 64\), the head \(64, 48\)',
    ),
}


@pytest.mark.parametrize('case', REFUSED.values(), ids=REFUSED)
def test_heads_that_do_not_fit_are_refused_when_built(case):
    backbone, name, head, message = case
    head = dict(type=name.split()[0], out_channels=17) | HEADS[name] | head
    cfg = estimator(dict(num_keypoints=None) | backbone, head, 'MultiStagePoseEstimator')
    with pytest.raises(InputError, match=message):
        MODELS.build(cfg)


UDP = [codec(stride, 'UDPHeatmap') for stride in (4, 2)]
MEGVII = [codec(stride, 'MegviiHeatmap') for stride in (4, 2)]
COMBINED = [each | dict(heatmap_type='combined') for each in UDP]
COMBINED_LOSS = dict(type='CombinedTargetMSELoss', use_target_weight=True)
UNFIT = {
    'combined targets, another loss': (
        51,
        None,
        COMBINED,
        {},
        'need each other; .*KeypointMSELoss',
    ),
    'combined loss, other targets': (
        17,
        COMBINED_LOSS,
        None,
        {},
        'need each other; .* MSRAHeatmap',
    ),
    'a channel for each keypoint': (17, COMBINED_LOSS, COMBINED, {}, '3 K, got 17'),
    'flipped as heatmaps': (51, COMBINED_LOSS, COMBINED, {}, "flip_mode='udp_combined', got 'heat"),
    'flipped as offsets': (
        17,
        None,
        None,
        dict(flip_mode='offset'),
        "flip_mode='heatmap', got 'of",
    ),
    'shifted': (17, None, UDP, {}, 'UDPHeatmap needs shift_heatmap=False'),
    'shifted cells': (17, None, MEGVII, {}, 'MegviiHeatmap needs shift_heatmap=False'),
    'too few keypoints to mine': (4, COCO_LOSSES['ohkm'], None, {}, 'topk=8 keypoints of 4'),
}


@pytest.mark.parametrize('case', UNFIT.values(), ids=UNFIT)
def test_losses_and_codecs_that_do_not_fit_are_refused_when_built(case):
    num_keypoints, loss, codecs, settings, message = case
    test_cfg = dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True) | settings
    cfg, _ = stacks(num_keypoints, loss, codecs, type='MultiStagePoseEstimator', test_cfg=test_cfg)
    with pytest.raises(InputError, match=message):
        MODELS.build(cfg)


def test_mean_of_stacks_with_udp():
    """UDP's maps lie on one another from corner to corner: two slopes agree everywhere."""
    head = MODELS.build(stacks(1, codecs=UDP)[0]['head'])
    slopes = [
        torch.linspace(0, 1, width).expand(1, 1, height, width)
        for width, height in (each['heatmap_size'] for each in UDP)
    ]
    settings = dict(stacks=[1, 2], output_heatmaps=True)
    _, (field,) = head.predict(slopes, [PoseDataSample()], settings)
    torch.testing.assert_close(field.heatmaps, slopes[1][0])
