import copy

import pytest
import torch
from mmpose.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

from mssh_mmpose.models.blocks import check_divisible, preact_conv

BLOCKS = ['PreActBottleneck', 'InceptionResNetA', 'InceptionResNetB']
GN = dict(type='GN', num_groups=2)


def build(block, in_channels=16, out_channels=16, **settings):
    cfg = dict(type=block, in_channels=in_channels, out_channels=out_channels, **settings)
    return MODELS.build(cfg)


def multiply_adds(block, channels=256, side=64):
    with torch.device('meta'):
        module, x = build(block, channels, channels), torch.empty(1, channels, side, side)
    with FlopCounterMode(display=False) as counter:
        module(x)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize('block', BLOCKS)
@pytest.mark.parametrize('out_channels', [16, 24])
@pytest.mark.parametrize('size', [(8, 8), (7, 5), (1, 1)])
def test_width_and_size(block, out_channels, size):
    module = build(block, 16, out_channels).eval()
    x = torch.randn(2, 16, *size, requires_grad=True)
    y = module(x)
    assert y.shape == (2, out_channels, *size)
    y.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize('block', BLOCKS)
def test_every_parameter_gets_a_gradient(block):
    module = build(block, 16, 24)
    module(torch.randn(2, 16, 8, 8)).square().sum().backward()
    dead = [name for name, p in module.named_parameters() if p.grad is None or not p.grad.any()]
    # A bias in front of a batch norm has no effect, hence a gradient of rounding errors only.
    assert not [name for name in dead if 'bias' not in name]


@pytest.mark.parametrize('block', BLOCKS)
def test_input_is_unchanged(block):
    """The first layer of a block is a ReLU that works in place on the norm's output only."""
    module = build(block).eval()
    x = torch.randn(1, 16, 8, 8)
    before = x.clone()
    module(x)
    torch.testing.assert_close(x, before, rtol=0, atol=0)


@pytest.mark.parametrize('block', BLOCKS)
def test_residual(block):
    """Without the last convolution's output, a block of equal widths is the identity."""
    module = build(block)
    torch.nn.init.zeros_(module.expand.conv.weight)
    torch.nn.init.zeros_(module.expand.conv.bias)
    x = torch.randn(2, 16, 8, 8)
    torch.testing.assert_close(module(x), x)


@pytest.mark.parametrize('block', BLOCKS)
def test_skip_convolution_only_for_other_widths(block):
    assert isinstance(build(block, 16, 16).skip, torch.nn.Identity)
    assert build(block, 16, 24).skip.kernel_size == (1, 1)


@pytest.mark.parametrize('block', BLOCKS)
def test_norm_cfg_reaches_all_layers(block, assert_no_batch_norm):
    norm_cfg = copy.deepcopy(GN)
    assert_no_batch_norm(build(block, 16, 24, norm_cfg=norm_cfg))
    assert norm_cfg == GN


@pytest.mark.parametrize('block', BLOCKS)
def test_convolutions_are_preactivated_and_have_biases(block):
    module = build(block, 16, 24)
    parents = [m for m in module.modules() if hasattr(m, 'conv') and hasattr(m, 'norm')]
    convs = [m for m in module.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(parents) == len(convs) - 1  # all but the skip path's
    for parent in parents:
        assert list(dict(parent.named_children())) == ['norm', 'act', 'conv']
    assert all(conv.bias is not None for conv in convs)


def test_preact_conv_by_hand():
    layers = preact_conv(4, 6, 3, dict(type='BN')).eval()
    x = torch.randn(1, 4, 5, 5)
    norm = x / (1 + 1e-5) ** 0.5
    expected = torch.nn.functional.conv2d(
        norm.clamp_min(0), layers.conv.weight, layers.conv.bias, padding=1
    )
    torch.testing.assert_close(layers(x), expected)


def test_widths():
    bottleneck, block_a = build('PreActBottleneck', 32, 64), build('InceptionResNetA', 32, 64)
    assert bottleneck.reduce.conv.out_channels == bottleneck.conv.conv.out_channels == 32
    assert block_a.reduce.conv.out_channels == block_a.expand.conv.in_channels == 32
    assert block_a.near.conv.out_channels == 16
    assert [layer.conv.kernel_size for layer in block_a.far] == [(3, 3), (3, 3)]


def receptive_field(module):
    """Side of the square that the central output pixel sees."""
    x = torch.randn(1, 16, 17, 17, requires_grad=True)
    module.eval()(x)[0, :, 8, 8].sum().backward()
    seen = x.grad.abs().sum(dim=(0, 1)) > 0
    return int(max(seen.any(dim=0).sum(), seen.any(dim=1).sum()))


def test_receptive_fields():
    torch.manual_seed(2)
    assert receptive_field(build('PreActBottleneck')) == 3
    assert receptive_field(build('InceptionResNetA')) == 5
    # The path at half size sees three pooled pixels, less what max-pooling discards.
    assert receptive_field(build('InceptionResNetB')) in (7, 8)


def test_block_b_by_hand():
    """Block A, but for the far branch's second convolution, which works on the pooled map."""
    block_a, block_b = (build(name, 16, 16).eval() for name in BLOCKS[1:])
    assert [p.shape for p in block_b.parameters()] == [p.shape for p in block_a.parameters()]
    x = torch.randn(1, 16, 8, 6)
    reduced = block_b.reduce(x)
    first, second = block_b.far[0], block_b.far[1][0]
    low = second(torch.nn.functional.max_pool2d(first(reduced), 2))
    far = low.repeat_interleave(2, -1).repeat_interleave(2, -2)
    expected = x + block_b.expand(torch.cat([block_b.near(reduced), far], dim=1))
    torch.testing.assert_close(block_b(x), expected)


def test_cost_of_the_blocks_at_equal_width():
    bottleneck = multiply_adds('PreActBottleneck')
    # 1x1 256 -> 128, 3x3 128 -> 128, 1x1 128 -> 256, by hand.
    assert bottleneck == 64 * 64 * (256 * 128 + 9 * 128 * 128 + 128 * 256)
    assert bottleneck < multiply_adds('InceptionResNetA') <= 1.25 * bottleneck
    assert multiply_adds('InceptionResNetB') < multiply_adds('InceptionResNetA')


@pytest.mark.parametrize(
    'block, out_channels, message',
    [
        ('PreActBottleneck', 7, 'PreActBottleneck must be a positive multiple of 2, got 7'),
        ('PreActBottleneck', 0, 'PreActBottleneck must be a positive multiple of 2, got 0'),
        ('PreActBottleneck', -2, 'PreActBottleneck must be a positive multiple of 2, got -2'),
        ('InceptionResNetA', 6, 'InceptionResNetA must be a positive multiple of 4, got 6'),
        ('InceptionResNetB', 2, 'InceptionResNetB must be a positive multiple of 4, got 2'),
        ('InceptionResNetB', -4, 'InceptionResNetB must be a positive multiple of 4, got -4'),
    ],
)
def test_widths_that_do_not_divide(block, out_channels, message):
    with pytest.raises(ValueError, match=message):
        build(block, 16, out_channels)


def test_check_divisible_accepts_multiples():
    check_divisible('width', 8, 4)


@pytest.mark.parametrize('block', BLOCKS)
def test_init_cfg(block):
    cfg = dict(type='Constant', layer='Conv2d', val=0.5)
    module = build(block, init_cfg=cfg)
    module.init_weights()
    torch.testing.assert_close(
        module.expand.conv.weight, torch.full_like(module.expand.conv.weight, 0.5)
    )
