"""Test of an exported network with the metrics of a config."""

from collections.abc import Sequence

import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from tqdm import tqdm

from ..config import metric_configs
from ..markdown import markdown_table
from .network import HEATMAPS
from .runtimes import Function


def evaluate(function: Function, names: Sequence[str], cfg: Config) -> dict[str, float]:
    """Test a runtime's function on the config's test data set, without flip test.

    Args:
        function: From images (B, 3, H, W), uint8, BGR, to the outputs.
        names: Names of the outputs.
        cfg: Config with ``test_dataloader`` and ``test_evaluator``.
    """
    loader = Runner.build_dataloader(cfg.test_dataloader)
    evaluator = Evaluator(metric_configs(cfg))
    evaluator.dataset_meta = loader.dataset.metainfo
    # Without weights: it only decodes, and moves keypoints from the crop into the image.
    estimator = MODELS.build(cfg.model)
    for batch in tqdm(loader, 'testing', disable=None):
        outputs = function(torch.stack(batch['inputs']).numpy())
        instances = predictions(outputs, names, estimator)
        samples = estimator.add_pred_to_datasample(instances, None, batch['data_samples'])
        evaluator.process(data_samples=samples, data_batch=batch)
    return evaluator.evaluate(len(loader.dataset))


def predictions(
    outputs: Sequence, names: Sequence[str], estimator: TopdownPoseEstimator
) -> list[InstanceData]:
    """Turn a batch's outputs into predictions as the estimator's head makes them."""
    if tuple(names) == HEATMAPS:
        return estimator.head.decode(torch.from_numpy(outputs[0]))
    fields = {'keypoints': 'keypoints', 'scores': 'keypoint_scores', 'visible': 'keypoints_visible'}
    return [
        InstanceData(**{fields[name]: value[None] for name, value in zip(names, person)})
        for person in zip(*outputs)
    ]


def metrics_table(metrics: dict[str, dict[str, float]]) -> str:
    """Describe the metrics of two networks, and their difference, as a Markdown table.

    Examples:
        >>> print(metrics_table({'float32': {'PCK': 70.0}, 'int8': {'PCK': 69.5}}))
        | metric | float32 | int8 | difference |
        | --- | ---: | ---: | ---: |
        | PCK | 70.00 | 69.50 | -0.50 |
    """
    first, second = metrics.values()
    rows = [
        (name, f'{value:.2f}', f'{second[name]:.2f}', f'{second[name] - value:+.2f}')
        for name, value in first.items()
    ]
    return markdown_table(['metric', *metrics, 'difference'], rows)
