"""The pipelines of the configs."""

import pytest
from mmengine.dataset import Compose

from mssh_mmpose.datasets import make_test_pipeline, make_train_pipeline

CODEC = dict(type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=1)


def step(pipeline, kind):
    [found] = [step for step in pipeline if step['type'] == kind]
    return found


def test_settings_reach_their_steps():
    warp, colour, half = dict(shift_prob=0.3), dict(hue_delta=9), dict(prob=0.5)
    pipeline = make_train_pipeline([CODEC], warp, colour, half)
    assert [step['type'] for step in pipeline] == [
        'LoadImage',
        'GetBBoxCenterScale',
        'RandomFlip',
        'RandomHalfBody',
        'RandomBBoxTransform',
        'TopdownAffine',
        'PhotometricDistortion',
        'GenerateMultilevelTarget',
        'PackPoseInputs',
    ]
    assert step(pipeline, 'RandomFlip')['prob'] == 0.5
    assert step(pipeline, 'GetBBoxCenterScale').get('padding', 1.25) == 1.25
    assert step(pipeline, 'RandomBBoxTransform')['shift_prob'] == 0.3
    assert step(pipeline, 'PhotometricDistortion')['hue_delta'] == 9
    assert step(pipeline, 'RandomHalfBody')['prob'] == 0.5
    assert (warp, colour, half) == (dict(shift_prob=0.3), dict(hue_delta=9), dict(prob=0.5))


def test_nothing_is_shifted_unless_asked():
    pipeline = make_train_pipeline([CODEC], dict(rotate_factor=40.0))
    assert step(pipeline, 'RandomBBoxTransform')['shift_prob'] == 0


@pytest.mark.parametrize('make', [make_train_pipeline, make_test_pipeline])
@pytest.mark.parametrize('several', [True, False])
@pytest.mark.parametrize('kind', ['MSRAHeatmap', 'UDPHeatmap', 'mmpose.UDPHeatmap'])
def test_codecs_decide_the_crop(make, several, kind):
    codec = CODEC | dict(type=kind)
    pipeline = make([codec] if several else codec)
    affine = step(pipeline, 'TopdownAffine')
    assert affine['input_size'] == (48, 64)
    assert affine.get('use_udp', False) is (kind != 'MSRAHeatmap')
    if make is make_train_pipeline:
        target = 'GenerateMultilevelTarget' if several else 'GenerateTarget'
        assert step(pipeline, target)['encoder'] == ([codec] if several else codec)
    Compose(pipeline)
