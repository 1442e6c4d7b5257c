"""One hourglass (Newell et al., ECCV 2016; section 3.1 of the MSSH paper)."""

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor

from ..errors import InputError
from .blocks import halve, upsample_like

_LOWEST = 4  # side of the smallest map, in pixels


def hourglass_depth(map_side: int) -> int:
    """Return how often ``map_side`` can be halved, leaving at least 4 pixels.

    Raises:
        InputError: If not even one halving fits.

    >>> [hourglass_depth(side) for side in (32, 64, 128)]
    [3, 4, 5]
    """
    depth = (map_side // _LOWEST).bit_length() - 1
    if depth < 1:
        raise InputError(
            f'an hourglass needs a map of at least {2 * _LOWEST} pixels, got {map_side}: '
            'use a larger input_size or a smaller stride.'
        )
    return depth


@MODELS.register_module()
class Hourglass(BaseModule):
    """Recursive hourglass: (B, channels, H, W) in and out, one block per position.

    Each level has a skip path at full size and a second path: max-pooling, the next level,
    nearest-neighbour upsampling. Odd sizes are rounded up on the way down; the way up returns to
    the skip path's size.

    Args:
        depth: Number of halvings, at least 1 (:func:`hourglass_depth`).
        channels: Width of every block.
        block: Registered name of the block.
        norm_cfg: Normalisation layer of every block.
        init_cfg: MMEngine's initialisation config.

    Raises:
        InputError: If ``depth`` is less than 1.
    """

    def __init__(
        self,
        depth: int,
        channels: int,
        block: str = 'PreActBottleneck',
        norm_cfg: dict = dict(type='BN'),
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        if depth < 1:
            raise InputError(f'depth of Hourglass must be at least 1, got {depth}.')

        def make_block() -> BaseModule:
            cfg = dict(type=block, in_channels=channels, out_channels=channels, norm_cfg=norm_cfg)
            return MODELS.build(cfg)

        self.skip = make_block()
        self.down = make_block()
        self.inner = Hourglass(depth - 1, channels, block, norm_cfg) if depth > 1 else make_block()
        self.up = make_block()

    def forward(self, x: Tensor) -> Tensor:
        low = self.up(self.inner(self.down(halve(x))))
        return self.skip(x) + upsample_like(low, x)
