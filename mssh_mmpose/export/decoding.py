"""Decoding of heatmaps in PyTorch operations that have an ONNX equivalent."""

from typing import Sequence, Tuple

import torch
from torch import Tensor


def decode_peaks(heatmaps: Tensor, scale_factor: Sequence[float]) -> Tuple[Tensor, Tensor]:
    """Find the highest peak of each heatmap, as MMPose's ``MSRAHeatmap`` does.

    The peak is moved by a quarter of a heatmap pixel towards the higher one of its neighbours, in
    x and in y. As in MMPose, peaks in the two first columns or in the last one are not moved in x,
    those in the first column not in y either; likewise with rows.

    Args:
        heatmaps: (B, K, H, W).
        scale_factor: Input pixels per heatmap pixel, (x, y).

    Returns:
        Keypoints (B, K, 2) in input pixels and scores (B, K), the heights of the peaks. A heatmap
        without positive values gives (-1, -1) heatmap pixels.

    Examples:
        >>> heatmap = torch.zeros(1, 1, 8, 8)
        >>> heatmap[0, 0, 4, 3:6] = torch.tensor([0.2, 1.0, 0.5])
        >>> decode_peaks(heatmap, (4, 4))
        (tensor([[[17., 16.]]]), tensor([[1.]]))
    """
    height, width = heatmaps.shape[-2:]
    flat = heatmaps.flatten(2)
    scores, peaks = flat.max(dim=2)
    empty = scores <= 0
    x = torch.where(empty, -1, peaks % width)
    y = torch.where(empty, -1, peaks // width)

    def slope(step: int) -> Tensor:
        ahead, behind = (
            flat.gather(2, (peaks + offset).clamp(0, height * width - 1)[..., None])[..., 0]
            for offset in (step, -step)
        )
        return torch.sign(ahead - behind)

    move_x = torch.where((x > 1) & (x < width - 1) & (y > 0), slope(1), 0.0)
    move_y = torch.where((y > 1) & (y < height - 1) & (x > 0), slope(width), 0.0)
    places = torch.stack([x + 0.25 * move_x, y + 0.25 * move_y], dim=2)
    return places * places.new_tensor(scale_factor), scores


def decode_signed_peaks(
    heatmaps: Tensor, scale_factor: Sequence[float]
) -> Tuple[Tensor, Tensor, Tensor]:
    """Find the largest magnitude of each heatmap, as ``SignedHeatmap`` does (eq. 1).

    Args:
        heatmaps: (B, K, H, W).
        scale_factor: Input pixels per heatmap pixel, (x, y).

    Returns:
        Keypoints (B, K, 2) in input pixels, scores (B, K), the magnitudes of the peaks, and visible
        (B, K), 1 where the peak is positive and 0 where it is negative (occluded).

    Examples:
        >>> heatmap = torch.zeros(1, 1, 8, 8)
        >>> heatmap[0, 0, 4, 4] = -0.5
        >>> decode_signed_peaks(heatmap, (4, 4))
        (tensor([[[16., 16.]]]), tensor([[0.5000]]), tensor([[0.]]))
    """
    magnitude = heatmaps.abs()
    keypoints, scores = decode_peaks(magnitude, scale_factor)
    peaks = magnitude.flatten(2).argmax(dim=2, keepdim=True)
    values = heatmaps.flatten(2).gather(2, peaks)[..., 0]
    return keypoints, scores, (values > 0).float()
