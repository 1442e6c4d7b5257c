"""Drawing of heatmaps of several sizes."""

import numpy as np
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import VISUALIZERS
from mmpose.structures import MultilevelPixelData
from mmpose.visualization import PoseLocalVisualizer


@VISUALIZERS.register_module()
class MultilevelPoseVisualizer(PoseLocalVisualizer):
    """``PoseLocalVisualizer`` that also draws targets of several sizes, one below the other.

    For MMPose's ``browse_dataset.py``; MMPose's own visualizer draws targets of only one size, and
    fails at labels with occlusion flags.
    """

    def _draw_instances_kpts(
        self, image: np.ndarray, instances: InstanceData, *args, **kwargs
    ) -> np.ndarray:
        visible = instances.get('keypoints_visible')
        if visible is not None and visible.ndim == 3:
            instances = instances.clone()
            instances.keypoints_visible = visible[..., 0]
        return super()._draw_instances_kpts(image, instances, *args, **kwargs)

    def _draw_instance_heatmap(
        self,
        fields: PixelData | MultilevelPixelData,
        overlaid_image: np.ndarray | None = None,
    ) -> np.ndarray | None:
        if not isinstance(fields, MultilevelPixelData):
            return super()._draw_instance_heatmap(fields, overlaid_image)
        drawn = [self._draw_instance_heatmap(level, overlaid_image) for level in fields]
        return np.concatenate(drawn)
