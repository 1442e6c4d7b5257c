"""Residual building blocks: the baseline's bottleneck and the paper's Fig. 4.

Every block maps (B, in_channels, H, W) to (B, out_channels, H, W), and every convolution in it is
pre-activated (norm, ReLU, convolution). The blocks of Fig. 4 share the bottleneck's interface, so
``block='InceptionResNetA'`` is all that changes in a network.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

from ..errors import InputError


def preact_conv(
    in_channels: int, out_channels: int, kernel_size: int, norm_cfg: dict
) -> nn.Sequential:
    """Norm, ReLU and a 'same' convolution with bias, in this order."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
    return nn.Sequential(
        OrderedDict(
            norm=build_norm_layer(norm_cfg, in_channels)[1], act=nn.ReLU(inplace=True), conv=conv
        )
    )


def check_divisible(name: str, channels: int, divisor: int) -> None:
    """Raise InputError unless ``channels`` is a positive multiple of ``divisor``."""
    if channels <= 0 or channels % divisor:
        raise InputError(f'{name} must be a positive multiple of {divisor}, got {channels}.')


class _ResidualBlock(BaseModule):
    """``x + branch(x)``, with a 1x1 convolution on the skip path where the widths differ."""

    def __init__(self, in_channels: int, out_channels: int, init_cfg: dict | None = None):
        super().__init__(init_cfg)
        self.skip = (
            nn.Identity()
            if in_channels == out_channels
            else nn.Conv2d(in_channels, out_channels, 1)
        )

    def branch(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.skip(x) + self.branch(x)


@MODELS.register_module()
class PreActBottleneck(_ResidualBlock):
    """Pre-activation bottleneck of the baseline hourglass: 1x1, 3x3, 1x1.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output, a multiple of 2; the 3x3 works on half of it.
        norm_cfg: Normalisation layer.
        init_cfg: MMEngine's initialisation config.

    Raises:
        InputError: If ``out_channels`` is not a positive multiple of 2.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        norm_cfg: dict = dict(type='BN'),
        init_cfg: dict | None = None,
    ):
        check_divisible('out_channels of PreActBottleneck', out_channels, 2)
        super().__init__(in_channels, out_channels, init_cfg)
        mid_channels = out_channels // 2
        self.reduce = preact_conv(in_channels, mid_channels, 1, norm_cfg)
        self.conv = preact_conv(mid_channels, mid_channels, 3, norm_cfg)
        self.expand = preact_conv(mid_channels, out_channels, 1, norm_cfg)

    def branch(self, x: Tensor) -> Tensor:
        return self.expand(self.conv(self.reduce(x)))


@MODELS.register_module()
class InceptionResNetA(_ResidualBlock):
    """Inception-ResNet-A of Fig. 4(a): two branches of different receptive field.

    A 1x1 reduction; one 3x3 in the near branch, two in the far one; channel concatenation; and a
    1x1 back to the output width.

    Paper: two branches, concatenated, with 'a small number of convolution layers' more than the
    residual block (3.3); Fig. 4 was not available. Here: the far branch is one 3x3 deeper than
    the bottleneck, because this increases the receptive field, as the text wants.

    Paper: no widths are given. Here: the reduction keeps half of ``out_channels`` and each branch a
    quarter, so that the concatenation is as wide as the bottleneck's middle, because then the
    block costs 1.17 times the bottleneck's multiply-adds at equal width and the comparison of the
    blocks is one of structure.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output, a multiple of 4.
        norm_cfg: Normalisation layer.
        init_cfg: MMEngine's initialisation config.

    Raises:
        InputError: If ``out_channels`` is not a positive multiple of 4.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        norm_cfg: dict = dict(type='BN'),
        init_cfg: dict | None = None,
    ):
        check_divisible(f'out_channels of {type(self).__name__}', out_channels, 4)
        super().__init__(in_channels, out_channels, init_cfg)
        mid_channels, branch_channels = out_channels // 2, out_channels // 4
        self.reduce = preact_conv(in_channels, mid_channels, 1, norm_cfg)
        self.near = preact_conv(mid_channels, branch_channels, 3, norm_cfg)
        self.far = self._make_far(mid_channels, branch_channels, norm_cfg)
        self.expand = preact_conv(2 * branch_channels, out_channels, 1, norm_cfg)

    @staticmethod
    def _make_far(in_channels: int, out_channels: int, norm_cfg: dict) -> nn.Module:
        return nn.Sequential(
            preact_conv(in_channels, out_channels, 3, norm_cfg),
            preact_conv(out_channels, out_channels, 3, norm_cfg),
        )

    def branch(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        return self.expand(torch.cat([self.near(x), self.far(x)], dim=1))


def halve(x: Tensor) -> Tensor:
    """Return the 2x2 max-pooled map; odd sides are rounded up."""
    return F.max_pool2d(x, 2, ceil_mode=True)


def upsample_like(x: Tensor, like: Tensor) -> Tensor:
    """Bring a map to the size of another one, by its nearest pixels."""
    size = like.shape[-2:]
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode='nearest')


class _AtHalfSize(nn.Sequential):
    """Run the layers on the 2x2 max-pooled map and bring the result back to the input's size."""

    def forward(self, x: Tensor) -> Tensor:
        return upsample_like(super().forward(halve(x)), x)


@MODELS.register_module()
class InceptionResNetB(InceptionResNetA):
    """Inception-ResNet-B of Fig. 4(b): the far branch's second 3x3 works at half size.

    Paper: subsampling and upsampling 'deepen the building block' (3.3). Here: everything else, the
    convolutions and widths included, is :class:`InceptionResNetA`, because then A and B differ only
    in the subsampling, which 5.2.2 blames for B's score. It is as deep as A, and cheaper.
    """

    @staticmethod
    def _make_far(in_channels: int, out_channels: int, norm_cfg: dict) -> nn.Module:
        return nn.Sequential(
            preact_conv(in_channels, out_channels, 3, norm_cfg),
            _AtHalfSize(preact_conv(out_channels, out_channels, 3, norm_cfg)),
        )
