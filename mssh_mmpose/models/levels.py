"""Heatmaps of several sizes: the target of each stack, and one size for all."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmpose.codecs import MegviiHeatmap, UDPHeatmap
from mmpose.utils.typing import OptSampleList
from torch import Tensor

from ..errors import InputError
from ..grid import Grid


def grid_of(codec: object) -> Grid:
    """Return how a codec lays its heatmaps over the image."""
    if isinstance(codec, UDPHeatmap):
        return Grid.CORNERS
    return Grid.CELLS if isinstance(codec, MegviiHeatmap) else Grid.STRIDES


def resize_heatmaps(heatmaps: Tensor, size: Sequence[int], grid: Grid = Grid.STRIDES) -> Tensor:
    """Resize heatmaps so that what they show stays in its place in the image.

    Args:
        heatmaps: (B, K, H, W).
        size: (h, w); each side a multiple or a divisor of the heatmap's.
        grid: Where the codec puts the pixels (:func:`grid_of`).

    Examples:
        >>> resize_heatmaps(torch.tensor([[[[0.0, 2.0]]]]), (1, 4))
        tensor([[[[0., 1., 2., 2.]]]])
        >>> resize_heatmaps(torch.tensor([[[[0.0, 1.0, 2.0, 3.0]]]]), (1, 2))
        tensor([[[[0., 2.]]]])
    """
    if heatmaps.shape[2:] == tuple(size):
        return heatmaps
    if grid is not Grid.STRIDES:
        corners = grid is Grid.CORNERS
        return F.interpolate(heatmaps, tuple(size), mode='bilinear', align_corners=corners)
    (height, width), (rows, columns) = heatmaps.shape[2:], size
    if rows <= height and columns <= width:
        return heatmaps[:, :, :: height // rows, :: width // columns]
    inner = ((height - 1) * rows // height + 1, (width - 1) * columns // width + 1)
    larger = F.interpolate(heatmaps, inner, mode='bilinear', align_corners=True)
    return F.pad(larger, (0, columns - inner[1], 0, rows - inner[0]), mode='replicate')


def match_targets(
    preds: Sequence[Tensor], data_samples: OptSampleList
) -> tuple[list[Tensor], list[Tensor]]:
    """Find for each stack's heatmaps the target of the same size.

    Args:
        preds: Per stack (B, K, H_j, W_j).
        data_samples: B samples with L target levels each.

    Returns:
        Per stack, the target (B, K, H_j, W_j); per stack, the target weights (B, K).

    Raises:
        InputError: If a stack has no target of its size, K differs, or two levels have one size.
    """
    targets, target_weights = _levels(data_samples)
    by_shape = {pair[0].shape[1:]: pair for pair in zip(targets, target_weights)}
    if len(by_shape) < len(targets):
        raise InputError(
            'stacks find their target by its size, but several levels have the same: '
            f'{[tuple(target.shape[1:]) for target in targets]}.'
        )
    for j, pred in enumerate(preds):
        if pred.shape[1] != targets[0].shape[1]:
            raise InputError(
                f'stack {j + 1} predicts {pred.shape[1]} keypoints, the data set has '
                f'{targets[0].shape[1]}: set model.backbone.num_keypoints to this.'
            )
        if pred.shape[1:] not in by_shape:
            raise InputError(
                f'stack {j + 1} predicts heatmaps (K, H, W) of {tuple(pred.shape[1:])}, the '
                f'targets are {[tuple(shape) for shape in by_shape]}: give '
                'the step that makes the targets an encoder of this heatmap_size.'
            )
    matched = [by_shape[pred.shape[1:]] for pred in preds]
    return [target for target, _ in matched], [weights for _, weights in matched]


def _levels(data_samples: OptSampleList) -> tuple[list[Tensor], Tensor]:
    """Return the targets (B, K, H_l, W_l) of each level, and their weights (L, B, K)."""
    levels = [
        [sample.gt_fields] if isinstance(sample.gt_fields, PixelData) else list(sample.gt_fields)
        for sample in data_samples
    ]
    targets = [torch.stack([field.heatmaps for field in level]) for level in zip(*levels)]
    # From (L, 1, K) per sample, or (1, K) for a level that is not in a list.
    weights = [
        sample.gt_instance_labels.keypoint_weights.view(len(targets), 1, -1)
        for sample in data_samples
    ]
    return targets, torch.cat(weights, dim=1)
