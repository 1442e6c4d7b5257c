import copy

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmpose.models.backbones import CPM, HourglassNet
from mmpose.models.heads import CPMHead, HeatmapHead
from mmpose.models.losses import KeypointMSELoss
from mmpose.registry import KEYPOINT_CODECS, MODELS

from mssh_mmpose.codecs.signed_heatmap import merge_signed
from mssh_mmpose.errors import InputError
from mssh_mmpose.models import AdaptiveWeightedHeatmapLoss, MultiStageHead
from mssh_mmpose.models.levels import grid_of, match_targets, resize_heatmaps

K = 4
ADAPTIVE = dict(type='AdaptiveWeightedHeatmapLoss', num_stages=2, num_keypoints=K)


@pytest.fixture
def make_head(codec_cfg):
    def make(**settings):
        defaults = dict(num_stages=2, out_channels=K, decoder=codec_cfg(32))
        return MultiStageHead(**{**defaults, **settings})

    return make


def heatmaps(sides=(16, 32), batch=2, **settings):
    return [torch.randn(batch, K, side, side, **settings) for side in sides]


def targets_of(samples, level):
    return torch.stack([sample.gt_fields[level].heatmaps for sample in samples])


def test_losses_of_the_levels(make_head, make_samples):
    """Each stack's loss is KeypointMSELoss on the target of its size."""
    labels = np.array([[1, 0, 1, 1], [1, 1, 0, 1]], np.float32)
    samples = make_samples([32, 16], labels=labels)  # the order of the levels does not matter
    feats = heatmaps((16, 16, 32))
    losses = make_head(num_stages=3).loss(feats, samples)
    assert set(losses) == {'loss_stack1', 'loss_stack2', 'loss_stack3', 'acc_pose'}
    mse, weights = KeypointMSELoss(use_target_weight=True), torch.from_numpy(labels)
    for j, level in enumerate((1, 1, 0)):
        expected = mse(feats[j], targets_of(samples, level), weights)
        torch.testing.assert_close(losses[f'loss_stack{j + 1}'], expected)


@pytest.mark.parametrize('loss', [None, ADAPTIVE])
def test_single_level(make_head, make_samples, codec_cfg, loss):
    """Targets of a plain GenerateTarget, for stacks of one size."""
    samples = make_samples(16)
    feats = heatmaps((16, 16))
    settings = {} if loss is None else dict(loss=loss)
    losses = make_head(decoder=codec_cfg(16), **settings).loss(feats, samples)
    targets = torch.stack([sample.gt_fields.heatmaps for sample in samples])
    mse = KeypointMSELoss()
    if loss is None:
        torch.testing.assert_close(losses['loss_stack2'], mse(feats[1], targets))
    torch.testing.assert_close(losses['loss_stack1'], mse(feats[0], targets))


def test_one_loss_per_stack(make_head, make_samples):
    samples, feats = make_samples([16, 32]), heatmaps()
    losses = [dict(type='KeypointMSELoss', loss_weight=weight) for weight in (1.0, 3.0)]
    found = make_head(loss=losses).loss(feats, samples)
    mse = KeypointMSELoss()
    torch.testing.assert_close(found['loss_stack1'], mse(feats[0], targets_of(samples, 0)))
    torch.testing.assert_close(found['loss_stack2'], 3 * mse(feats[1], targets_of(samples, 1)))


def test_loss_of_all_stacks(make_head, make_samples):
    head, samples, feats = make_head(loss=ADAPTIVE), make_samples([16, 32]), heatmaps()
    losses = head.loss(feats, samples)
    targets, weights = match_targets(feats, samples)
    expected = MODELS.build(ADAPTIVE)(feats, targets, weights)
    torch.testing.assert_close([losses['loss_stack1'], losses['loss_stack2']], expected)


@pytest.mark.parametrize('kind', ['AdaptiveWeightedHeatmapLoss', AdaptiveWeightedHeatmapLoss])
def test_loss_of_all_stacks_is_told_their_number(make_head, kind):
    loss = make_head(num_stages=3, loss=dict(type=kind, normalize='max')).loss_module
    assert (loss.num_stages, loss.num_keypoints, loss.normalize) == (3, K, 'max')


