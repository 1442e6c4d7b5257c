import copy

import pytest
import torch
from mmpose.registry import MODELS

from mssh_mmpose.models import MSSHNet, MultiStagePoseEstimator


def build(cfg, seed=0):
    torch.manual_seed(seed)
    model = MODELS.build(cfg)
    model.init_weights()
    return model


def test_agreement(estimator_cfg, codec_cfg):
    assert isinstance(build(estimator_cfg()), MultiStagePoseEstimator)
    # A head without a decoder can be trained, and has no size to compare.
    build(estimator_cfg(head=dict(decoder=None)))
    features = dict(num_keypoints=None)
    build(estimator_cfg(backbone=features, head=dict(in_channels=16)))


@pytest.mark.parametrize('num_keypoints', [4, None])
def test_the_backbone_decides_the_head(estimator_cfg, make_samples, num_keypoints):
    """It sets the numbers of stacks and keypoints and the widths, as if the config had them."""
    cfg = estimator_cfg(backbone=dict(num_keypoints=num_keypoints, stage_strides=(4, 4, 2)))
    cfg['head'] = dict(
        type='MultiStageHead',
        loss=dict(type='AdaptiveWeightedHeatmapLoss'),
        decoder=cfg['head']['decoder'],
    )
    if num_keypoints is None:
        cfg['head']['out_channels'] = 4
    head = build(cfg).head
    assert (head.num_stages, head.out_channels) == (3, 4)
    assert (head.loss_module.num_stages, head.loss_module.num_keypoints) == (3, 4)
    assert head.feature_channels == (None if num_keypoints else 16)
    explicit = dict(num_stages=3, in_channels=head.feature_channels, out_channels=4)
    explicit['loss'] = dict(type='AdaptiveWeightedHeatmapLoss', num_stages=3, num_keypoints=4)
    x, samples = torch.randn(2, 3, 64, 64), make_samples([16, 32])
    losses = [
        build({**cfg, 'type': kind, 'head': {**cfg['head'], **settings}}).loss(x, samples)
        for kind, settings in (
            ('MultiStagePoseEstimator', {}),
            ('MultiStagePoseEstimator', explicit),
            ('TopdownPoseEstimator', explicit),
        )
    ]
    torch.testing.assert_close(losses[1:], [losses[0]] * 2, rtol=0, atol=0)


def test_defaults_of_a_derived_backbone_count(estimator_cfg):
    class TwoStacks(MSSHNet):
        def __init__(self, stage_strides=(4, 2), **kwargs):
            super().__init__(stage_strides=stage_strides, **kwargs)

    cfg = estimator_cfg(backbone=dict(type=TwoStacks))
    del cfg['backbone']['stage_strides']
    cfg['head'] = dict(type='MultiStageHead', decoder=cfg['head']['decoder'])
    assert build(cfg).head.num_stages == 2


def test_who_must_say_it(estimator_cfg):
    """MMPose's estimator passes nothing on, and a neck may change the features."""
    cfg = estimator_cfg('TopdownPoseEstimator', head=dict(num_stages=None))
    with pytest.raises(ValueError, match='num_stages=None'):
        build(cfg)
    neck = dict(type='ChannelMapper', in_channels=[16, 16], out_channels=32, num_outs=2)
    cfg = estimator_cfg(backbone=dict(num_keypoints=None), head=dict(in_channels=32), neck=neck)
    del cfg['head']['num_stages']
    with pytest.raises(ValueError, match='num_stages=None'):
        build(cfg)


def test_features_of_one_width_per_stack(estimator_cfg):
    cfg = estimator_cfg(backbone=dict(num_keypoints=None))
    stacks, width = cfg['head'].pop('num_stages'), cfg['backbone']['feat_channels']
    cfg['head'].update(out_channels=4)
    cfg['backbone']['feat_channels'] = (width,) * stacks
    assert build(cfg).head.feature_channels == width


def test_unknown_backbone(estimator_cfg):
    with pytest.raises(KeyError, match='NoSuchNet'):
        build(estimator_cfg(backbone=dict(type='NoSuchNet')))


@pytest.mark.parametrize('exchanged', ['backbone', 'decoder'])
def test_exchanged_sizes_in_mmposes_estimator(estimator_cfg, make_samples, exchanged):
    """(h, w) for (w, h), in a network for images of 48 x 64 pixels."""
    decoder = dict(type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(24, 32), sigma=1.0)
    cfg = estimator_cfg(
        'TopdownPoseEstimator', backbone=dict(input_size=(48, 64)), head=dict(decoder=decoder)
    )
    if exchanged == 'backbone':
        cfg['backbone']['input_size'] = (64, 48)
    else:
        decoder['input_size'] = (64, 48)
    model, samples = build(cfg), make_samples([16, 32])
    for sample in samples:
        sample.set_metainfo(dict(input_size=(48, 64)))
    for use in (model.loss, model.predict):
        with pytest.raises(ValueError, match=r'\(w, h\) = \(64, 48\)'):
            use(torch.randn(2, 3, 64, 48), samples)


