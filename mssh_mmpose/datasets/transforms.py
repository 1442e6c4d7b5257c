"""Pipeline steps, and what goes into a pipeline."""

import numpy as np
from mmpose.codecs import MSRAHeatmap
from mmpose.datasets.transforms import GenerateTarget
from mmpose.registry import TRANSFORMS

from ..codecs.signed_heatmap import check_sigma
from ..errors import InputError
from .flags import read_flags


def pipeline_input(image: np.ndarray, box: np.ndarray, metainfo: dict) -> dict:
    """Return the input of a test pipeline for a person without annotations.

    Args:
        image: (H, W, 3), uint8, BGR.
        box: (4,): x1, y1, x2, y2 in pixels.
        metainfo: Parsed meta information of a data set.
    """
    score = np.ones(1, dtype=np.float32)
    return {'img': image, 'bbox': np.float32(box)[None], 'bbox_score': score, **metainfo}


@TRANSFORMS.register_module()
class GenerateMultilevelTarget(GenerateTarget):
    """``GenerateTarget`` with one encoder per heatmap size, and with checks of them.

    Args:
        encoder: List of codecs, one per heatmap size.

    Raises:
        InputError: If MMPose draws Gaussians of a ``MSRAHeatmap``'s sigma off near the border.
    """

    def __init__(self, encoder: list):
        super().__init__(encoder, multilevel=True)
        for codec in self.encoder:
            if isinstance(codec, MSRAHeatmap) and not codec.unbiased:
                check_sigma(codec.sigma)

    def transform(self, results: dict) -> dict:
        """Add ``heatmaps`` and ``keypoint_weights`` per level.

        Raises:
            InputError: If a codec needs occlusion flags and the data set has none, or the crop does
                not have the codecs' ``input_size``.
        """
        has_flags = read_flags(results['keypoints_visible'][0]).visible is not None
        needed = set().union(*(encoder.auxiliary_encode_keys for encoder in self.encoder))
        if 'keypoints_visible_weights' in needed and not has_flags:
            raise InputError(
                'the codecs need occlusion flags: keypoints_visible of shape (1, K, 2), labelled '
                f'and visible; this data set gives {results["keypoints_visible"].shape}.'
            )
        for encoder in self.encoder:
            if tuple(encoder.input_size) != tuple(results.get('input_size', encoder.input_size)):
                raise InputError(
                    f'the codec has input_size (w, h) = {tuple(encoder.input_size)}, the crop is '
                    f'{tuple(results["input_size"])}: TopdownAffine and the codecs must agree.'
                )
        return super().transform(results)
