"""Predictions of a test in a file."""

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import DumpResults
from mmpose.registry import METRICS

# A PoseDataSample holds them under both names.
_HEATMAPS = ('pred_fields', '_pred_heatmaps')


@METRICS.register_module()
class DumpPredictions(DumpResults):
    """MMEngine's ``DumpResults`` without heatmaps.

    They are in the samples where they are drawn. As tensors they would make the file one that
    :func:`read_predictions` refuses, and thousands of times larger.
    """

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the samples without their heatmaps."""
        kept = [{k: v for k, v in each.items() if k not in _HEATMAPS} for each in data_samples]
        super().process(data_batch, kept)
