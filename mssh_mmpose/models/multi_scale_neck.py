"""The multi-scale pre-processing network (section 3.2, Figs. 3 and 5)."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

from ..errors import InputError
from .blocks import halve, upsample_like


def check_strides(name: str, strides: Sequence[int], start: int) -> None:
    """Raise InputError unless all strides are ``start`` times a power of two."""
    for stride in strides:
        ratio, rest = divmod(stride, start)
        if rest or ratio < 1 or ratio & (ratio - 1):
            raise InputError(
                f'{name} must be {start} times a power of two, got {stride} in {tuple(strides)}.'
            )


@MODELS.register_module()
class MultiScaleNeck(BaseModule):
    """One map per stride from a single feature map, by branches of different depths.

    The branch for ``in_stride`` is one block; the branch for twice a stride starts from the
    max-pooled map and is one block deeper. All branches end at ``out_channels``. With stride 4
    alone and an input at stride 2 this is exactly the baseline's stem (max-pool, two blocks).

    Paper: 'multiple branches with different depths', max-pooling for the resolution (3.2); Fig. 3
    was not available. Here: the branches share a trunk of max-pooling alone, as the text of 3.2
    suggests; a branch's first block widens to ``out_channels``, because the baseline's stem does.

    Paper: 'horizontal connections' after the feature pyramid network (5.2.3, Fig. 5). Here: a 1x1
    convolution on the finer map plus the upsampled coarser map, because that network has these.

    Args:
        in_channels: Width of the input map.
        out_channels: Width of every output map, or of each; without ``lateral`` they may differ.
        strides: Strides of the outputs with respect to the image, in the order of the outputs;
            each ``in_stride`` times a power of two, none twice.
        in_stride: Stride of the input map.
        lateral: Adds the top-down connections of Fig. 5.
        block: Registered name of the block.
        norm_cfg: Normalisation layer of every block.
        in_index: Index of the input map if the backbone returns several.
        kwargs: ``init_cfg`` of MMEngine's ``BaseModule``.

    Raises:
        InputError: If ``strides`` is empty, has a stride twice, or a stride does not fit
            ``in_stride``; if ``out_channels`` has neither one width nor one per stride, or has
            several with ``lateral``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int | Sequence[int],
        strides: Sequence[int] = (8, 4, 2),
        in_stride: int = 2,
        lateral: bool = False,
        block: str = 'PreActBottleneck',
        norm_cfg: dict = dict(type='BN'),
        in_index: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not strides or len(set(strides)) < len(strides):
            raise InputError(f'strides must be given and differ, got {tuple(strides)}.')
        check_strides('strides of MultiScaleNeck', strides, in_stride)
        several = not isinstance(out_channels, int)
        widths = tuple(out_channels) if several else (out_channels,) * len(strides)
        if len(widths) != len(strides) or lateral and len(set(widths)) > 1:
            raise InputError(
                'out_channels of MultiScaleNeck must be one width, or without lateral one for each '
                f'of the strides {tuple(strides)}, got {widths}.'
            )
        self.in_channels = in_channels
        self.strides = tuple(strides)
        self.in_stride = in_stride
        self.in_index = in_index
        self.branches = nn.ModuleDict()
        for stride, width in zip(strides, widths):
            num_blocks = (stride // in_stride).bit_length()
            steps = [in_channels] + [width] * num_blocks
            self.branches[str(stride)] = nn.Sequential(
                *(
                    MODELS.build(dict(type=block, in_channels=c, out_channels=d, norm_cfg=norm_cfg))
                    for c, d in zip(steps[:-1], steps[1:])
                )
            )
        finer = sorted(strides)[:-1] if lateral else []
        self.laterals = nn.ModuleDict(
            {str(stride): nn.Conv2d(widths[0], widths[0], 1) for stride in finer}
        )

    def forward(self, x: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return one map per stride.

        Args:
            x: Feature map (B, in_channels, H, W), or a sequence of maps from a backbone, of which
                number ``in_index`` is used; the first is the finest of MMPose's backbones.

        Returns:
            Maps (B, out_channels, H / r, W / r) with r = stride / in_stride, in the order of
            ``strides``.

        Raises:
            InputError: If the backbone returns fewer maps, or one of another width.
        """
        given = [x] if isinstance(x, Tensor) else x
        if not -len(given) <= self.in_index < len(given):
            raise InputError(
                f'MultiScaleNeck takes map in_index={self.in_index} of the backbone, which '
                f'returns {len(given)}.'
            )
        x = given[self.in_index]
        if x.shape[1] != self.in_channels:
            raise InputError(
                f'MultiScaleNeck has in_channels={self.in_channels}, map {self.in_index} of the '
                f'backbone has {x.shape[1]}: {[tuple(each.shape[1:]) for each in given]} (c, h, w).'
            )
        maps = {}
        stride = self.in_stride
        while True:
            if stride in self.strides:
                maps[stride] = self.branches[str(stride)](x)
            if stride == max(self.strides):
                break
            x, stride = halve(x), 2 * stride
        if self.laterals:
            self._connect(maps)
        return tuple(maps[stride] for stride in self.strides)

    def _connect(self, maps: dict) -> None:
        """Add to each map, from coarse to fine, the upsampled next coarser one (Fig. 5)."""
        coarse_to_fine = sorted(maps, reverse=True)
        for coarse, fine in zip(coarse_to_fine[:-1], coarse_to_fine[1:]):
            top_down = upsample_like(maps[coarse], maps[fine])
            maps[fine] = self.laterals[str(fine)](maps[fine]) + top_down