@pytest.mark.parametrize('missing', ['num_stages', 'out_channels'])
def test_numbers_that_nobody_gives(make_head, missing):
    with pytest.raises(ValueError, match=rf'{missing}=None.*MultiStagePoseEstimator'):
        make_head(**{missing: None})


def test_adaptive_loss_in_heads_of_mmpose(make_samples):
    """They call a loss with the maps of one stack."""
    loss, samples = dict(ADAPTIVE), make_samples(16)
    settings = dict(deconv_out_channels=None, final_layer=None, loss=loss)
    heads = (HeatmapHead(K, K, **settings), CPMHead(K, K, num_stages=2, **settings))
    for head, feats in zip(heads, (heatmaps([16]), heatmaps([16, 16]))):
        with pytest.raises(ValueError, match=r'\(2, 4, 16, 16\): use it with .*MultiStageHead'):
            head.loss(feats, samples)


@pytest.mark.parametrize(
    'changed, message',
    [
        (dict(heatmap_size=(16, 16)), r'heatmap_size .* \(16, 16\), the batch \(32, 32\)'),
        (dict(input_size=(64, 32)), r'input_size .* \(64, 32\), the batch \(64, 64\)'),
    ],
)
def test_decoder_of_other_sizes(make_head, make_samples, codec_cfg, changed, message):
    """Without this error keypoints would be silently wrong."""
    head, samples = make_head(decoder={**codec_cfg(32), **changed}), make_samples([16, 32])
    for use in (head.loss, head.predict):
        with pytest.raises(ValueError, match=message):
            use(heatmaps(), samples)


def test_inputs_are_unchanged(make_head, make_samples):
    samples, feats = make_samples([16, 32]), heatmaps()
    before = copy.deepcopy((feats, [s.gt_fields.heatmaps for s in samples]))
    head = make_head(loss=ADAPTIVE)
    head.loss(feats, samples)
    head.predict([feats, feats], samples, dict(flip_test=True, shift_heatmap=True))
    after = (feats, [s.gt_fields.heatmaps for s in samples])
    torch.testing.assert_close(after, before, rtol=0, atol=0)


def test_accuracy(make_head, make_samples):
    """Share of keypoints of the last stack within 5 % of the map; 0 if none is labelled."""
    samples = make_samples([16, 32])
    perfect = [targets_of(samples, 0), targets_of(samples, 1)]
    head = make_head()
    assert head.loss(perfect, samples)['acc_pose'] == 1
    wrong = [perfect[0], perfect[1].roll(8, dims=-1)]
    assert head.loss(wrong, samples)['acc_pose'] == 0
    none = make_samples([16, 32], labels=np.zeros((2, K), np.float32))
    losses = head.loss(perfect, none)
    assert losses['acc_pose'] == 0 and losses['loss_stack2'] == 0


def test_accuracy_counts_the_labels_of_the_last_stack(make_head, make_samples):
    """A keypoint at the border can be outside the coarse maps only."""
    samples = make_samples([16, 32])
    feats = [targets_of(samples, 0), targets_of(samples, 1)]
    feats[1][:, 1:] = feats[1][:, 1:].roll(8, dims=-1)
    for sample in samples:
        weights = sample.gt_instance_labels.keypoint_weights  # (levels, 1, K)
        weights[0, :, 0] = 0
        weights[1, :, 1:] = 0
    assert make_head().loss(feats, samples)['acc_pose'] == 1


def test_accuracy_with_negative_peaks(make_head, make_samples, codec_cfg):
    samples = make_samples([16, 32], codec='SignedHeatmap')
    head = make_head(decoder=codec_cfg(32, 'SignedHeatmap'))
    perfect = [targets_of(samples, 0), targets_of(samples, 1)]
    assert (perfect[1].amin(dim=(2, 3)) < -0.9).any()
    assert head.loss(perfect, samples)['acc_pose'] == 1
    wrong = [perfect[0], perfect[1].roll(8, dims=-1)]
    assert head.loss(wrong, samples)['acc_pose'] == 0


