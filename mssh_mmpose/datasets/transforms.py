"""Pipeline steps."""

from mmpose.datasets.transforms import GenerateTarget
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class GenerateMultilevelTarget(GenerateTarget):
    """``GenerateTarget`` with one encoder per heatmap size, for data sets with occlusion flags.

    MMPose splits ``keypoints_visible`` (1, K, 2) into labels and ``keypoints_visible_weights``
    (1, K), but packs labels only if all have one entry per level. Here they do.

    Args:
        encoder: List of codecs, one per heatmap size.
    """

    def __init__(self, encoder: list):
        super().__init__(encoder, multilevel=True)

    def transform(self, results: dict) -> dict:
        """Add ``heatmaps``, ``keypoint_weights`` and, where known, the visibility, per level."""
        results = super().transform(results)
        if 'keypoints_visible_weights' in results:
            visible = results['keypoints_visible_weights']
            results['keypoints_visible_weights'] = [visible] * len(self.encoder)
        return results
