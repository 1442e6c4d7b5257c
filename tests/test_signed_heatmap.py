import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmpose.codecs import MSRAHeatmap
from mmpose.registry import KEYPOINT_CODECS, TRANSFORMS

from mssh_mmpose.codecs import SignedHeatmap
from mssh_mmpose.codecs.signed_heatmap import merge_signed

LABELLED = np.array([[1, 1, 1, 0]], np.float32)
VISIBLE = np.array([[1, 0, 1, 1]], np.float32)
KEYPOINTS = np.array([[[20, 30], [41, 17], [50, 50], [9, 9]]], np.float32)


@pytest.fixture(params=[16, 32, 64])
def codec(request):
    side = request.param
    return SignedHeatmap(input_size=(64, 64), heatmap_size=(side, side), sigma=1)


def test_encode(codec):
    """The maps are MSRAHeatmap's, with the sign of eq. 1."""
    encoded = codec.encode(KEYPOINTS, LABELLED, VISIBLE)
    plain = MSRAHeatmap((64, 64), codec.heatmap_size, sigma=1).encode(KEYPOINTS, LABELLED)
    sign = np.array([1, -1, 1, 1], np.float32)[:, None, None]
    np.testing.assert_array_equal(encoded['heatmaps'], sign * plain['heatmaps'])
    assert encoded['heatmaps'].dtype == np.float32
    np.testing.assert_array_equal(encoded['keypoint_weights'], LABELLED)
    assert encoded['heatmaps'][0].max() == 1 and encoded['heatmaps'][1].min() == -1
    assert not encoded['heatmaps'][3].any()


def test_all_are_labelled_by_default(codec):
    encoded = codec.encode(KEYPOINTS, keypoints_visible_weights=VISIBLE)
    np.testing.assert_array_equal(encoded['keypoint_weights'], np.ones((1, 4)))


def test_round_trip(codec):
    encoded = codec.encode(KEYPOINTS, LABELLED, VISIBLE)['heatmaps']
    before = encoded.copy()
    keypoints, (scores, visible) = codec.decode(encoded)
    np.testing.assert_array_equal(encoded, before)
    assert keypoints.shape == (1, 4, 2) and scores.shape == visible.shape == (1, 4)
    # Rounded to heatmap pixels, and refined by a quarter of one.
    error = np.abs(keypoints - KEYPOINTS)[0, :3]
    assert error.max() <= 0.75 * codec.scale_factor.max()
    np.testing.assert_allclose(scores, LABELLED)
    np.testing.assert_array_equal(visible[0, :3], VISIBLE[0, :3])
    np.testing.assert_array_equal(keypoints[0, 3], -codec.scale_factor)


def test_decodes_the_largest_magnitude():
    codec = SignedHeatmap((32, 32), (16, 16), sigma=1)
    heatmaps = np.zeros((2, 16, 16), np.float32)
    heatmaps[:, 4, 10] = [0.5, 0.9]
    heatmaps[:, 12, 3] = [-0.8, -0.3]
    keypoints, (scores, visible) = codec.decode(heatmaps)
    np.testing.assert_array_equal(keypoints, [[[6, 24], [20, 8]]])
    np.testing.assert_allclose(scores, [[0.8, 0.9]])
    np.testing.assert_array_equal(visible, [[0, 1]])


def test_image_that_is_not_square():
    codec = SignedHeatmap((64, 32), (16, 8), sigma=1)
    keypoints = np.array([[[52, 8]]], np.float32)
    ones = np.ones((1, 1), np.float32)
    encoded = codec.encode(keypoints, ones, 0 * ones)
    assert encoded['heatmaps'].shape == (1, 8, 16)
    decoded, (_, visible) = codec.decode(encoded['heatmaps'])
    np.testing.assert_array_equal(decoded, keypoints)
    assert visible == 0


def test_flags_missing(codec):
    with pytest.raises(ValueError, match=r'occlusion flags: .*shape \(1, K, 2\)'):
        codec.encode(KEYPOINTS, LABELLED)


@pytest.mark.parametrize('sigma', [2 / 3, 1, 4 / 3, 5 / 3, 2])
def test_peaks_near_the_border(sigma):
    """The peak is on the joint, whichever side of the Gaussian is cut off."""
    codec = SignedHeatmap((16, 16), (16, 16), sigma=sigma)
    for place in range(16):
        keypoints = np.array([[[place, 15 - place]]], np.float32)
        ones = np.ones((1, 1), np.float32)
        heatmaps = codec.encode(keypoints, ones, ones)['heatmaps']
        assert np.unravel_index(heatmaps.argmax(), (1, 16, 16)) == (0, 15 - place, place)


