import copy

import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from torch import nn

from mssh_mmpose.analysis import count_multiply_adds
from mssh_mmpose.models import InceptionResNetA, InceptionResNetB, MSSHNet, PreActBottleneck

BLOCKS = {cls.__name__: cls for cls in (PreActBottleneck, InceptionResNetA, InceptionResNetB)}
GN = dict(type='GN', num_groups=2)


def on_meta(**settings):
    with torch.device('meta'):
        return MSSHNet(**settings)


def baseline(num_stacks):
    return on_meta(stage_strides=(4,) * num_stacks, block='PreActBottleneck')


def multiply_adds(net):
    return count_multiply_adds(net, (256, 256))['']


@pytest.mark.parametrize(
    'num_stacks, count', [(1, 3_586_960), (2, 6_730_912), (4, 13_018_816), (8, 25_594_624)]
)
def test_parameters_of_the_baseline(num_stacks, count):
    assert sum(p.numel() for p in baseline(num_stacks).parameters()) == count


def test_multiply_adds_of_the_baseline():
    assert round(multiply_adds(baseline(8)) / 1e9, 2) == 28.09


def test_papers_network():
    """The default is the paper's best: 32, 64 and 128 px maps of a 256 px image."""
    outputs = on_meta()(torch.empty(1, 3, 256, 256, device='meta'))
    sizes = [32] * 3 + [64] * 3 + [128] * 2
    assert [tuple(x.shape) for x in outputs] == [(1, 16, side, side) for side in sizes]


def test_hourglass_depths_of_the_papers_network():
    def depth(hourglass):
        return 1 + (depth(hourglass.inner) if type(hourglass.inner) is type(hourglass) else 0)

    depths = [depth(stack.hourglass) for stack in on_meta().stacks]
    assert depths == [3, 3, 3, 4, 4, 4, 5, 5]


@pytest.mark.parametrize('num_keypoints', [4, None])
@pytest.mark.parametrize('lateral', [False, True])
@pytest.mark.parametrize('fusion', ['add', 'concat'])
@pytest.mark.parametrize('block', BLOCKS)
def test_every_combination(tiny_net, block, fusion, lateral, num_keypoints):
    net = tiny_net(
        stage_strides=(8, 4, 4),
        block=block,
        fusion=fusion,
        dispatch='every',
        lateral=lateral,
        num_keypoints=num_keypoints,
    )
    kinds = {type(m) for m in net.modules()} & set(BLOCKS.values())
    assert kinds == {BLOCKS[block]}
    assert len(net.neck.laterals) == lateral
    x = torch.randn(2, 3, 64, 64)
    before = x.clone()
    outputs = net(x)
    torch.testing.assert_close(x, before, rtol=0, atol=0)
    width = num_keypoints or 16
    assert [tuple(y.shape) for y in outputs] == [(2, width, side, side) for side in (8, 16, 16)]
    sum(y.square().sum() for y in outputs).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize('strides', [(8, 8, 4), (4,), (8, 2), (4, 2, 2), (16, 8)])
