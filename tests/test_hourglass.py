import pytest
import torch
from mmpose.registry import MODELS

from mssh_mmpose.models import Hourglass, InceptionResNetB, PreActBottleneck
from mssh_mmpose.models.hourglass import hourglass_depth


@pytest.mark.parametrize('side, depth', [(8, 1), (15, 1), (16, 2), (32, 3), (64, 4), (128, 5)])
def test_depth(side, depth):
    assert hourglass_depth(side) == depth


@pytest.mark.parametrize('side', [0, 4, 7])
def test_map_too_small(side):
    with pytest.raises(ValueError, match=f'at least 8 pixels, got {side}'):
        hourglass_depth(side)


@pytest.mark.parametrize('depth', [1, 2, 4])
@pytest.mark.parametrize('size', [(16, 16), (16, 12), (13, 7), (1, 1)])
def test_size_is_kept(depth, size):
    net = Hourglass(depth, 8).eval()
    x = torch.randn(1, 8, *size)
    before = x.clone()
    assert net(x).shape == x.shape
    torch.testing.assert_close(x, before, rtol=0, atol=0)


@pytest.mark.parametrize('depth', [1, 3])
def test_number_of_blocks(depth):
    """Three per level, and one more at the bottom."""
    blocks = [m for m in Hourglass(depth, 8).modules() if isinstance(m, PreActBottleneck)]
    assert len(blocks) == 3 * depth + 1


@pytest.mark.parametrize('side', [32, 64, 128])
def test_lowest_map(side):
    """At 256 px and strides 8, 4 and 2, the innermost block works on 4x4 pixels."""
    net = Hourglass(hourglass_depth(side), 4).eval()
    innermost = net
    while isinstance(innermost, Hourglass):
        innermost = innermost.inner
    sizes = []
    innermost.register_forward_hook(lambda module, args, output: sizes.append(output.shape[-2:]))
    net(torch.randn(1, 4, side, side))
    assert sizes == [(4, 4)]


def test_by_hand():
    """With identities for blocks: the input plus the upsampled maximum of 2x2 pixels."""
    net = Hourglass(1, 4)
    net.skip = net.down = net.inner = net.up = torch.nn.Identity()
    x = torch.arange(16.0).view(1, 1, 4, 4)
    maxima = torch.tensor([[5.0, 7.0], [13.0, 15.0]])
    expected = x + maxima.repeat_interleave(2, 0).repeat_interleave(2, 1)
    torch.testing.assert_close(net(x), expected)


def test_block_and_norm_reach_every_level(assert_no_batch_norm):
    net = Hourglass(3, 8, block='InceptionResNetB', norm_cfg=dict(type='GN', num_groups=2))
    assert_no_batch_norm(net)
    assert sum(isinstance(m, InceptionResNetB) for m in net.modules()) == 10


@pytest.mark.parametrize('depth', [0, -1])
def test_invalid_depth(depth):
    with pytest.raises(ValueError, match=f'at least 1, got {depth}'):
        Hourglass(depth, 8)


def test_built_from_config():
    cfg = dict(type='Hourglass', depth=2, channels=8)
    assert isinstance(MODELS.build(cfg).inner, Hourglass)
