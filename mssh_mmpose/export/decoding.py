"""Decoding of heatmaps in PyTorch operations that have an ONNX equivalent."""

from collections.abc import Callable, Sequence

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor


def decode_peaks(heatmaps: Tensor, scale_factor: Sequence[float]) -> tuple[Tensor, Tensor]:
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
    x, y, scores, peaks = _peaks(heatmaps)
    near = _neighbours(heatmaps, peaks)
    slope_x = torch.sign(near(1, 0) - near(-1, 0))
    slope_y = torch.sign(near(0, 1) - near(0, -1))
    move_x = torch.where((x > 1) & (x < width - 1) & (y > 0), slope_x, 0.0)
    move_y = torch.where((y > 1) & (y < height - 1) & (x > 0), slope_y, 0.0)
    places = torch.stack([x + 0.25 * move_x, y + 0.25 * move_y], dim=2)
    return places * places.new_tensor(scale_factor), scores


def decode_dark_peaks(
    heatmaps: Tensor, scale_factor: Sequence[float], blur_kernel_size: int
) -> tuple[Tensor, Tensor]:
    """Find the highest peak of each heatmap, as ``MSRAHeatmap(unbiased=True)`` does.

    The peak is moved to the maximum of a parabola through the logarithm of the blurred heatmap,
    unless it is within two pixels of the border. Zhang et al., Distribution-Aware Coordinate
    Representation for Human Pose Estimation (CVPR 2020), section 3.

    Args:
        heatmaps: (B, K, H, W).
        scale_factor: Input pixels per heatmap pixel, (x, y).
        blur_kernel_size: Side of the Gaussian in heatmap pixels, odd.

    Returns:
        As :func:`decode_peaks`.

    Examples:
        >>> heatmap = torch.zeros(1, 1, 8, 8)
        >>> heatmap[0, 0, 4, 3:6] = torch.tensor([0.5, 1.0, 0.5])
        >>> decode_dark_peaks(heatmap, (4, 4), 3)
        (tensor([[[16., 16.]]]), tensor([[1.]]))
    """
    height, width = heatmaps.shape[-2:]
    x, y, scores, peaks = _peaks(heatmaps)
    blurred = _blur(heatmaps, blur_kernel_size)
    blurred = blurred * (scores / blurred.amax(dim=(2, 3)))[..., None, None]
    near = _neighbours(blurred.clamp(min=1e-10).log(), peaks)
    slope_x, slope_y = (near(1, 0) - near(-1, 0)) / 2, (near(0, 1) - near(0, -1)) / 2
    bend_x = (near(2, 0) - 2 * near(0, 0) + near(-2, 0)) / 4
    bend_y = (near(0, 2) - 2 * near(0, 0) + near(0, -2)) / 4
    bend_xy = (near(1, 1) - near(1, -1) - near(-1, 1) + near(-1, -1)) / 4
    determinant = bend_x * bend_y - bend_xy**2
    inside = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2) & (determinant != 0)
    divisor = torch.where(inside, determinant, 1.0)
    move_x = torch.where(inside, (bend_xy * slope_y - bend_y * slope_x) / divisor, 0.0)
    move_y = torch.where(inside, (bend_xy * slope_x - bend_x * slope_y) / divisor, 0.0)
    places = torch.stack([x + move_x, y + move_y], dim=2)
    return places * places.new_tensor(scale_factor), scores


def _blur(heatmaps: Tensor, size: int) -> Tensor:
    """Blur as MMPose does: by OpenCV's Gaussian kernel, whose sigma follows from its size."""
    line = torch.from_numpy(cv2.getGaussianKernel(size, 0, cv2.CV_32F))
    kernel = (line @ line.T).to(heatmaps)[None, None]
    blurred = F.conv2d(heatmaps.flatten(0, 1)[:, None], kernel, padding=size // 2)
    return blurred.reshape(heatmaps.shape)


def decode_signed_peaks(
    heatmaps: Tensor, scale_factor: Sequence[float]
) -> tuple[Tensor, Tensor, Tensor]:
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


def _peaks(heatmaps: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x, y (-1 where not positive), height and flat index of each heatmap's peak, (B, K) each."""
    width = heatmaps.shape[-1]
    scores, peaks = heatmaps.flatten(2).max(dim=2)
    empty = scores <= 0
    x, y = torch.where(empty, -1, peaks % width), torch.where(empty, -1, peaks // width)
    return x, y, scores, peaks


def _neighbours(maps: Tensor, peaks: Tensor) -> Callable[[int, int], Tensor]:
    """Return a function that looks up maps (B, K, H, W) at (dx, dy) from the peaks: (B, K)."""
    height, width = maps.shape[-2:]
    flat = maps.flatten(2)

    def near(dx: int, dy: int) -> Tensor:
        places = (peaks + dy * width + dx).clamp(0, height * width - 1)
        return flat.gather(2, places[..., None])[..., 0]

    return near