@pytest.mark.parametrize('sigma', [1.5, 1.333, 0, -1])
def test_invalid_sigma(sigma):
    with pytest.raises(ValueError, match=f'positive multiple of 1/3, got {sigma}'):
        SignedHeatmap((64, 64), (16, 16), sigma=sigma)


def test_registered():
    cfg = dict(type='SignedHeatmap', input_size=[64, 64], heatmap_size=[16, 16], sigma=1)
    codec = KEYPOINT_CODECS.build(cfg)
    assert codec.input_size == (64, 64) and codec.signed_peaks
    # Left empty, so that PackPoseInputs keeps MMPose's table of boxes and keypoints.
    assert not codec.instance_mapping_table


def test_merge_agreeing_passes_is_their_mean():
    a = torch.rand(2, 3, 4, 4)
    b = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(merge_signed(a, b), (a + b) / 2)
    torch.testing.assert_close(merge_signed(-a, -b), -(a + b) / 2)


def test_merge_is_symmetric_where_the_passes_differ():
    a, b = torch.randn(100), torch.randn(100)
    merged = merge_signed(a, b)
    torch.testing.assert_close(merged, merge_signed(b, a))
    torch.testing.assert_close(merged.abs(), (a.abs() + b.abs()) / 2)
    stronger = torch.where(a.abs() > b.abs(), a, b)
    torch.testing.assert_close(merged.sign(), stronger.sign())


def test_merge_does_not_cancel():
    a = torch.zeros(1, 1, 8, 8)
    a[..., 2, 5] = 0.9
    merged = merge_signed(a, -a)
    assert merged.abs().argmax() == a.argmax() and merged.max() == a.max()
    torch.testing.assert_close(merge_signed(a, a), a)


def pipeline(prob):
    codecs = [
        dict(type='SignedHeatmap', input_size=(64, 64), heatmap_size=(side, side), sigma=1)
        for side in (16, 32)
    ]
    steps = [
        dict(type='RandomFlip', direction='horizontal', prob=prob),
        dict(type='TopdownAffine', input_size=(64, 64)),
        dict(type='GenerateMultilevelTarget', encoder=codecs),
        dict(type='PackPoseInputs'),
    ]
    return Compose([TRANSFORMS.build(step) for step in steps])


def raw_sample():
    return dict(
        img=np.zeros((64, 64, 3), np.uint8),
        img_shape=(64, 64),
        bbox=np.array([[0, 0, 64, 64]], np.float32),
        bbox_score=np.ones(1, np.float32),
        bbox_center=np.array([[32, 32]], np.float32),
        bbox_scale=np.array([[64, 64]], np.float32),
        keypoints=KEYPOINTS.copy(),
        keypoints_visible=np.stack([LABELLED, VISIBLE], axis=-1),
        flip_indices=[1, 0, 2, 3],
    )


@pytest.mark.parametrize('flip', [False, True])
def test_flip_keeps_the_occlusion_with_its_joint(flip):
    """Joint 1 is occluded; mirrored, it is joint 0 and still occluded."""
    sample = pipeline(float(flip))(raw_sample())['data_samples']
    assert sample.flip is flip
    order = [1, 0, 2, 3] if flip else [0, 1, 2, 3]
    expected = KEYPOINTS[:, order].copy()
    if flip:
        expected[..., 0] = 63 - expected[..., 0]
    labels = sample.gt_instance_labels
    for level, side in enumerate((16, 32)):
        codec = SignedHeatmap((64, 64), (side, side), sigma=1)
        heatmaps = sample.gt_fields[level].heatmaps.numpy()
        keypoints, (_, visible) = codec.decode(heatmaps)
        assert np.abs(keypoints - expected)[0, :3].max() <= 1.5 * 64 / side
        np.testing.assert_array_equal(visible[0, :3], VISIBLE[0, order][:3])
        np.testing.assert_array_equal(labels.keypoint_weights[level], LABELLED[:, order])
    # Boxes and keypoints are packed as ever.
    assert {'bboxes', 'keypoints', 'keypoints_visible'} <= set(sample.gt_instances.keys())


def test_occluded_peaks_are_refined_towards_their_higher_neighbour():
    codec = SignedHeatmap((32, 32), (16, 16), sigma=1)
    maps = np.zeros((2, 16, 16), np.float32)
    maps[:, 8, 8], maps[:, 8, 9] = [1, -1], [0.5, -0.5]
    np.testing.assert_array_equal(codec.decode(maps)[0], [[[16.5, 16]] * 2])