@pytest.mark.parametrize(
    'backbone, head, message',
    [
        ({}, dict(num_stages=3), 'number of stacks: the backbone has 2, the head 3'),
        (dict(stage_strides=(4, 4, 2)), {}, 'number of stacks: the backbone has 3, the head 2'),
        ({}, dict(out_channels=5), 'number of keypoints: the backbone has 4, the head 5'),
        ({}, dict(in_channels=16), r'heatmaps\): the backbone has None, the head 16'),
        (
            dict(num_keypoints=None),
            dict(in_channels=None),
            r'heatmaps\): the backbone has 16, the head None',
        ),
        (
            dict(num_keypoints=None),
            dict(in_channels=32),
            r'heatmaps\): the backbone has 16, the head 32',
        ),
        (
            dict(stage_strides=(8, 4)),
            {},
            r'heatmap size of the last stack: the backbone has \(16, 16\), the head \(32, 32\)',
        ),
        (
            dict(input_size=(64, 32)),
            {},
            r'input size: the backbone has \(64, 32\), the head \(64, 64\)',
        ),
    ],
)
def test_disagreement(estimator_cfg, backbone, head, message):
    with pytest.raises(ValueError, match=message):
        build(estimator_cfg(backbone=backbone, head=head))


@pytest.mark.parametrize('stacks', [[3], [], 1])
def test_stacks_to_test_are_checked_when_built(estimator_cfg, stacks):
    build(estimator_cfg(test_cfg=dict(stacks=[1, 2])))
    with pytest.raises(ValueError, match='numbers from 1 to 2, got'):
        build(estimator_cfg(test_cfg=dict(stacks=stacks)))


def test_other_backbones_and_heads_are_not_checked(estimator_cfg):
    cfg = estimator_cfg(backbone=dict(num_keypoints=None))
    cfg['head'] = dict(
        type='HeatmapHead',
        in_channels=16,
        out_channels=4,
        deconv_out_channels=None,
        loss=dict(type='KeypointMSELoss'),
    )
    build(cfg)


def test_a_neck_may_change_the_widths(estimator_cfg):
    neck = dict(type='ChannelMapper', in_channels=[16, 16], out_channels=32, num_outs=2)
    features, head = dict(num_keypoints=None), dict(in_channels=32)
    model = build(estimator_cfg(backbone=features, head=head, neck=neck))
    maps = model(torch.randn(1, 3, 64, 64), None)
    assert [x.shape for x in maps] == [(1, 4, 16, 16), (1, 4, 32, 32)]


def test_config_is_unchanged(estimator_cfg):
    cfg = estimator_cfg(channels_last=True)
    before = copy.deepcopy(cfg)
    build(cfg)
    assert cfg == before


@pytest.mark.parametrize('block', ['PreActBottleneck', 'InceptionResNetA', 'InceptionResNetB'])
def test_channels_last_gives_the_same_results(estimator_cfg, make_samples, block):
    x, samples = torch.randn(2, 3, 64, 64), make_samples([16, 32])
    losses, gradients = [], []
    for channels_last in (False, True):
        model = build(estimator_cfg(backbone=dict(block=block), channels_last=channels_last))
        weight = model.backbone.stem.conv.weight
        assert weight.is_contiguous(memory_format=torch.channels_last) is channels_last
        result = model.loss(x, samples)
        (result['loss_stack1'] + result['loss_stack2']).backward()
        losses.append(result)
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    torch.testing.assert_close(losses[0], losses[1])
    assert (gradients[0] - gradients[1]).norm() < 1e-3 * gradients[0].norm()


def test_channels_last_checkpoint_loads_either_way(estimator_cfg):
    plain, last = (build(estimator_cfg(channels_last=flag), seed=flag) for flag in (False, True))
    plain.load_state_dict(last.state_dict())
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(plain.eval()(x, None), last.eval()(x, None))


def test_loss_module_is_checked(estimator_cfg):
    loss = dict(type='AdaptiveWeightedHeatmapLoss', num_stages=3, num_keypoints=4)
    with pytest.raises(ValueError, match='num_stages.*2.*3'):
        build(estimator_cfg(head=dict(loss=loss)))


@pytest.mark.parametrize(
    'loss',
    [
        dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=1000.0),
        dict(type='AdaptiveWeightedHeatmapLoss', num_stages=2, num_keypoints=4, loss_weight=1000.0),
    ],
    ids=lambda loss: loss['type'],
)
def test_a_batch_overfits(estimator_cfg, codec_cfg, make_samples, loss):
    """The losses fall to a tenth, and all joints are found to a pixel of the heatmap."""
    strides, head = dict(stage_strides=(8, 4)), dict(loss=loss, decoder=codec_cfg(16))
    model = build(estimator_cfg(backbone=strides, head=head))
    x, samples = torch.randn(2, 3, 64, 64), make_samples([8, 16])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    history = []
    for _ in range(60):
        losses = model.loss(x, samples)
        total = sum(value for key, value in losses.items() if 'loss' in key)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        history.append(total.item())
    assert history[-1] < 0.1 * history[0]
    # Training mode, so that the statistics of this batch normalise it.
    with torch.no_grad():
        predictions = model.predict(x, samples)
    pred = torch.tensor([sample.pred_instances.keypoints.tolist() for sample in predictions])
    true = torch.tensor([sample.gt_instances.keypoints.tolist() for sample in samples])
    # Half a pixel of 4 by rounding, a quarter by refinement.
    assert (pred - true).abs().max() <= 3
