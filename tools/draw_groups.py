"""Draw predictions in the groups of the paper's Figs. 7-9: plain, twisted and occluded people.

Writes GROUP.jpg for each group, of people evenly spread over it, and prints the groups' scores.
"""

import argparse
import os.path as osp

import mmcv
import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from mssh_mmpose import checks, config
from mssh_mmpose.cli import errors
from mssh_mmpose.datasets.flags import read_flags
from mssh_mmpose.evaluation.keypoint_metric import KeypointMetric
from mssh_mmpose.evaluation.pose_groups import GROUPS, pose_groups
from mssh_mmpose.evaluation.predictions import (
    add_predictions,
    dataset_truth,
    fill_metrics,
    read_predictions,
)
from mssh_mmpose.visualization import contact_sheet


def sort(samples: list[dict], joints: list[str]) -> dict[str, list[dict]]:
    """Samples by group."""
    truth = [sample['gt_instances'] for sample in samples]
    flags = [read_flags(each['keypoints_visible'][0]) for each in truth]
    found = pose_groups(
        np.stack([each['keypoints'][0] for each in truth]),
        np.stack([each.labelled for each in flags]),
        np.stack([each.occluded for each in flags]),
        joints,
    )
    return {
        name: [sample for sample, group in zip(samples, found) if group == name] for name in GROUPS
    }


def totals(cfg: Config, samples: list[dict]) -> dict[str, float]:
    """Total of each metric of the config at its first threshold."""
    metrics = [m for m in fill_metrics(cfg, samples) if isinstance(m, KeypointMetric)]
    names = {f'{m.prefix}/{m.name}@{m.thresholds[0]:g}': m for m in metrics}
    return {name: metric.evaluate(len(samples))[name] for name, metric in names.items()}


def crop_of(sample: dict) -> dict:
    """Box of a sample, as the network's crop has it."""
    x1, y1, x2, y2 = sample['gt_instances']['bboxes'][0]
    center, size = np.array([x1 + x2, y1 + y2]) / 2, np.array([x2 - x1, y2 - y1])
    return dict(input_center=center, input_scale=1.25 * size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config whose test data set and test_evaluator are used')
    parser.add_argument('predictions', help='.pkl of tools/test.py --dump, .npz or .mat')
    parser.add_argument('--out-dir', default='work_dirs/groups', help='folder (%(default)s)')
    parser.add_argument('--people', type=int, default=16, help='of each group (%(default)s)')
    args = parser.parse_args()
    if args.people < 1:
        raise errors.InputError(f'--people must be at least 1, got {args.people}.')
    checks.check_writable(args.out_dir, '--out-dir')
    cfg = Config.fromfile(config.find_config(args.config))
    init_default_scope('mmpose')
    checks.check_datasets(cfg, ('test_dataloader',))
    dataset = cfg.test_dataloader.dataset
    metainfo = DATASETS.build({**dataset, 'pipeline': [], 'test_mode': True}).metainfo
    joints = [metainfo['keypoint_id2name'][k] for k in range(metainfo['num_keypoints'])]
    try:
        samples = add_predictions(dataset_truth(dataset), read_predictions(args.predictions))
        for name, people in sort(samples, joints).items():
            if not people:
                print(f'{name}: nobody')
                continue
            scores = totals(cfg, people)
            text = ', '.join(f'{key} {value:.1f}' for key, value in scores.items())
            title = f'{name}: {len(people)} people, {text}'
            chosen = np.linspace(0, len(people) - 1, min(args.people, len(people))).astype(int)
            shown = [people[n] | crop_of(people[n]) for n in chosen]
            mmcv.imwrite(
                contact_sheet(shown, metainfo, title), osp.join(args.out_dir, f'{name}.jpg')
            )
            print(title)
    except (ValueError, FileNotFoundError) as error:
        raise errors.InputError(str(error)) from error
    print(f'Pictures: {args.out_dir}')


if __name__ == '__main__':
    errors.run(main, 'tools/draw_groups.py')
