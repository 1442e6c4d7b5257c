import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from torch import nn

from mssh_mmpose.models import InceptionResNetA, MultiScaleNeck, PreActBottleneck
from mssh_mmpose.models.multi_scale_neck import check_strides


def num_blocks(branch):
    return sum(isinstance(m, PreActBottleneck) for m in branch.modules())


@pytest.mark.parametrize('lateral', [False, True])
@pytest.mark.parametrize('strides', [(8, 4, 2), (2, 4), (8, 2), (4,)])
def test_maps(strides, lateral):
    neck = MultiScaleNeck(8, 16, strides=strides, lateral=lateral)
    maps = neck(torch.randn(2, 8, 32, 24))
    sizes = [(2, 16, 64 // stride, 48 // stride) for stride in strides]
    assert [tuple(x.shape) for x in maps] == sizes


@pytest.mark.parametrize('lateral', [False, True])
def test_odd_size(lateral):
    neck = MultiScaleNeck(8, 16, lateral=lateral).eval()
    maps = neck(torch.randn(1, 8, 13, 7))
    assert [tuple(x.shape[-2:]) for x in maps] == [(4, 2), (7, 4), (13, 7)]


def test_depths_of_the_branches():
    neck = MultiScaleNeck(8, 16, strides=(8, 4, 2))
    assert {stride: num_blocks(b) for stride, b in neck.branches.items()} == {
        '8': 3,
        '4': 2,
        '2': 1,
    }


def test_stride_4_alone_is_the_baselines_stem():
    """Max-pool, block 128 -> 256, block 256 -> 256."""
    neck = MultiScaleNeck(8, 16, strides=(4,)).eval()
    first, second = neck.branches['4']
    assert first.skip.out_channels == first.expand.conv.out_channels == 16
    x = torch.randn(1, 8, 16, 16)
    expected = second(first(nn.functional.max_pool2d(x, 2)))
    torch.testing.assert_close(neck(x)[0], expected)


def test_branch_in_the_middle():
    """A single map of any stride works: the strides are ratios to ``in_stride``."""
    neck = MultiScaleNeck(8, 16, strides=(32, 16), in_stride=16)
    assert [x.shape[-1] for x in neck(torch.randn(1, 8, 8, 8))] == [4, 8]


def test_lateral_by_hand():
    torch.manual_seed(0)
    neck = MultiScaleNeck(4, 8, strides=(8, 4, 2), lateral=True).eval()
    assert set(neck.laterals) == {'2', '4'}
    plain = MultiScaleNeck(4, 8, strides=(8, 4, 2)).eval()
    plain.load_state_dict(neck.state_dict(), strict=False)
    x = torch.randn(1, 4, 16, 16)
    coarse, middle, fine = plain(x)

    def double(x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)

    middle = neck.laterals['4'](middle) + double(coarse)
    fine = neck.laterals['2'](fine) + double(middle)
    torch.testing.assert_close(neck(x), (coarse, middle, fine))


def test_lateral_connects_the_fine_map_to_the_coarse_branch():
    for lateral in (False, True):
        neck = MultiScaleNeck(4, 8, strides=(8, 2), lateral=lateral)
        neck(torch.randn(1, 4, 16, 16))[1].sum().backward()
        touched = any(p.grad is not None for p in neck.branches['8'].parameters())
        assert touched is lateral


def test_sequence_of_maps():
    """As an MMPose neck it uses the finest map of a backbone."""
    neck = MODELS.build(dict(type='MultiScaleNeck', in_channels=8, out_channels=16)).eval()
    x = torch.randn(1, 8, 16, 16)
    for maps in ((x, torch.randn(1, 8, 8, 8)), [x]):
        torch.testing.assert_close(neck(maps), neck(x))


@pytest.mark.parametrize('index', [0, 1, -1])
def test_any_map_of_a_backbone(index):
    """In MMPose's estimator, behind ResNet-18's maps of 64 and 128 channels, strides 4 and 8."""
    channels, stride = (64, 4) if index == 0 else (128, 8)
    neck = dict(
        type='MultiScaleNeck',
        in_channels=channels,
        out_channels=16,
        strides=(2 * stride, stride),
        in_stride=stride,
        in_index=index,
    )
    model = MODELS.build(
        dict(
            type='TopdownPoseEstimator',
            backbone=dict(type='ResNet', depth=18, out_indices=(0, 1)),
            neck=neck,
            head=dict(type='MultiStageHead', num_stages=2, out_channels=4, in_channels=16),
            data_preprocessor=dict(type='PoseDataPreprocessor'),
        )
    ).eval()
    maps = model(torch.randn(1, 3, 64, 64), None)
    assert [x.shape[-1] for x in maps] == [64 // stride // 2, 64 // stride]


@pytest.mark.parametrize('index', [2, -3])
def test_map_that_is_not_there(index):
    neck = MultiScaleNeck(8, 16, in_index=index)
    with pytest.raises(ValueError, match=f'in_index={index} of the backbone, which returns 2'):
        neck([torch.randn(1, 8, 16, 16)] * 2)


def test_map_of_another_width():
    neck = MultiScaleNeck(8, 16)
    with pytest.raises(ValueError, match=r'in_channels=8, map 0 of .* has 4: \[\(4, 16, 16\)\]'):
        neck(torch.randn(1, 4, 16, 16))


def test_init_cfg():
    neck = MultiScaleNeck(8, 16, init_cfg=dict(type='Constant', layer='Conv2d', val=0.5))
    neck.init_weights()
    assert (neck.branches['2'][0].expand.conv.weight == 0.5).all()


def test_input_is_unchanged():
    x = torch.randn(1, 8, 16, 16)
    before = x.clone()
    MultiScaleNeck(8, 16, lateral=True)(x)
    torch.testing.assert_close(x, before, rtol=0, atol=0)


def test_block_and_norm_reach_every_branch(assert_no_batch_norm):
    neck = MultiScaleNeck(
        8, 16, lateral=True, block='InceptionResNetA', norm_cfg=dict(type='GN', num_groups=2)
    )
    assert_no_batch_norm(neck)
    assert sum(isinstance(m, InceptionResNetA) for m in neck.modules()) == 6


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(strides=()), r'given and differ, got \(\)'),
        (dict(strides=(4, 4)), r'differ, got \(4, 4\)'),
        (dict(strides=(6, 2)), r'2 times a power of two, got 6 in \(6, 2\)'),
        (dict(strides=(4, 1)), r'2 times a power of two, got 1 in \(4, 1\)'),
        (dict(strides=(8, 4), in_stride=16), r'16 times a power of two, got 8 in \(8, 4\)'),
    ],
)
def test_invalid_strides(settings, message):
    with pytest.raises(ValueError, match=message):
        MultiScaleNeck(8, 16, **settings)


def test_widths():
    neck = MultiScaleNeck(4, [16, 8], strides=(8, 2))
    assert [tuple(x.shape) for x in neck(torch.zeros(1, 4, 32, 32))] == [
        (1, 16, 8, 8),
        (1, 8, 32, 32),
    ]
    for widths, lateral in (([16, 8], True), ([16], False)):
        with pytest.raises(ValueError, match=f'one for each .*got .{widths[0]}, *'):
            MultiScaleNeck(4, widths, strides=(8, 2), lateral=lateral)


def test_strides_from_a_config():
    """A list of a config file is as good as a tuple."""
    cfg = Config(dict(type='MultiScaleNeck', in_channels=4, out_channels=8, strides=[4, 2]))
    assert MODELS.build(cfg).strides == (4, 2)


def test_check_strides_accepts_powers_of_two():
    check_strides('strides', (2, 4, 64), start=2)