@pytest.mark.parametrize('dtype', [torch.int64, torch.float64])
def test_other_types_of_weights(make_head, make_samples, dtype):
    samples, feats = make_samples([16, 32]), heatmaps()
    expected = make_head(loss=ADAPTIVE).loss(feats, samples)
    for sample in samples:
        labels = sample.gt_instance_labels
        labels.keypoint_weights = labels.keypoint_weights.to(dtype)
    torch.testing.assert_close(
        make_head(loss=ADAPTIVE).loss(feats, samples), expected, check_dtype=False
    )


def test_target_size_missing(make_head, make_samples):
    message = r'stack 2 predicts .* of \(4, 32, 32\), the targets are \[\(4, 16, 16\)\]'
    for sides in (16, [16]):
        with pytest.raises(ValueError, match=message):
            make_head().loss(heatmaps(), make_samples(sides))


@pytest.mark.parametrize(
    'feats, message',
    [
        (heatmaps((16, 32, 32)), r'2 stages of 4 channels, the backbone gave 3 of \[4, 4, 4\]'),
        (
            [torch.zeros(1, 4, 16, 16), torch.zeros(1, 5, 32, 32)],
            r'2 stages of 4 channels, the backbone gave 2 of \[4, 5\]',
        ),
    ],
)
def test_features_that_do_not_fit(make_head, feats, message):
    with pytest.raises(ValueError, match=message):
        make_head().forward(feats)


def test_a_loss_of_all_stacks_in_a_list(make_head):
    losses = [dict(type='KeypointMSELoss'), dict(type='AdaptiveWeightedHeatmapLoss')]
    with pytest.raises(InputError, match='compares all stacks: give it alone'):
        make_head(loss=losses)


def test_number_of_losses(make_head):
    with pytest.raises(ValueError, match=r'loss_module\(3\) did not match `num_stages`\(2\)'):
        make_head(loss=[dict(type='KeypointMSELoss')] * 3)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(num_stages=8), 'num_stages.*2.*8'),
        (dict(num_keypoints=16), 'num_keypoints.*4.*16'),
    ],
)
def test_loss_that_does_not_fit(make_head, settings, message):
    with pytest.raises(ValueError, match=message):
        make_head(loss={**ADAPTIVE, **settings})


def test_head_on_features(make_head, make_samples):
    head = make_head(in_channels=16)
    feats = [torch.randn(2, 16, side, side) for side in (16, 32)]
    outputs = head(feats)
    assert [tuple(x.shape) for x in outputs] == [(2, K, 16, 16), (2, K, 32, 32)]
    expected = torch.nn.functional.conv2d(
        feats[1], head.multi_final_layers[1].weight, head.multi_final_layers[1].bias
    )
    torch.testing.assert_close(outputs[1], expected)
    sum(head.loss(feats, make_samples([16, 32]))[f'loss_stack{j}'] for j in (1, 2)).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_head_on_heatmaps_has_no_parameters(make_head):
    assert not list(make_head().parameters())


@pytest.mark.parametrize('in_channels', [None, 16])
def test_bfloat16(make_head, make_samples, in_channels):
    head, samples = make_head(in_channels=in_channels, loss=ADAPTIVE), make_samples([16, 32])
    width = in_channels or K
    feats = [torch.randn(2, width, side, side, dtype=torch.bfloat16) for side in (16, 32)]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        outputs = head(feats)
        losses = head.loss(feats, samples)
        predictions = head.predict(feats, samples, dict(output_heatmaps=True))
    assert {x.dtype for x in outputs} == {torch.float32}
    assert {x.dtype for x in losses.values()} == {torch.float32}
    assert predictions[1][0].heatmaps.dtype == torch.float32


