"""Checks of the loops of a run, after they are built and before anything is trained or tested."""

import os.path as osp
from typing import Any

from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.runner import BaseLoop
from mmpose.evaluation.evaluators import MultiDatasetEvaluator
from mmpose.evaluation.metrics import CocoMetric

from .. import checks
from ..datasets import MPIIOcclusionDataset
from ..datasets.converters.faults import raise_all
from ..datasets.flags import read_flags
from ..datasets.inspection import check_pictures
from ..errors import InputError
from ..evaluation import PCKhAccuracy
from ..evaluation.keypoint_metric import KeypointMetric


def check_loop(loop: BaseLoop, cfg: Config, split: str) -> None:
    """Raise InputError if a loop lacks pictures, its crops do not fit, or a metric lacks something.

    ``split`` is 'train', 'val' or 'test'.
    """
    dataset, evaluator = loop.dataloader.dataset, getattr(loop, 'evaluator', None)
    check_pictures(dataset, cfg, split)
    if split != 'train':  # there the first batch tells
        checks.check_crops(cfg, split)
    metrics = getattr(evaluator, 'metrics', [])
    of_one_set = not isinstance(evaluator, MultiDatasetEvaluator)
    for metric in metrics:
        if isinstance(metric, KeypointMetric) and of_one_set and len(dataset):
            _check_first_person(metric, dataset)
        if isinstance(metric, PCKhAccuracy) and isinstance(dataset, MPIIOcclusionDataset):
            check_heads(dataset)
        if isinstance(metric, CocoMetric):
            _check_sigmas(metric, split)
            _check_areas(metric, split)
    if split == 'val' and of_one_set:
        _check_best(cfg, metrics)


def _check_first_person(metric: KeypointMetric, dataset: Any) -> None:
    first = dataset[0]
    if isinstance(first, dict) and 'gt_instances' in first.get('data_samples', ()):
        metric.check_person(first['data_samples'].to_dict())


def check_heads(dataset: MPIIOcclusionDataset) -> None:
    """Raise InputError if PCKh could not score some of the people, whose head has no size."""
    infos = map(dataset.get_data_info, range(len(dataset) if dataset.headbox_file else 0))
    raise_all(
        str(dataset.headbox_file),
        [
            f'person {info["id"]} ({osp.basename(info["img_path"])}) has a head of '
            f'{info["head_size"].item():g} px, expected more than 0'
            for info in infos
            if read_flags(info['keypoints_visible'][0]).labelled.any() and not info['head_size'] > 0
        ],
    )


def _check_sigmas(metric: CocoMetric, split: str) -> None:
    described = metric.dataset_meta or {}
    if 'num_keypoints' not in described:
        return
    sigmas, joints = described['sigmas'], described['num_keypoints']
    if len(sigmas) != joints:
        raise InputError(
            f'{split}_evaluator: {type(metric).__name__} needs sigmas of all {joints} joints, '
            f'the metainfo of the data set has {len(sigmas)}: add them there, or use another '
            "metric, such as dict(type='PCKAccuracy', thr=0.05, norm_item='bbox')."
        )


def _check_areas(metric: CocoMetric, split: str) -> None:
    """MMPose's data sets load without areas, but COCO's evaluation needs them."""
    evaluate = type(metric)._do_python_keypoint_eval
    by_coco = evaluate is CocoMetric._do_python_keypoint_eval and not metric.format_only
    if not (by_coco and metric.use_area and metric.coco):
        return
    for annotation in metric.coco.anns.values():
        if 'area' not in annotation:
            raise InputError(
                f'{split}_evaluator: {type(metric).__name__} needs the area of every annotation, '
                f'annotation {annotation["id"]} has none: add it, or set use_area=False, with '
                'which 0.53 of the box is taken.'
            )


def _check_best(cfg: Config, metrics: list[BaseMetric]) -> None:
    """Raise InputError if the best checkpoint is chosen by a score that no metric has."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    best = hook.get('save_best') or []
    prefixes = {metric.prefix for metric in metrics}
    if None in prefixes:  # its scores may have any name; the hook tells
        return
    for score in [best] if isinstance(best, str) else best:
        if score != 'auto' and score.rpartition('/')[0] not in prefixes:
            have = ', '.join(sorted(f'{each}/...' for each in prefixes))
            raise InputError(
                f'default_hooks.checkpoint.save_best is {score!r}, which no metric of '
                f'val_evaluator computes (they have {have}): name one of their scores, '
                "'auto' for the first, or None."
            )
