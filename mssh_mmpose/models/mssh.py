"""The Multi-Scale Stacked Hourglass network (section 3, Fig. 2) and, as its simplest setting, the
stacked hourglass that it is compared with."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule, normal_init
from mmpose.registry import MODELS
from torch import Tensor, nn

from .blocks import check_divisible
from .hourglass import Hourglass, hourglass_depth
from .multi_scale_neck import check_strides

STEM_STRIDE = 2


@MODELS.register_module()
class MSSHNet(BaseModule):
    """Multi-Scale Stacked Hourglass backbone with intermediate supervision.

    Stem -> :class:`MultiScaleNeck` -> stacks of hourglasses, from small maps to large ones. A
    stack's input is the previous stack's output, upsampled (nearest) where the size grows, fused
    with the neck's map of its own stride. ``stage_strides=(4,) * 8`` and
    ``block='PreActBottleneck'`` give the stacked hourglass of the paper's baseline, exactly.

    Paper: the neck's features are sent to every hourglass. Here: a map is fused in by the first
    stack of its stride; the later ones of this stride receive it through the identity path
    (input + prediction, as in the baseline), because adding it again would only scale it and the
    baseline would no longer be a special case.

    Args:
        num_keypoints: K heatmaps per stack; predictions are fed back into the next stack. With
            None the network gives each stack's features instead, for any MMPose head.
        input_size: (w, h) of the image in pixels. It sets the hourglasses' depth: the lowest map
            has 4 pixels on the longer side (up to 7 where that is not a power of two).
        stage_strides: Output stride of every stack, never increasing.
        feat_channels: Width of the stacks, a multiple of 4, with the blocks of Fig. 4 of 8; all
            other widths follow from it.
        block: Registered name of the block used everywhere.
        fusion: 'add' (the paper's choice) or 'concat' (channel concatenation and a 1x1
            convolution).
        neck: Settings of the pre-processing network over ``MultiScaleNeck``'s, e.g.
            ``dict(lateral=True)``; its strides follow from ``stage_strides``.
        norm_cfg: Normalisation layer, everywhere.
        init_cfg: MMEngine's initialisation config. It also reaches the score convolutions, which
            otherwise start near zero; started as large as the others, they cost many epochs.

    Raises:
        ValueError: If the strides increase, are not powers of two, are not those of the neck's
            branches or do not divide ``input_size``, if the widths do not divide, or for an
            unknown fusion.
    """

    def __init__(
        self,
        num_keypoints: int | None = 16,
        input_size: tuple[int, int] = (256, 256),
        stage_strides: Sequence[int] = (8, 8, 8, 4, 4, 4, 2, 2),
        feat_channels: int = 256,
        block: str = 'InceptionResNetA',
        fusion: str = 'add',
        neck: dict | None = None,
        norm_cfg: dict = dict(type='BN'),
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self.num_keypoints = num_keypoints
        self.input_size = tuple(input_size)
        self.stage_strides = tuple(stage_strides)
        self.feat_channels = feat_channels
        self._check_settings(fusion)

        stem_channels = feat_channels // 2
        self.stem = self._make_stem(stem_channels, block, norm_cfg)
        self.neck = MODELS.build(
            dict(
                type='MultiScaleNeck',
                in_channels=stem_channels,
                out_channels=feat_channels,
                strides=tuple(dict.fromkeys(self.stage_strides)),
                in_stride=STEM_STRIDE,
                block=block,
                norm_cfg=norm_cfg,
            )
            | (neck or {})
        )
        self._check_neck()
        self.fusions = nn.ModuleList(
            self._make_fusion(fusion) if coarse != fine else nn.Identity()
            for coarse, fine in zip(self.stage_strides[:-1], self.stage_strides[1:])
        )
        last = len(self.stage_strides) - 1
        self.stacks = nn.ModuleList(
            _Stack(
                hourglass_depth(max(self.input_size) // stride),
                feat_channels,
                num_keypoints,
                block,
                norm_cfg,
                feeds_next=j < last,
            )
            for j, stride in enumerate(self.stage_strides)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Run all stacks.

        Args:
            x: Images (B, 3, H, W).

        Returns:
            Per stack, heatmaps (B, K, H / stride, W / stride), or with ``num_keypoints=None``
            features (B, feat_channels, H / stride, W / stride).
        """
        maps = dict(zip(self.neck.strides, self.neck(self.stem(x))))
        outputs = []
        x = maps[self.stage_strides[0]]
        for j, stack in enumerate(self.stacks):
            if j > 0 and self.stage_strides[j] != self.stage_strides[j - 1]:
                branch = maps[self.stage_strides[j]]
                x = F.interpolate(x, size=branch.shape[-2:], mode='nearest')
                x = self.fusions[j - 1](branch, x)
            output, x = stack(x)
            outputs.append(output)
        return tuple(outputs)

    def _make_stem(self, channels: int, block: str, norm_cfg: dict) -> nn.Sequential:
        """7x7 stride-2 convolution, norm, ReLU and one block: image to (B, channels, H/2, W/2)."""
        conv_channels = channels // 2
        return nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(3, conv_channels, 7, stride=STEM_STRIDE, padding=3),
                norm=build_norm_layer(norm_cfg, conv_channels)[1],
                act=nn.ReLU(inplace=True),
                block=MODELS.build(
                    dict(
                        type=block,
                        in_channels=conv_channels,
                        out_channels=channels,
                        norm_cfg=norm_cfg,
                    )
                ),
            )
        )

    def _make_fusion(self, fusion: str) -> nn.Module:
        return _Add() if fusion == 'add' else _Concat(self.feat_channels)

    def _check_settings(self, fusion: str) -> None:
        strides = self.stage_strides
        if not strides or any(a < b for a, b in zip(strides[:-1], strides[1:])):
            raise ValueError(f'stage_strides must be given and never increase, got {strides}.')
        check_strides('stage_strides', strides, STEM_STRIDE)
        if any(side % max(strides) for side in self.input_size):
            raise ValueError(
                f'input_size {self.input_size} is not divisible by the stride {max(strides)}.'
            )
        check_divisible('feat_channels', self.feat_channels, 4)
        if fusion not in ('add', 'concat'):
            raise ValueError(f"fusion must be 'add' or 'concat', got {fusion!r}.")

    def _check_neck(self) -> None:
        missing = sorted(set(self.stage_strides) - set(self.neck.strides))
        if missing:
            raise ValueError(
                f'stage_strides {self.stage_strides} need maps of stride {missing}, but the neck '
                f'has branches for {self.neck.strides} only.'
            )
        unused = sorted(set(self.neck.strides) - set(self.stage_strides))
        if unused:
            raise ValueError(
                f'the neck has branches for {self.neck.strides}, but no stack of stage_strides '
                f'{self.stage_strides} takes the maps of stride {unused}.'
            )