def test_predict(make_head, make_samples):
    samples = make_samples([16, 32])
    perfect = [torch.zeros(2, K, 16, 16), targets_of(samples, 1)]
    predictions = make_head().predict(perfect, samples)
    for sample, prediction in zip(samples, predictions):
        assert prediction.keypoints.shape == (1, K, 2)
        assert prediction.keypoint_scores.shape == (1, K)
        assert 'keypoints_visible' not in prediction
        np.testing.assert_allclose(prediction.keypoints, sample.gt_instances.keypoints, atol=1.6)
        np.testing.assert_allclose(prediction.keypoint_scores, 1)


def test_output_heatmaps(make_head, make_samples):
    feats = heatmaps()
    _, fields = make_head().predict(feats, make_samples([16, 32]), dict(output_heatmaps=True))
    assert all(isinstance(field, PixelData) for field in fields)
    torch.testing.assert_close(torch.stack([field.heatmaps for field in fields]), feats[1])


def test_no_decoder(make_head, make_samples):
    with pytest.raises(RuntimeError, match='decoder has not been set'):
        make_head(decoder=None).predict(heatmaps(), make_samples([16, 32]))


def test_flip_test_of_a_symmetric_construct(make_head, make_samples):
    """Mirrored maps with swapped joints are what a flipped image gives: nothing changes."""
    samples, feats = make_samples([16, 32]), heatmaps()
    flipped = [x.flip(-1)[:, [1, 0, 2, 3]] for x in feats]
    test_cfg = dict(flip_test=True, output_heatmaps=True)
    _, fields = make_head().predict([feats, flipped], samples, test_cfg)
    torch.testing.assert_close(torch.stack([field.heatmaps for field in fields]), feats[1])


def test_flip_test_averages(make_head, make_samples):
    samples, feats, other = make_samples([16, 32]), heatmaps(), heatmaps()
    flipped = [x.flip(-1)[:, [1, 0, 2, 3]] for x in other]
    test_cfg = dict(flip_test=True, output_heatmaps=True)
    _, fields = make_head().predict([feats, flipped], samples, test_cfg)
    expected = (feats[1] + other[1]) / 2
    torch.testing.assert_close(torch.stack([field.heatmaps for field in fields]), expected)


def test_mean_of_stacks(make_head, make_samples):
    """Stacks of any size, on the last one's grid; flip test and all."""
    samples = make_samples([16, 32])
    coarse, fine = heatmaps()
    head = make_head()

    def predicted(feats, **settings):
        settings = dict(output_heatmaps=True, **settings)
        return torch.stack([field.heatmaps for field in head.predict(feats, samples, settings)[1]])

    large = resize_heatmaps(coarse, (32, 32))
    torch.testing.assert_close(large[:, :, ::2, ::2], coarse)
    torch.testing.assert_close(predicted([coarse, fine], stacks=[1, 2]), (large + fine) / 2)
    torch.testing.assert_close(predicted([coarse, fine], stacks=[1]), large)
    torch.testing.assert_close(predicted([coarse, fine], stacks=[2]), fine)
    both = [[coarse, fine], [coarse, fine]]
    mirrored = predicted(both, stacks=[1, 2], flip_test=True)
    torch.testing.assert_close(
        mirrored,
        (predicted(both, stacks=[1], flip_test=True) + predicted(both, flip_test=True)) / 2,
    )


@pytest.mark.parametrize('kind', ['MSRAHeatmap', 'UDPHeatmap', 'MegviiHeatmap'])
@pytest.mark.parametrize('sizes', [(16, 32), (32, 16)])
def test_resized_heatmaps_stay_in_their_place(kind, sizes):
    """Perfect maps of one size, resized, decoded by the codec of the other.

    What is left on average is half a pixel of the image: of two equal pixels the first is the peak.
    """
    width = dict(kernel_size=5) if kind == 'MegviiHeatmap' else dict(sigma=2)
    given, wanted = (
        KEYPOINT_CODECS.build(
            dict(type=kind, input_size=(64, 64), heatmap_size=(side, side), **width)
        )
        for side in sizes
    )
    keypoints = np.random.default_rng(0).uniform(16, 48, (1, 2000, 2)).astype(np.float32)
    maps = given.encode(keypoints, np.ones((1, 2000), np.float32))['heatmaps']
    resized = resize_heatmaps(torch.from_numpy(maps)[None], (sizes[1],) * 2, grid_of(wanted))
    found, _ = wanted.decode(resized[0].numpy())
    own, _ = given.decode(maps)
    np.testing.assert_allclose((found - own).mean(axis=(0, 1)), 0, atol=0.6)