def test_outputs_follow_the_strides(tiny_net, strides):
    net = tiny_net(stage_strides=strides, input_size=(128, 128)).eval()
    outputs = net(torch.randn(1, 3, 128, 128))
    assert [x.shape[-1] for x in outputs] == [128 // stride for stride in strides]
    assert net.neck.strides == tuple(dict.fromkeys(strides))


@pytest.mark.parametrize('block', BLOCKS)
@pytest.mark.parametrize('fusion', ['add', 'concat'])
def test_group_norm_everywhere(tiny_net, block, fusion, assert_no_batch_norm):
    norm_cfg = copy.deepcopy(GN)
    settings = dict(block=block, fusion=fusion, lateral=True, norm_cfg=norm_cfg)
    assert_no_batch_norm(tiny_net(**settings))
    assert norm_cfg == GN


def test_widths_follow_from_feat_channels(tiny_net):
    for width in (16, 24, 32):
        net = tiny_net(feat_channels=width)
        assert net.stem.conv.out_channels == width // 4
        assert net.stem.block.expand.conv.out_channels == width // 2
        assert net.neck.branches['4'][0].expand.conv.out_channels == width
        assert {stack.feature.conv.out_channels for stack in net.stacks} == {width}


@pytest.mark.parametrize('input_size, sizes', [((48, 64), (16, 12)), ((64, 32), (8, 16))])
def test_image_that_is_not_square(tiny_net, input_size, sizes):
    w, h = input_size
    net = tiny_net(input_size=input_size)
    outputs = net(torch.randn(2, 3, h, w))
    # The longer side of the lowest map has 4 pixels, so a net for a square has the same weights.
    assert net.state_dict().keys() == tiny_net(input_size=(64, 64)).state_dict().keys()
    assert outputs[0].shape[-2:] == sizes
    assert outputs[1].shape[-2:] == (2 * sizes[0], 2 * sizes[1])


@pytest.mark.parametrize('block', BLOCKS)
@pytest.mark.parametrize('lateral', [False, True])
@pytest.mark.parametrize('size', [(61, 67), (65, 33), (50, 70)])
def test_odd_image(tiny_net, block, lateral, size):
    net = tiny_net(stage_strides=(8, 4, 2), block=block, lateral=lateral).eval()
    outputs = net(torch.randn(1, 3, *size))
    rounded_up = [tuple(-(-side // stride) for side in size) for stride in (8, 4, 2)]
    assert [tuple(x.shape[-2:]) for x in outputs] == rounded_up


def gradients(net, output):
    """Sum of absolute gradients of the neck's branches, by stride."""
    net.zero_grad()
    output.square().sum().backward()
    return {
        int(stride): sum(
            float(p.grad.abs().sum()) for p in branch.parameters() if p.grad is not None
        )
        for stride, branch in net.neck.branches.items()
    }


def test_first_stack_sees_only_the_coarse_features(tiny_net):
    net = tiny_net(stage_strides=(8, 4, 2))
    x = torch.randn(2, 3, 64, 64)
    for stack, seen in enumerate([{8}, {8, 4}, {8, 4, 2}]):
        found = gradients(net, net(x)[stack])
        assert {stride for stride, gradient in found.items() if gradient > 0} == seen


def test_fusion_by_hand(tiny_net):
    """A stack whose stride differs gets the neck's map plus the upsampled previous stack."""
    net = tiny_net(stage_strides=(4, 2)).eval()
    received = []
    net.stacks[1].register_forward_pre_hook(lambda module, args: received.append(args[0]))
    x = torch.randn(1, 3, 64, 64)
    net(x)
    coarse, fine = net.neck(net.stem(x))
    _, passed_on = net.stacks[0](coarse)
    expected = fine + passed_on.repeat_interleave(2, -1).repeat_interleave(2, -2)
    torch.testing.assert_close(received[0], expected)


def inputs_of_stacks(net, x):
    """What every stack receives."""
    received = []
    for stack in net.stacks:
        stack.register_forward_pre_hook(lambda module, args: received.append(args[0]))
    net(x)
    return received


@pytest.mark.parametrize('fusion', ['add', 'concat'])
def test_dispatch_by_hand(tiny_net, fusion):
    """Every later stack fuses the map of its stride; the first of a stride takes it unchanged."""
    net = tiny_net(stage_strides=(4, 4, 2, 2), dispatch='every', fusion=fusion).eval()
    x = torch.randn(1, 3, 64, 64)
    received = inputs_of_stacks(net, x)
    coarse, fine = net.neck(net.stem(x))
    previous = [stack(given)[1] for stack, given in zip(net.stacks, received)]
    previous[1] = previous[1].repeat_interleave(2, -1).repeat_interleave(2, -2)
    torch.testing.assert_close(received[0], coarse)
    for j, branch in enumerate((coarse, fine, fine)):
        layers = net.fusions[j]
        if fusion == 'concat':
            expected = layers.conv(torch.cat([branch, previous[j]], dim=1))
        elif j == 1:
            expected = branch + previous[j]
        else:
            expected = layers.own(branch) + previous[j]
        torch.testing.assert_close(received[j + 1], expected)


def test_dispatch_to_the_first_of_a_stride(tiny_net):
    net = tiny_net(stage_strides=(4, 4, 2, 2)).eval()
    x = torch.randn(1, 3, 64, 64)
    received = inputs_of_stacks(net, x)
    for j in (0, 2):  # whose next stack has the same stride
        torch.testing.assert_close(received[j + 1], net.stacks[j](received[j])[1], rtol=0, atol=0)


def test_cost_of_the_dispatch():
    """1x1 convolutions of 256 channels in front of stacks 2, 3, 5, 6 and 8 of the paper's."""
    every, first = on_meta(dispatch='every'), on_meta(dispatch='first')
    cost = multiply_adds(first)
    more = multiply_adds(every) - cost
    assert more == 256**2 * (2 * 32**2 + 2 * 64**2 + 128**2)
    assert 0.03 < more / cost < 0.04


def test_stacks_of_different_strides_receive_their_map_anyway(tiny_net):
    settings = dict(stage_strides=(8, 4, 2))
    first, every = (tiny_net(dispatch=name, **settings) for name in ('first', 'every'))
    every.load_state_dict(first.state_dict())
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(every.eval()(x), first.eval()(x), rtol=0, atol=0)


def test_neck_of_earlier_configs(tiny_net):
    """Checkpoints of earlier versions hold them."""
    assert len(tiny_net(neck=dict(lateral=True)).neck.laterals) == 1
    for neck in (dict(lateral=False), {}, None):
        assert not tiny_net(neck=neck).neck.laterals


def test_frozen_stages(tiny_net):
    """0: the stem; n: also the first n stacks and what only they use."""
    own = ('hourglass', 'block', 'feature.', 'score.')
    feeding = ('feature_remap', 'score_remap')
    stages = [
        ('stem',),
        ('neck.branches.4', *(f'stacks.0.{name}' for name in own)),
        ('fusions.0', *(f'stacks.0.{n}' for n in feeding), *(f'stacks.1.{n}' for n in own)),
        ('fusions.1', 'neck.branches.2', 'neck.laterals.2', 'stacks.'),
    ]
    for frozen in range(-1, 4):
        net = tiny_net(
            stage_strides=(4, 4, 2), dispatch='every', lateral=True, frozen_stages=frozen
        )
        expected = tuple(name for stage in stages[: frozen + 1] for name in stage)
        for name, module in net.named_modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.training is not name.startswith(expected)
        before = copy.deepcopy(net.state_dict())
        for _ in range(2):  # also after an evaluation
            for name, parameter in net.named_parameters():
                assert parameter.requires_grad is not name.startswith(expected)
            net.train()(torch.randn(2, 3, 64, 64))
            net.eval()
        changed = {
            name for name, value in net.state_dict().items() if (value != before[name]).any()
        }
        buffers = {name for name, _ in net.named_buffers()}
        assert changed == {name for name in buffers if not name.startswith(expected)}


def test_a_stack_on_a_frozen_network(tiny_net):
    """All that a shorter network has can be loaded and frozen, and still computes the same."""
    trained = tiny_net(stage_strides=(8, 4)).eval()
    longer = tiny_net(stage_strides=(8, 4, 2), feat_channels=(16, 16, 8), frozen_stages=2)
    new, unexpected = longer.load_state_dict(trained.state_dict(), strict=False)
    assert new and not unexpected
    x = torch.randn(2, 3, 64, 64)
    outputs = longer.train()(x)
    torch.testing.assert_close(outputs[:2], trained(x), rtol=0, atol=0)
    outputs[2].square().sum().backward()
    learning = {name for name, p in longer.named_parameters() if p.grad is not None}
    assert learning == {name for name, p in longer.named_parameters() if name in new}


def test_widths_of_stacks(tiny_net):
    net = tiny_net(stage_strides=(8, 4, 4, 2), feat_channels=[32, 16, 16, 8], dispatch='every')
    outputs = net(torch.randn(2, 3, 64, 64))
    assert [x.shape[-1] for x in outputs] == [8, 16, 16, 32]
    assert [stack.score.in_channels for stack in net.stacks] == [32, 16, 16, 8]
    assert net.stem.conv.out_channels == 8
    alike = tiny_net(stage_strides=(8, 4), feat_channels=(16, 16))
    same = tiny_net(stage_strides=(8, 4), feat_channels=16)
    same.load_state_dict(alike.state_dict())


@pytest.mark.parametrize('fusion', ('add', 'concat'))
@pytest.mark.parametrize('dispatch', ('every', 'first'))
def test_widths_of_stacks_of_one_stride(tiny_net, fusion, dispatch):
    net = tiny_net(
        stage_strides=(8, 8, 4, 4), feat_channels=(16, 24, 8, 16), fusion=fusion, dispatch=dispatch
    )
    outputs = net(torch.randn(2, 3, 64, 64))
    assert [stack.score.in_channels for stack in net.stacks] == [16, 24, 8, 16]
    assert [x.shape[-1] for x in outputs] == [8, 8, 16, 16]


def test_norm_eval(tiny_net):
    net = tiny_net(norm_eval=True)
    before = copy.deepcopy(net.state_dict())
    outputs = net.train()(torch.randn(2, 3, 64, 64))
    assert net.training
    torch.testing.assert_close(net.state_dict(), before, rtol=0, atol=0)
    sum(x.square().sum() for x in outputs).backward()
    assert all(p.grad is not None for p in net.parameters())


def test_width_and_height_exchanged(tiny_net):
    net = tiny_net(input_size=(32, 64))
    net(torch.randn(2, 3, 64, 32))
    with pytest.raises(ValueError, match=r'64 wide and 32 high, .* \(w, h\) = \(32, 64\)'):
        net(torch.randn(2, 3, 32, 64))


def test_predictions_are_fed_back(tiny_net):
    """input + 1x1(feature) + 1x1(score), without the last for features."""
    for num_keypoints in (4, None):
        stack = tiny_net(num_keypoints=num_keypoints).eval().stacks[0]
        x = torch.randn(1, 16, 16, 16)
        output, passed_on = stack(x)
        feature = stack.feature(stack.block(stack.hourglass(x)))
        expected = x + stack.feature_remap(feature)
        if num_keypoints is None:
            torch.testing.assert_close(output, feature)
        else:
            torch.testing.assert_close(output, stack.score(feature))
            expected = expected + stack.score_remap(output)
        torch.testing.assert_close(passed_on, expected)


def test_last_stack_feeds_nothing(tiny_net):
    """No parameters without a gradient, which distributed training would refuse."""
    last = tiny_net().stacks[-1]
    assert last.feature_remap is None and last.score_remap is None


def test_predictions_start_near_zero(tiny_net):
    outputs = tiny_net().eval()(torch.randn(1, 3, 64, 64))
    assert all(x.abs().max() < 0.1 for x in outputs)


def test_neck_and_fusions_of_the_baseline(tiny_net):
    net = tiny_net(stage_strides=(4, 4, 4))
    assert list(net.neck.branches) == ['4']
    assert not list(net.fusions.parameters())


def test_train_and_eval_return_the_module(tiny_net):
    net = tiny_net()
    assert net.eval() is net and not net.training


def test_training_starts_from_nearly_empty_heatmaps(tiny_net):
    net = tiny_net()
    for stack in net.stacks:
        assert 0.0007 < stack.score.weight.std() < 0.0013
        assert not stack.score.bias.any()


def test_init_cfg(tiny_net):
    net = tiny_net(init_cfg=dict(type='Constant', layer='Conv2d', val=0.25))
    net.init_weights()
    torch.testing.assert_close(net.stem.conv.weight, torch.full_like(net.stem.conv.weight, 0.25))


def test_lists_of_a_config_file():
    cfg = Config(dict(type='MSSHNet', feat_channels=16, stage_strides=[8, 4], input_size=[64, 64]))
    net = MODELS.build(cfg)
    assert net.stage_strides == (8, 4) and net.input_size == (64, 64)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(stage_strides=(4, 8)), r'never increase, got \(4, 8\)'),
        (dict(stage_strides=()), r'must be given and never increase, got \(\)'),
        (dict(stage_strides=(6, 2)), r'2 times a power of two, got 6 in \(6, 2\)'),
        (dict(stage_strides=(2, 1)), r'2 times a power of two, got 1 in \(2, 1\)'),
        (dict(stage_strides=(2, 0)), r'2 times a power of two, got 0 in \(2, 0\)'),
        (dict(input_size=(64, 62)), r'\(64, 62\) is not divisible by the stride 4'),
        (
            dict(input_size=(200, 200), stage_strides=(16, 4)),
            r'\(200, 200\) is not divisible by the stride 16',
        ),
        (dict(input_size=(16, 16)), 'at least 8 pixels, got 4'),
        (dict(feat_channels=18), 'feat_channels must be a positive multiple of 4, got 18'),
        (dict(feat_channels=0), 'feat_channels must be a positive multiple of 4, got 0'),
        (dict(feat_channels=12), 'multiple of 4, got 6'),
        (dict(fusion='mean'), "'add' or 'concat', got 'mean'"),
        (dict(dispatch='last'), "'every' or 'first', got 'last'"),
        (dict(neck=dict(strides=(8, 4), lateral=True)), r"no settings \['strides'\]"),
        (dict(feat_channels=(16,)), r'one for each of 2 stacks, got \(16,\)'),
        (dict(feat_channels='16'), "a whole number, .* got '16'"),
        (dict(feat_channels=(16, 16.0)), r'a whole number, .* got \(16, 16.0\)'),
        (dict(feat_channels=None), 'a whole number, .* got None'),
        (dict(feat_channels=(16, 6)), 'feat_channels must be a positive multiple of 4, got 6'),
        (dict(feat_channels=(16, 8), lateral=True), r'lateral=True adds .* got \(16, 8\)'),
        (dict(feat_channels=(16, 8), num_keypoints=None), 'features go to one head'),
        (dict(frozen_stages=3), 'frozen_stages must be from -1 to 2, got 3'),
        (dict(frozen_stages=-2), 'frozen_stages must be from -1 to 2, got -2'),
    ],
)
def test_invalid_settings(tiny_net, settings, message):
    with pytest.raises(ValueError, match=message):
        tiny_net(**settings)


def test_frozen_stacks_of_other_widths(tiny_net):
    net = tiny_net(stage_strides=(8, 4, 2), feat_channels=(16, 8, 8), frozen_stages=2)
    assert not any(p.requires_grad for p in net.stacks[0].parameters())