class _Stack(BaseModule):
    """Hourglass, block, 1x1 convolution, score convolution, and what the next stack receives."""

    def __init__(
        self,
        depth: int,
        channels: int,
        num_keypoints: int | None,
        block: str,
        norm_cfg: dict,
        feeds_next: bool,
    ):
        super().__init__()
        self.hourglass = Hourglass(depth, channels, block, norm_cfg)
        self.block = MODELS.build(
            dict(type=block, in_channels=channels, out_channels=channels, norm_cfg=norm_cfg)
        )
        self.feature = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(channels, channels, 1),
                norm=build_norm_layer(norm_cfg, channels)[1],
                act=nn.ReLU(inplace=True),
            )
        )
        self.score = self.score_remap = self.feature_remap = None
        if num_keypoints is not None:
            self.score = nn.Conv2d(channels, num_keypoints, 1)
            # Near zero, as MMPose's heads do: training starts from the empty heatmap.
            normal_init(self.score, std=0.001)
        if feeds_next:
            self.feature_remap = nn.Conv2d(channels, channels, 1)
            if num_keypoints is not None:
                self.score_remap = nn.Conv2d(num_keypoints, channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Give this stack's output and the next stack's input (None after the last one)."""
        feature = self.feature(self.block(self.hourglass(x)))
        output = feature if self.score is None else self.score(feature)
        if self.feature_remap is None:
            return output, None
        x = x + self.feature_remap(feature)
        return output, x if self.score_remap is None else x + self.score_remap(output)


class _Add(nn.Module):
    def forward(self, branch: Tensor, previous: Tensor) -> Tensor:
        return branch + previous


class _Concat(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, branch: Tensor, previous: Tensor) -> Tensor:
        return self.conv(torch.cat([branch, previous], dim=1))