@pytest.mark.parametrize('kind', ['UDPHeatmap', 'MegviiHeatmap'])
def test_shifted_flip_test(make_head, make_samples, codec_cfg, kind):
    """With any estimator: it would move every joint."""
    width = dict(kernel_size=5) if kind == 'MegviiHeatmap' else dict(sigma=2)
    decoder = dict(type=kind, input_size=(64, 64), heatmap_size=(32, 32), **width)
    samples, feats = make_samples([16, 32]), heatmaps()
    head = make_head(decoder=decoder)
    with pytest.raises(InputError, match=f'{kind} needs shift_heatmap=False'):
        head.predict([feats, feats], samples, dict(flip_test=True, shift_heatmap=True))
    head.predict([feats, feats], samples, dict(flip_test=True, shift_heatmap=False))


def test_wrong_stacks(make_head, make_samples, codec_cfg):
    samples = make_samples([16, 32])
    with pytest.raises(ValueError, match=r'numbers from 1 to 2, got \[0\]'):
        make_head().predict(heatmaps(), samples, dict(stacks=[0]))
    signed = make_head(decoder=codec_cfg(32, type='SignedHeatmap'))
    with pytest.raises(ValueError, match='have no mean'):
        signed.predict(heatmaps(), samples, dict(stacks=[1, 2]))


def test_flip_test_with_shift(make_head, make_samples):
    samples, feats = make_samples([16, 32]), heatmaps()
    flipped = [x.flip(-1)[:, [1, 0, 2, 3]] for x in feats]
    test_cfg = dict(flip_test=True, output_heatmaps=True, shift_heatmap=True)
    _, fields = make_head().predict([feats, flipped], samples, test_cfg)
    found = torch.stack([field.heatmaps for field in fields])
    expected = (feats[1][..., 1:] + feats[1][..., :-1]) / 2
    torch.testing.assert_close(found[..., 1:], expected)


def test_flip_test_with_signed_heatmaps(make_head, make_samples, codec_cfg):
    """Two passes that disagree on the occlusion do not cancel."""
    head = make_head(decoder=codec_cfg(32, 'SignedHeatmap'))
    samples = make_samples([16, 32], codec='SignedHeatmap')
    feats = [targets_of(samples, 0), targets_of(samples, 1)]
    flipped = [-0.5 * x.flip(-1)[:, [1, 0, 2, 3]] for x in feats]
    test_cfg = dict(flip_test=True, output_heatmaps=True)
    predictions, fields = head.predict([feats, flipped], samples, test_cfg)
    torch.testing.assert_close(
        torch.stack([field.heatmaps for field in fields]), merge_signed(feats[1], -0.5 * feats[1])
    )
    for sample, prediction, target in zip(samples, predictions, feats[1]):
        np.testing.assert_allclose(prediction.keypoints, sample.gt_instances.keypoints, atol=1.6)
        np.testing.assert_allclose(prediction.keypoint_scores, 0.75)
        peaks_up = target.amax(dim=(1, 2)) > target.amin(dim=(1, 2)).abs()
        np.testing.assert_array_equal(prediction.keypoints_visible[0], peaks_up.float().numpy())


def sample_losses(losses):
    return [value for key, value in losses.items() if 'loss' in key]


