"""MMEngine metrics: thin adapters of the pure functions beside this file."""

from typing import Dict, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from ..datasets.body.lsp_meta import LSP_GROUPS, LSP_JOINTS
from .occlusion import baseline_scores, occlusion_scores
from .pck import pck_correct, percentage


def true_visibility(sample: dict, metric: str) -> np.ndarray:
    """Give whether each keypoint of a sample is labelled and visible, (K, 2), bool.

    Raises:
        ValueError: If the data set has no occlusion flags; ``metric`` is named.
    """
    visibility = np.asarray(sample['gt_instances']['keypoints_visible'][0])
    if visibility.ndim != 2:
        raise ValueError(
            f'{metric} needs keypoints_visible of shape (1, K, 2), labelled and visible, from the '
            f'data set, got (1, {len(visibility)}).'
        )
    return visibility.astype(bool)


@METRICS.register_module()
class LSPPCKAccuracy(BaseMetric):
    """PCK on LSP by eq. 7: errors relative to |left hip - right shoulder|.

    Reports the columns of the paper's Table 2 and the total over all 14 joints, in percent, and
    the total among visible and among occluded joints. See :func:`pck_correct`.

    Args:
        threshold: Share of the torso within which a joint is correct.
        kwargs: Arguments of MMEngine's ``BaseMetric``.
    """

    default_prefix = 'lsp'

    def __init__(self, threshold: float = 0.2, **kwargs):
        super().__init__(**kwargs)
        self.threshold = threshold

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep predictions, truth and visibility (labelled, visible) of one person each.

        Raises:
            ValueError: If the data set has no occlusion flags.
        """
        for sample in data_samples:
            self.results.append(
                (
                    sample['pred_instances']['keypoints'][0],
                    sample['gt_instances']['keypoints'][0],
                    true_visibility(sample, type(self).__name__),
                )
            )

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Give ``PCK@t``, ``<group> PCK@t`` and ``PCK@t (visible)``, ``(occluded)``."""
        pred, target, visibility = (np.stack(arrays) for arrays in zip(*results))
        labelled, visible = visibility[..., 0], visibility[..., 1]
        torso = target[:, LSP_JOINTS.index('left_hip')]
        torso = np.linalg.norm(torso - target[:, LSP_JOINTS.index('right_shoulder')], axis=-1)
        correct = pck_correct(pred, target, torso, self.threshold)
        MMLogger.get_current_instance().info(
            f'LSP: {len(pred)} people, correct within {self.threshold:g} |l.hip - r.shoulder|'
        )
        name = f'PCK@{self.threshold:g}'
        metrics = {}
        for group, joints in LSP_GROUPS.items():
            columns = [LSP_JOINTS.index(joint) for joint in joints]
            metrics[f'{group} {name}'] = percentage(correct[:, columns], labelled[:, columns])
        metrics[name] = percentage(correct, labelled)
        metrics[f'{name} (visible)'] = percentage(correct, labelled & visible)
        metrics[f'{name} (occluded)'] = percentage(correct, labelled & ~visible)
        return metrics


@METRICS.register_module()
class OcclusionAccuracy(BaseMetric):
    """Precision, recall and F1 of 'occluded' over the labelled joints, in percent.

    Needs predictions with ``keypoints_visible`` (:class:`SignedHeatmap`; at least 1/2 means
    visible) and a data set whose ``keypoints_visible`` is labelled and visible. Logs the F1 of
    guessing beside it. See :func:`occlusion_scores`.
    """

    default_prefix = 'occlusion'

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep predicted and true visibility (labelled, visible) of one person each.

        Raises:
            ValueError: If the data set has no occlusion flags.
        """
        for sample in data_samples:
            visible = np.asarray(sample['pred_instances']['keypoints_visible'][0]) >= 0.5
            self.results.append((visible, true_visibility(sample, type(self).__name__)))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Give ``precision``, ``recall`` and ``F1`` of 'occluded'."""
        visible, visibility = (np.stack(arrays) for arrays in zip(*results))
        labelled, occluded = visibility[..., 0], ~visibility[..., 1]
        guesses = baseline_scores(occluded, labelled)
        MMLogger.get_current_instance().info(
            'F1 of guessing occlusion: '
            + ', '.join(f'{name} {score:.1f}' for name, score in guesses.items())
        )
        return occlusion_scores(~visible, occluded, labelled)
