"""Draw predictions in the groups of the paper's Figs. 7-9: plain, twisted and occluded people.

Writes GROUP.jpg for each group, with people evenly chosen from it, and prints the groups' scores.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_config(parser, 'config whose test data set and test_evaluator are used')
    parser.add_argument(
        'predictions',
        type=arguments.existing_file,
        help='.pkl of tools/test.py --dump, .npz or .mat',
    )
    parser.add_argument(
        '--out-dir',
        type=arguments.output_folder,
        default='work_dirs/groups',
        help='folder to write (%(default)s)',
    )
    parser.add_argument(
        '--people', type=arguments.integer(1), default=16, help='people per group (%(default)s)'
    )
    return parser.parse_args(argv)


def sort(samples: list[dict], joints: list[str]) -> dict[str, list[dict]]:
    """Sort the samples by group."""
    import numpy as np

    from mssh_mmpose.datasets.flags import read_flags
    from mssh_mmpose.evaluation.pose_groups import GROUPS, pose_groups

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


def totals(cfg, samples: list[dict]) -> dict[str, float]:
    """Return the total of each metric of the config at its first threshold."""
    from mssh_mmpose.evaluation.predictions import keypoint_metrics

    metrics = keypoint_metrics(cfg, samples)
    names = {f'{m.prefix}/{m.name}@{m.thresholds[0]:g}': m for m in metrics}
    return {name: metric.evaluate(len(samples))[name] for name, metric in names.items()}


def main(args: argparse.Namespace) -> None:
    import numpy as np

    from mssh_mmpose.datasets.metainfo import joint_names
    from mssh_mmpose.evaluation.predictions import (
        add_predictions,
        dataset_metainfo,
        dataset_truth,
        read_predictions,
        read_test_config,
    )
    from mssh_mmpose.pictures import write_picture
    from mssh_mmpose.visualization.sheets import contact_sheet, crop_of

    cfg = read_test_config(args.config)
    dataset = cfg.test_dataloader.dataset
    metainfo = dataset_metainfo(dataset)
    joints = joint_names(metainfo)
    samples = add_predictions(dataset_truth(dataset), read_predictions(args.predictions, joints))
    for name, people in sort(samples, joints).items():
        if not people:
            print(f'{name}: nobody')
            continue
        scores = totals(cfg, people)
        text = ', '.join(f'{key} {value:.1f}' for key, value in scores.items())
        title = f'{name}: {len(people)} people, {text}'
        chosen = np.linspace(0, len(people) - 1, min(args.people, len(people))).astype(int)
        shown = []
        for person in (people[n] for n in chosen):
            center, scale = crop_of(person['gt_instances']['bboxes'][0])
            shown.append(person | dict(input_center=center, input_scale=scale))
        write_picture(contact_sheet(shown, metainfo, title), Path(args.out_dir, f'{name}.jpg'))
        print(title)
    print(f'Pictures: {args.out_dir}')


if __name__ == '__main__':
    command.run(parse_args, main)
