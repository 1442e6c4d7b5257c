"""Drawing of signed heatmaps."""

import cv2
import matplotlib
import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import VISUALIZERS
from mmpose.structures import MultilevelPixelData

from .levels import MultilevelPoseVisualizer
from .stacks import strongest


@VISUALIZERS.register_module()
class SignedPoseVisualizer(MultilevelPoseVisualizer):
    """``MultilevelPoseVisualizer`` that draws the predictions of :class:`SignedHeatmap`.

    Occluded joints are drawn hollow; MMPose's skips them, because it takes ``keypoints_visible``
    for the score. Each pixel of the heatmaps shows the keypoint of the largest magnitude there, red
    for visible (positive) and blue for occluded (negative) ones. MMPose's takes the maximum, in
    which negative peaks vanish.
    """

    def _draw_instances_kpts(
        self, image: np.ndarray, instances: InstanceData, kpt_thr: float = 0.3, *args, **kwargs
    ) -> np.ndarray:
        if 'keypoint_scores' not in instances:  # labels
            return super()._draw_instances_kpts(image, instances, kpt_thr, *args, **kwargs)
        scored = instances.new()
        scored.keypoints_visible = instances.keypoint_scores
        super()._draw_instances_kpts(image, scored, kpt_thr, *args, **kwargs)
        occluded = (instances.keypoints_visible < 0.5) & (instances.keypoint_scores >= kpt_thr)
        for keypoint in instances.get('transformed_keypoints', instances.keypoints)[occluded]:
            self.draw_circles(
                keypoint,
                radius=np.array([self.radius - 1]),
                face_colors=(255, 255, 255),
                edge_colors=(255, 255, 255),
                line_widths=1,
            )
        return self.get_image()

    def _draw_instance_heatmap(
        self,
        fields: PixelData | MultilevelPixelData,
        overlaid_image: np.ndarray | None = None,
    ) -> np.ndarray | None:
        if isinstance(fields, MultilevelPixelData):
            return super()._draw_instance_heatmap(fields, overlaid_image)
        if 'heatmaps' not in fields:
            return None
        return draw_signed_heatmaps(np.asarray(torch.as_tensor(fields.heatmaps)), overlaid_image)


_OPACITY = 0.6  # of a peak of magnitude 1


def draw_signed_heatmaps(heatmaps: np.ndarray, image: np.ndarray | None = None) -> np.ndarray:
    """Draw the strongest of signed heatmaps with a diverging colour map.

    Args:
        heatmaps: (K, H, W); -1 and 1 have the map's end colours.
        image: RGB image (h, w, 3), uint8, to draw on; white of the heatmaps' size by default.
            Places without a peak show it.

    Returns:
        RGB image, uint8, of the image's size.
    """
    values = strongest(heatmaps).astype(np.float32)
    if image is None:
        image = np.full((*values.shape, 3), 255, dtype=np.uint8)
    values = np.clip(cv2.resize(values, image.shape[1::-1]), -1, 1)
    # The upper half of 'bwr' is white to red, the lower half blue to white: take the pure ends.
    colors = 255 * matplotlib.colormaps['bwr']((values > 0).astype(float))[..., :3]
    alpha = _OPACITY * np.abs(values)[..., None]
    return ((1 - alpha) * image + alpha * colors).round().astype(np.uint8)
