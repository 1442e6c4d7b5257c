"""Drawing of signed heatmaps."""

from typing import Optional

import cv2
import matplotlib
import numpy as np
import torch
from mmengine.structures import PixelData
from mmpose.registry import VISUALIZERS
from mmpose.visualization import PoseLocalVisualizer


@VISUALIZERS.register_module()
class SignedPoseVisualizer(PoseLocalVisualizer):
    """``PoseLocalVisualizer`` that draws the heatmaps of :class:`SignedHeatmap`.

    Each pixel shows the keypoint of the largest magnitude there, red for visible (positive) and
    blue for occluded (negative) ones. MMPose's takes the maximum, in which negative peaks vanish.
    """

    def _draw_instance_heatmap(
        self, fields: PixelData, overlaid_image: Optional[np.ndarray] = None
    ) -> Optional[np.ndarray]:
        if 'heatmaps' not in fields:
            return None
        return draw_signed_heatmaps(np.asarray(torch.as_tensor(fields.heatmaps)), overlaid_image)


def draw_signed_heatmaps(
    heatmaps: np.ndarray, image: Optional[np.ndarray] = None, opacity: float = 0.6
) -> np.ndarray:
    """Draw the strongest of signed heatmaps with a diverging colour map.

    Args:
        heatmaps: (K, H, W); -1 and 1 have the map's end colours.
        image: RGB image (h, w, 3), uint8, to draw on; white of the heatmaps' size by default.
        opacity: Opacity of a peak of magnitude 1; places without a peak show the image.

    Returns:
        RGB image, uint8, of the image's size.
    """
    strongest = np.abs(heatmaps).argmax(axis=0)
    values = np.take_along_axis(heatmaps, strongest[None], axis=0)[0].astype(np.float32)
    if image is None:
        image = np.full((*values.shape, 3), 255, dtype=np.uint8)
    values = np.clip(cv2.resize(values, image.shape[1::-1]), -1, 1)
    # The upper half of 'bwr' is white to red, the lower half blue to white: take the pure ends.
    colors = 255 * matplotlib.colormaps['bwr']((values > 0).astype(float))[..., :3]
    alpha = opacity * np.abs(values)[..., None]
    return ((1 - alpha) * image + alpha * colors).round().astype(np.uint8)