@pytest.mark.parametrize('loss', [dict(type='KeypointMSELoss'), ADAPTIVE], ids=lambda x: x['type'])
@pytest.mark.parametrize('in_channels', [None, 16])
@pytest.mark.parametrize('estimator', ['TopdownPoseEstimator', 'MultiStagePoseEstimator'])
def test_in_an_estimator(estimator_cfg, make_samples, estimator, in_channels, loss):
    cfg = estimator_cfg(
        estimator,
        backbone=dict(num_keypoints=None if in_channels else K),
        head=dict(in_channels=in_channels, loss=loss),
        test_cfg=dict(flip_test=True, output_heatmaps=True),
    )
    model = MODELS.build(cfg)
    samples, x = make_samples([16, 32]), torch.randn(2, 3, 64, 64)
    sum(sample_losses(model(x, samples, 'loss'))).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    model.eval()
    predictions = model(x, samples, 'predict')
    assert predictions[0].pred_instances.keypoints.shape == (1, K, 2)
    assert predictions[0].pred_fields.heatmaps.shape == (K, 32, 32)
    assert [tuple(y.shape) for y in model(x, None)] == [(2, K, 16, 16), (2, K, 32, 32)]


def test_parse_losses_adds_up_the_stacks_only(estimator_cfg, make_samples):
    model = MODELS.build(estimator_cfg())
    losses = model.loss(torch.randn(2, 3, 64, 64), make_samples([16, 32]))
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(total, losses['loss_stack1'] + losses['loss_stack2'])


@pytest.mark.parametrize('loss', [dict(type='KeypointMSELoss'), ADAPTIVE], ids=lambda x: x['type'])
def test_mmposes_hourglass(make_head, make_samples, codec_cfg, loss):
    backbone = HourglassNet(
        downsample_times=1,
        num_stacks=2,
        stage_channels=(256, 16),
        stage_blocks=(1, 1),
        feat_channel=16,
    )
    head = make_head(in_channels=16, loss=loss, decoder=codec_cfg(16))
    feats, samples = backbone(torch.randn(1, 3, 64, 64)), make_samples(16, batch=1)
    losses = sample_losses(head.loss(feats, samples))
    assert len(losses) == 2
    sum(losses).backward()
    assert backbone.stem[0].conv.weight.grad.isfinite().all()
    assert head.predict(feats, samples)[0].keypoints.shape == (1, K, 2)


@pytest.mark.parametrize('loss', [dict(type='KeypointMSELoss'), ADAPTIVE], ids=lambda x: x['type'])
def test_mmposes_convolutional_pose_machine(make_head, make_samples, codec_cfg, loss):
    """CPM gives heatmaps itself; its middle stages need no layer of the head."""
    backbone = CPM(3, K, feat_channels=8, num_stages=2)
    head = make_head(loss=loss, decoder=codec_cfg(8))
    feats, samples = backbone(torch.randn(2, 3, 64, 64)), make_samples(8)
    losses = sample_losses(head.loss(feats, samples))
    sum(losses).backward()
    assert backbone.stem[0].conv.weight.grad.isfinite().all()
    assert head.predict(feats, samples)[0].keypoints.shape == (1, K, 2)


@pytest.mark.parametrize('num_levels', [1, 2])
def test_match_targets(make_samples, num_levels):
    labels = np.array([[1, 0, 1, 1], [0, 1, 1, 1]], np.float32)
    sides = [16, 32][:num_levels]
    samples = make_samples(sides, labels=labels)
    preds = heatmaps(sides)
    targets, weights = match_targets(preds, samples)
    for j in range(num_levels):
        torch.testing.assert_close(targets[j], targets_of(samples, j))
        torch.testing.assert_close(weights[j], torch.from_numpy(labels))


def test_another_number_of_keypoints_than_the_data(make_samples):
    with pytest.raises(ValueError, match='predicts 7 keypoints, the data set has 4: set model'):
        match_targets([torch.zeros(2, 7, 16, 16)], make_samples([16]))


def test_two_levels_of_one_size(make_samples):
    with pytest.raises(ValueError, match=r'same: \[\(4, 16, 16\), \(4, 16, 16\)\]'):
        match_targets(heatmaps([16]), make_samples([16, 16]))
