"""The network as it is deployed: from the pixels of a crop to heatmaps or keypoints."""

import torch
from mmengine.config import Config
from mmpose.codecs import MSRAHeatmap
from mmpose.models.pose_estimators import TopdownPoseEstimator
from torch import Tensor, nn

from ..codecs import SignedHeatmap
from ..errors import InputError
from ..models import MultiStageHead
from .decoding import decode_dark_peaks, decode_peaks, decode_signed_peaks

CONTINUOUS = ('heatmaps', 'scores')
"""Outputs that are compared by value; the others jump where two peaks are equally high."""
HEATMAPS = ('heatmaps',)
KEYPOINTS = ('keypoints', 'scores')
SIGNED_KEYPOINTS = ('keypoints', 'scores', 'visible')


class DeployedNetwork(nn.Module):
    """An estimator with its normalisation, without flip test, and optionally with decoding.

    Args:
        estimator: A top-down estimator with heatmaps.
        preprocessor: The config's ``model.data_preprocessor``.
        decode: Whether to return keypoints instead of heatmaps.

    Raises:
        InputError: If the estimator does not return heatmaps, or its codec cannot be decoded in the
            graph.
    """

    def __init__(self, estimator: TopdownPoseEstimator, preprocessor: dict, decode: bool):
        super().__init__()
        self.estimator = estimator
        self.codec = estimator.head.decoder
        if not hasattr(self.codec, 'heatmap_size'):
            raise InputError(
                f'only networks of heatmaps are exported; the codec of this one is '
                f'{type(self.codec).__name__}.'
            )
        self.swap_channels = preprocessor.get('bgr_to_rgb') or preprocessor.get('rgb_to_bgr')
        for name, default in (('mean', 0.0), ('std', 1.0)):
            values = preprocessor.get(name) or [default]
            self.register_buffer(name, torch.tensor(values).float().view(-1, 1, 1))
        self.decode = decode
        self.output_names = output_names(self.codec) if decode else HEATMAPS

    @property
    def input_size(self) -> tuple[int, int]:
        """(w, h) of the crop in pixels."""
        width, height = self.codec.input_size
        return width, height

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Run the network.

        Args:
            images: (B, 3, H, W), uint8, BGR, as from MMPose's pipelines.

        Returns:
            Heatmaps (B, K, h, w); with ``decode`` the tuple of :func:`decode_peaks`,
            :func:`decode_dark_peaks` or :func:`decode_signed_peaks`.
        """
        heatmaps = self.heatmaps(images)
        if not self.decode:
            return heatmaps
        scale_factor = self.codec.scale_factor.tolist()
        if isinstance(self.codec, SignedHeatmap):
            return decode_signed_peaks(heatmaps, scale_factor)
        if self.codec.unbiased:
            return decode_dark_peaks(heatmaps, scale_factor, self.codec.blur_kernel_size)
        return decode_peaks(heatmaps, scale_factor)

    def heatmaps(self, images: Tensor) -> Tensor:
        """Return the heatmaps (B, K, h, w) of images (B, 3, H, W)."""
        x = images.float()
        x = x.flip(1) if self.swap_channels else x
        x = (x - self.mean) / self.std
        heatmaps = decoded_heatmaps(self.estimator, x)
        if heatmaps.ndim != 4:
            raise InputError(
                f'expected heatmaps (B, K, H, W) from {type(self.estimator.head).__name__}, got '
                f'an output of shape {tuple(heatmaps.shape)}; only heatmap networks are exported.'
            )
        return heatmaps


def decoded_heatmaps(estimator: TopdownPoseEstimator, x: Tensor) -> Tensor:
    """Return the heatmaps that an estimator decodes, for images that are normalised.

    Those of the last stack, or of the stacks that ``test_cfg.stacks`` names.
    """
    feats, head = estimator.extract_feat(x), estimator.head
    if isinstance(head, MultiStageHead):
        return head.mean_heatmaps(feats, estimator.test_cfg)
    outputs = head(feats)
    return outputs[-1] if isinstance(outputs, (list, tuple)) else outputs


def check_heatmap_config(cfg: Config) -> None:
    """Refuse configs of networks that are not exported.

    Raises:
        InputError: If it describes no top-down estimator with heatmaps.
    """
    head = cfg.get('model', {}).get('head') or {}
    if 'input_size' not in (head.get('decoder') or {}):
        raise InputError(
            f'config {cfg.filename}: expected a top-down network whose head has a decoder with '
            'input_size.'
        )


def output_names(codec: object) -> tuple[str, ...]:
    """Return the names of the outputs after decoding.

    Raises:
        InputError: If decoding for this codec is not part of the graph.

    Examples:
        >>> output_names(SignedHeatmap((64, 64), (16, 16), sigma=1))
        ('keypoints', 'scores', 'visible')
    """
    if isinstance(codec, SignedHeatmap):
        return SIGNED_KEYPOINTS
    if isinstance(codec, MSRAHeatmap):
        return KEYPOINTS
    raise InputError(
        'decoding inside the graph exists for SignedHeatmap and MSRAHeatmap, the '
        f'codec is {type(codec).__name__}; export heatmaps instead.'
    )
