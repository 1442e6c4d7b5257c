"""The Multi-Scale Stacked Hourglass network (section 3, Fig. 2) and, as its simplest setting, the
stacked hourglass that it is compared with."""

from collections import OrderedDict
from collections.abc import Sequence
from numbers import Integral

import torch
from mmcv.cnn import build_norm_layer
from mmpose.registry import MODELS
from torch import Tensor, nn

from ..errors import InputError
from .blocks import check_divisible, upsample_like
from .freezing import FreezableBackbone
from .hourglass import hourglass_depth
from .multi_scale_neck import MultiScaleNeck, check_strides
from .stack import Stack

STEM_STRIDE = 2


@MODELS.register_module()
class MSSHNet(FreezableBackbone):
    """Multi-Scale Stacked Hourglass backbone with intermediate supervision.

    Stem -> :class:`MultiScaleNeck` -> stacks of hourglasses, from small maps to large ones. A
    stack's input is the previous stack's output, upsampled (nearest) where the size grows, fused
    with the neck's map of its own stride. ``stage_strides=(4,) * 8``,
    ``block='PreActBottleneck'`` and ``dispatch='first'`` give the stacked hourglass of
    pytorch-pose, exactly, which is taken for the paper's baseline.

    Paper: the neck's features are sent to each hourglass. Here: the first stack of a stride takes
    the map itself; with ``dispatch='every'`` each later stack of this stride has its own 1x1
    convolution, because adding the same map again would only scale it.

    Args:
        num_keypoints: K heatmaps per stack; predictions are fed back into the next stack. With
            None the network returns each stack's features instead, for any MMPose head.
        input_size: (w, h) of the image in pixels. It sets the hourglasses' depth: the lowest map
            has 4 pixels on the longer side (up to 8 where that is not a power of two).
        stage_strides: Output stride of every stack, never increasing.
        feat_channels: Width of the stacks, a multiple of 4, with the blocks of Fig. 4 of 8; all
            other widths follow from it. A sequence has the width of each stack: a map of the neck
            is as wide as the first stack of its stride, the stem half as wide as the first of all.
        block: Registered name of the block used everywhere.
        fusion: 'add' (the paper's choice) or 'concat': channel concatenation and a 1x1
            convolution, which then is the later stacks' own.
        dispatch: Which stacks receive the neck's map of their stride: 'every' (the paper's) or the
            'first' of each stride.
        lateral: Adds the neck's top-down connections (Fig. 5).
        kwargs: Arguments of :class:`FreezableBackbone`: ``norm_cfg``; ``frozen_stages``, 0 for the
            stem, n for the first n stacks and what only they use too, so that the weights of a
            network of n stacks can be loaded and frozen below new stacks; ``norm_eval``;
            ``init_cfg``, which also reaches the score convolutions: they start near zero without
            it, and a start at the usual scale slows training by many epochs.

    Raises:
        InputError: If the strides increase, are not powers of two or do not divide ``input_size``,
            if the widths do not divide, are not one per stack, or differ where they must not (with
            ``lateral`` or without keypoints), or for an unknown fusion or dispatch.
    """

    def __init__(
        self,
        num_keypoints: int | None = 16,
        input_size: tuple[int, int] = (256, 256),
        stage_strides: Sequence[int] = (8, 8, 8, 4, 4, 4, 2, 2),
        feat_channels: int | Sequence[int] = 256,
        block: str = 'InceptionResNetA',
        fusion: str = 'add',
        dispatch: str = 'first',
        lateral: bool = False,
        **kwargs,
    ):
        if 'neck' in kwargs:  # in earlier configs, which are inside checkpoints
            lateral = _read_neck(kwargs.pop('neck'))
        super().__init__(**kwargs)
        self.num_keypoints = num_keypoints
        self.input_size = tuple(input_size)
        self.stage_strides = tuple(stage_strides)
        self.feat_channels = feat_channels
        self.widths = stack_widths(feat_channels, len(self.stage_strides))
        self._check_settings(fusion, dispatch, lateral)
        layers = dict(block=block, norm_cfg=self.norm_cfg)
        self.stem = _make_stem(self.widths[0] // 2, **layers)
        # A map is as wide as the first stack of its stride.
        maps = {s: self.widths[self.stage_strides.index(s)] for s in self.stage_strides}
        self.neck = MultiScaleNeck(
            self.widths[0] // 2,
            tuple(maps.values()),
            strides=tuple(maps),
            in_stride=STEM_STRIDE,
            lateral=lateral,
            **layers,
        )
        self.fusions = self._make_fusions(fusion, dispatch, maps)
        self.stacks = self._make_stacks(**layers)
        self.freeze([[self.stem], *map(self._stage, range(len(self.stacks)))])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Run all stacks.

        Args:
            x: Images (B, 3, H, W).

        Returns:
            Per stack, heatmaps (B, K, H / stride, W / stride), or with ``num_keypoints=None``
            features (B, feat_channels, H / stride, W / stride).

        Raises:
            InputError: If the images have ``input_size`` with width and height exchanged.
        """
        w, h = self.input_size
        if w != h and x.shape[-2:] == (w, h):
            raise InputError(
                f'images are {h} wide and {w} high, input_size is (w, h) = {self.input_size}: '
                'exchange the two numbers in the config of one of them.'
            )
        maps = dict(zip(self.neck.strides, self.neck(self.stem(x))))
        x = maps[self.stage_strides[0]]
        output, x = self.stacks[0](x)
        outputs = [output]
        for stride, fusion, stack in zip(self.stage_strides[1:], self.fusions, self.stacks[1:]):
            output, x = stack(fusion(maps[stride], x))
            outputs.append(output)
        return tuple(outputs)

    def _make_fusions(self, fusion: str, dispatch: str, maps: dict[int, int]) -> nn.ModuleList:
        """Make the modules that fuse each later stack's map with the previous stack's output.

        Args:
            fusion: As of the network.
            dispatch: As of the network.
            maps: Width of the neck's map of each stride.
        """
        fusions = nn.ModuleList()
        strides = self.stage_strides
        for before, stride, C in zip(strides[:-1], strides[1:], self.widths[1:]):
            if stride == before and dispatch == 'first':
                fusions.append(_PassOn())
            elif fusion == 'concat':
                fusions.append(_Concat(maps[stride], C))
            else:
                own = nn.Conv2d(maps[stride], C, 1) if stride == before else nn.Identity()
                fusions.append(_Add(own))
        return fusions

    def _make_stacks(self, **layers) -> nn.ModuleList:
        longer = max(self.input_size)
        return nn.ModuleList(
            Stack(hourglass_depth(longer // stride), C, self.num_keypoints, following, **layers)
            for stride, C, following in zip(
                self.stage_strides, self.widths, [*self.widths[1:], None]
            )
        )

    def _stage(self, j: int) -> list[nn.Module]:
        """Return the modules of stack j, and those before it that no earlier stack uses."""
        stage = self.stacks[j].own_modules()
        stride = self.stage_strides[j]
        if stride not in self.stage_strides[:j]:
            stage.append(self.neck.branches[str(stride)])
            stage += [self.neck.laterals[str(stride)]] if str(stride) in self.neck.laterals else []
        if j > 0:
            stage += [*self.stacks[j - 1].feeding_modules(), self.fusions[j - 1]]
        return stage

    def _check_settings(self, fusion: str, dispatch: str, lateral: bool) -> None:
        strides = self.stage_strides
        if not strides or any(a < b for a, b in zip(strides[:-1], strides[1:])):
            raise InputError(f'stage_strides must be given and never increase, got {strides}.')
        check_strides('stage_strides', strides, STEM_STRIDE)
        if any(side % max(strides) for side in self.input_size):
            raise InputError(
                f'input_size {self.input_size} is not divisible by the stride {max(strides)}.'
            )
        for width in self.widths:
            check_divisible('feat_channels', width, 4)
        if len(set(self.widths)) > 1 and (lateral or self.num_keypoints is None):
            reason = 'lateral=True adds the maps' if lateral else 'features go to one head'
            raise InputError(f'feat_channels must be one width, as {reason}, got {self.widths}.')
        if fusion not in ('add', 'concat'):
            raise InputError(f"fusion must be 'add' or 'concat', got {fusion!r}.")
        if dispatch not in ('every', 'first'):
            raise InputError(f"dispatch must be 'every' or 'first', got {dispatch!r}.")


def stack_widths(feat_channels: int | Sequence[int], num_stages: int) -> tuple[int, ...]:
    """Return the width of every stack.

    Raises:
        InputError: If ``feat_channels`` is neither one whole number nor one for each stack.
    """
    several = isinstance(feat_channels, (list, tuple))
    widths = tuple(feat_channels) if several else (feat_channels,) * num_stages
    if len(widths) != num_stages or not all(isinstance(width, Integral) for width in widths):
        raise InputError(
            f'feat_channels must be a whole number, or one for each of {num_stages} stacks, got '
            f'{feat_channels!r}.'
        )
    return widths


def _read_neck(neck: dict | None) -> bool:
    """Read ``lateral`` from ``neck=dict(lateral=...)``."""
    unknown = sorted(set(neck or {}) - {'lateral'})
    if unknown:
        raise InputError(
            f'MSSHNet: neck has no settings {unknown}; its strides, block and norm_cfg follow from '
            'the network, and lateral=True is a setting of the network.'
        )
    return (neck or {}).get('lateral', False)


def _make_stem(channels: int, block: str, norm_cfg: dict) -> nn.Sequential:
    """7x7 stride-2 convolution, norm, ReLU and one block: image to (B, channels, H/2, W/2)."""
    mid = channels // 2
    first = dict(type=block, in_channels=mid, out_channels=channels, norm_cfg=norm_cfg)
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(3, mid, 7, stride=STEM_STRIDE, padding=3),
            norm=build_norm_layer(norm_cfg, mid)[1],
            act=nn.ReLU(inplace=True),
            block=MODELS.build(first),
        )
    )


class _PassOn(nn.Module):
    """The next stack receives the previous one's output and no map."""

    def forward(self, neck_map: Tensor, previous: Tensor) -> Tensor:
        return previous


class _Add(nn.Module):
    """``own(neck_map) + previous``, the latter upsampled to the map's size.

    ``own`` is a 1x1 convolution, or the identity where the stride changes.
    """

    def __init__(self, own: nn.Module):
        super().__init__()
        self.own = own

    def forward(self, neck_map: Tensor, previous: Tensor) -> Tensor:
        return self.own(neck_map) + upsample_like(previous, neck_map)


class _Concat(nn.Module):
    """A 1x1 convolution of the neck's map and the previous output, upsampled to its size."""

    def __init__(self, map_channels: int, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(map_channels + channels, channels, 1)

    def forward(self, neck_map: Tensor, previous: Tensor) -> Tensor:
        return self.conv(torch.cat([neck_map, upsample_like(previous, neck_map)], dim=1))
