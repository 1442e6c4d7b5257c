"""Heatmaps whose peaks are +1 for visible and -1 for occluded keypoints (eq. 1)."""

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.codecs.utils import (
    generate_gaussian_heatmaps,
    get_heatmap_maximum,
    refine_keypoints,
)
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from ..errors import InputError

_NEEDS_FLAGS = (
    'SignedHeatmap needs occlusion flags: keypoints_visible of shape (1, K, 2), labelled and '
    'visible, from the data set.'
)


class _FlagsKey(str):
    """A key that explains itself in the KeyError of MMPose's ``GenerateTarget``."""

    def __repr__(self) -> str:
        return f'{str.__repr__(self)}: {_NEEDS_FLAGS}'


@KEYPOINT_CODECS.register_module()
class SignedHeatmap(BaseKeypointCodec):
    """``MSRAHeatmap`` with the occlusion of a keypoint in the sign of its peak (eq. 1).

    Visible and occluded keypoints both count in the loss (weight 1); unlabelled ones do not.
    Needs a data set whose ``keypoints_visible`` is (1, K, 2): labelled and visible. A prediction's
    ``keypoints_visible`` is 1 or 0.

    Args:
        input_size: (w, h) of the image in pixels.
        heatmap_size: (w, h) of the heatmaps in pixels.
        sigma: Standard deviation of the Gaussian in heatmap pixels, a multiple of 1/3.

    Raises:
        InputError: If ``sigma`` is not a multiple of 1/3 (:func:`check_sigma`).
    """

    auxiliary_encode_keys = {_FlagsKey('keypoints_visible_weights')}
    # As MSRAHeatmap has them: the flags, which have no levels, are not packed.
    label_mapping_table = dict(keypoint_weights='keypoint_weights')
    field_mapping_table = dict(heatmaps='heatmaps')
    signed_peaks = True

    def __init__(self, input_size: tuple[int, int], heatmap_size: tuple[int, int], sigma: float):
        super().__init__()
        check_sigma(sigma)
        self.input_size = tuple(input_size)
        self.heatmap_size = tuple(heatmap_size)
        self.sigma = sigma
        self.scale_factor = (np.array(input_size) / heatmap_size).astype(np.float32)

    def encode(
        self,
        keypoints: np.ndarray,
        keypoints_visible: np.ndarray | None = None,
        keypoints_visible_weights: np.ndarray | None = None,
    ) -> dict:
        """Draw the heatmaps of one person.

        Args:
            keypoints: (1, K, 2), input pixels.
            keypoints_visible: Labelled keypoints, (1, K); all by default.
            keypoints_visible_weights: Visible keypoints, (1, K); 0 means occluded.

        Returns:
            ``heatmaps`` (K, H, W) in [-1, 1] and ``keypoint_weights`` (1, K).

        Raises:
            InputError: If the occlusion flags are missing.
        """
        if keypoints_visible_weights is None:
            raise InputError(_NEEDS_FLAGS)
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2], dtype=np.float32)
        heatmaps, keypoint_weights = generate_gaussian_heatmaps(
            heatmap_size=self.heatmap_size,
            keypoints=keypoints / self.scale_factor,
            keypoints_visible=keypoints_visible,
            sigma=self.sigma,
        )
        sign = np.where(keypoints_visible_weights[0] > 0, 1, -1).astype(np.float32)
        return dict(heatmaps=heatmaps * sign[:, None, None], keypoint_weights=keypoint_weights)

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Find the largest magnitude of each heatmap; its sign tells the occlusion.

        Args:
            encoded: Heatmaps (K, H, W).

        Returns:
            Keypoints (1, K, 2) in input pixels, and the pair of scores (1, K), the peaks'
            magnitudes, and ``visible`` (1, K), 1 or 0. An empty heatmap gives (-1, -1) heatmap
            pixels and score 0.
        """
        magnitude = np.abs(encoded)
        keypoints, scores = get_heatmap_maximum(magnitude)
        keypoints = refine_keypoints(keypoints[None], magnitude) * self.scale_factor
        peaks = magnitude.reshape(len(encoded), -1).argmax(axis=1)
        values = encoded.reshape(len(encoded), -1)[np.arange(len(encoded)), peaks]
        visible = (values > 0).astype(np.float32)
        return keypoints, (scores[None], visible[None])


def check_sigma(sigma: float) -> None:
    """Raise InputError unless ``sigma`` is a positive multiple of 1/3.

    MMPose cuts a Gaussian off at 3 sigma. Where this is not a whole number of pixels, it draws
    the Gaussians near the left and upper border one pixel off.
    """
    if sigma <= 0 or 3 * sigma % 1:
        raise InputError(
            f'sigma must be a positive multiple of 1/3, got {sigma}: MMPose draws others one '
            'pixel off near the left and upper border.'
        )


def merge_signed(heatmaps: Tensor, flipped: Tensor) -> Tensor:
    """Merge signed heatmaps of an image and of its mirror image, aligned.

    The magnitudes are averaged, and the sign is that of the stronger pass: two passes that find
    the same place and disagree on occlusion do not cancel.

    Args:
        heatmaps: Any shape.
        flipped: The same shape, flipped back.

    Returns:
        The same shape.

    >>> merge_signed(torch.tensor([0.5, 0.5]), torch.tensor([0.25, -0.75]))
    tensor([ 0.3750, -0.6250])
    """
    magnitude = (heatmaps.abs() + flipped.abs()) / 2
    return torch.where(heatmaps + flipped >= 0, magnitude, -magnitude)
