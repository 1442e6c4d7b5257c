"""A stack of the network: an hourglass and what turns its output into heatmaps and features."""

from collections import OrderedDict

from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule, normal_init
from mmpose.registry import MODELS
from torch import Tensor, nn

from .hourglass import Hourglass


class Stack(BaseModule):
    """Hourglass, block, 1x1 convolution, score convolution, and what the next stack receives.

    Args:
        depth: Number of halvings of the hourglass.
        channels: Width.
        num_keypoints: K heatmaps; with None the output is the features.
        following: Width of the next stack, None for the last stack.
        block: Registered name of the block.
        norm_cfg: Normalisation layer.
    """

    def __init__(
        self,
        depth: int,
        channels: int,
        num_keypoints: int | None,
        following: int | None,
        block: str,
        norm_cfg: dict,
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
        self.score = self.score_remap = self.feature_remap = self.input_remap = None
        if num_keypoints is not None:
            self.score = nn.Conv2d(channels, num_keypoints, 1)
            # Near zero, as MMPose's heads do: training starts from the empty heatmap.
            normal_init(self.score, std=0.001)
        if following is not None:
            self.feature_remap = nn.Conv2d(channels, following, 1)
            if num_keypoints is not None:
                self.score_remap = nn.Conv2d(num_keypoints, following, 1)
            if following != channels:
                self.input_remap = nn.Conv2d(channels, following, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return this stack's output and the next stack's input (None after the last one)."""
        feature = self.feature(self.block(self.hourglass(x)))
        output = feature if self.score is None else self.score(feature)
        if self.feature_remap is None:
            return output, None
        x = x if self.input_remap is None else self.input_remap(x)
        x = x + self.feature_remap(feature)
        return output, x if self.score_remap is None else x + self.score_remap(output)

    def own_modules(self) -> list[nn.Module]:
        """Return what computes this stack's output."""
        found = [self.hourglass, self.block, self.feature, self.score]
        return [module for module in found if module is not None]

    def feeding_modules(self) -> list[nn.Module]:
        """Return what computes the next stack's input from it."""
        found = [self.feature_remap, self.score_remap, self.input_remap]
        return [module for module in found if module is not None]
