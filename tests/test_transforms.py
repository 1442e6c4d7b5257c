import numpy as np
import pytest
import torch
from mmpose.datasets.transforms import GenerateTarget, PackPoseInputs
from mmpose.registry import KEYPOINT_CODECS, TRANSFORMS

from mssh_mmpose.datasets import GenerateMultilevelTarget


@pytest.fixture
def encoders(codec_cfg):
    def make(codec='MSRAHeatmap', sides=(16, 32)):
        return [codec_cfg(side, codec) for side in sides]

    return make


def raw_sample(flags):
    labelled = np.array([[1, 1, 0]], np.float32)
    visible = np.array([[1, 0, 1]], np.float32)
    return dict(
        img=np.zeros((64, 64, 3), np.uint8),
        keypoints=np.array([[[20, 30], [41, 17], [50, 50]]], np.float32),
        keypoints_visible=np.stack([labelled, visible], -1) if flags else labelled,
        bbox=np.array([[0, 0, 64, 64]], np.float32),
        bbox_score=np.ones(1, np.float32),
    )


def pack(results):
    return PackPoseInputs()(results)['data_samples']


def test_same_targets_as_mmpose(encoders):
    ours = GenerateMultilevelTarget(encoders())(raw_sample(flags=False))
    theirs = GenerateTarget(encoders(), multilevel=True)(raw_sample(flags=False))
    for key in ('heatmaps', 'keypoint_weights'):
        for a, b in zip(ours[key], theirs[key]):
            np.testing.assert_array_equal(a, b)
    assert 'keypoints_visible_weights' not in ours
    assert pack(ours).gt_fields.nlevel == 2


def test_codec_for_crops_of_another_size(encoders):
    """For example (h, w) for (w, h): joints would be drawn in the wrong place."""
    with pytest.raises(ValueError, match=r'\(w, h\) = \(64, 64\), the crop is \(64, 32\)'):
        GenerateMultilevelTarget(encoders())({**raw_sample(flags=False), 'input_size': (64, 32)})


@pytest.mark.parametrize('sides', [(16,), (16, 32), (16, 32, 64)])
@pytest.mark.parametrize('step', [GenerateMultilevelTarget, GenerateTarget])
def test_signed_levels(encoders, sides, step):
    """In our step and in MMPose's."""
    settings = dict(multilevel=True) if step is GenerateTarget else {}
    results = step(encoders('SignedHeatmap', sides), **settings)(raw_sample(flags=True))
    np.testing.assert_array_equal(results['keypoints_visible'], [[1, 1, 0]])
    sample = pack(results)
    labels = sample.gt_instance_labels
    assert labels.keypoint_weights.shape == (len(sides), 1, 3)
    for level, side in enumerate(sides):
        torch.testing.assert_close(labels.keypoint_weights[level], torch.tensor([[1.0, 1.0, 0.0]]))
        heatmaps = sample.gt_fields[level].heatmaps
        assert heatmaps.shape == (3, side, side)
        assert heatmaps[0].max() == 1 and heatmaps[1].min() == -1


def test_flags_missing_in_the_step_of_mmpose(encoders):
    codecs = encoders('SignedHeatmap')
    with pytest.raises(KeyError, match='keypoints_visible_weights.*: SignedHeatmap needs occlusio'):
        GenerateTarget(codecs, multilevel=True)(raw_sample(flags=False))
    with pytest.raises(ValueError, match='SignedHeatmap needs occlusion flags'):
        GenerateTarget(codecs[0])(raw_sample(flags=False))


def test_flags_do_not_matter_to_unsigned_heatmaps(encoders):
    """MSRAHeatmap's own table of labels leaves the flags out."""
    step = GenerateMultilevelTarget(encoders())
    with_flags, without = pack(step(raw_sample(True))), pack(step(raw_sample(False)))
    assert list(with_flags.gt_instance_labels.keys()) == ['keypoint_weights']
    for a, b in zip(with_flags.gt_fields.heatmaps, without.gt_fields.heatmaps):
        torch.testing.assert_close(a, b)


def test_flags_missing(encoders):
    step = GenerateMultilevelTarget(encoders('SignedHeatmap'))
    with pytest.raises(ValueError, match=r'of shape \(1, K, 2\).* gives \(1, 3\)'):
        step(raw_sample(flags=False))


def test_flags_missing_with_one_signed_level(encoders, codec_cfg):
    step = GenerateMultilevelTarget([codec_cfg(16), codec_cfg(32, 'SignedHeatmap')])
    with pytest.raises(ValueError, match=r'gives \(1, 3\)'):
        step(raw_sample(flags=False))


def test_sigma_that_mmpose_draws_off(codec_cfg):
    codec = codec_cfg(16, sigma=1.5)
    with pytest.raises(ValueError, match='multiple of 1/3, got 1.5'):
        GenerateMultilevelTarget([codec_cfg(32), codec])
    GenerateMultilevelTarget([dict(codec, unbiased=True)])
    # What it is refused for: a joint's peak one pixel off, at the left and at the upper border.
    encoded = KEYPOINT_CODECS.build(codec).encode(np.array([[[8.0, 8.0]]], np.float32))
    peak = np.unravel_index(encoded['heatmaps'][0].argmax(), (16, 16))
    assert peak != (2, 2)


def test_built_from_config(encoders):
    step = TRANSFORMS.build(dict(type='GenerateMultilevelTarget', encoder=encoders()))
    assert step.multilevel and len(step.encoder) == 2
