"""Predictions of a test in a file."""

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import DumpResults
from mmengine.fileio import dump
from mmengine.logging import print_log
from mmpose.registry import METRICS

from ..files import write_whole

# A PoseDataSample holds them under both names.
_HEATMAPS = ('pred_fields', '_pred_heatmaps')


@METRICS.register_module()
class DumpPredictions(DumpResults):
    """MMEngine's ``DumpResults`` without heatmaps.

    Samples have heatmaps if they are drawn. In the file these tensors would take thousands of times
    more space, and :func:`read_predictions` would refuse them.
    """

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the samples without their heatmaps."""
        kept = [{k: v for k, v in each.items() if k not in _HEATMAPS} for each in data_samples]
        super().process(data_batch, kept)

    def compute_metrics(self, results: list) -> dict:
        """Write the file, whole or not at all."""
        write_whole(dump(results, file_format='pkl'), self.out_file_path)
        print_log(f'predictions: {self.out_file_path}', logger='current')
        return {}
