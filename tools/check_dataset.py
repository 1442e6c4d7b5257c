"""Check every person of a config's data sets: image, joints, pipeline.

Prints each problem with its file and the person's number in the data set, draws random people with
their joints into one picture, and ends with status 1 if a person cannot be used.
"""

import argparse
from collections.abc import Sequence

import arguments
import command

SPLITS = ('train', 'val', 'test')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_config(parser)
    parser.add_argument('--splits', nargs='+', choices=SPLITS, default=SPLITS)
    parser.add_argument(
        '--samples', type=arguments.integer(0), default=16, help='people to draw (%(default)s)'
    )
    parser.add_argument(
        '--seed',
        type=arguments.integer(0),
        default=0,
        help='seed of the choice of people (%(default)s)',
    )
    parser.add_argument(
        '--out',
        type=arguments.output_file('.png', '.jpg'),
        default='work_dirs/check_dataset.png',
        help='picture to write (%(default)s)',
    )
    arguments.add_max_pixels(
        parser, 'width times height above which a picture is an error (%(default)s)'
    )
    return parser.parse_args(argv)


def build(name: str, dataset: dict):
    """Build a data set; None, with its error printed, if that fails."""
    from mmpose.registry import DATASETS

    from mssh_mmpose.config_errors import text_of
    from mssh_mmpose.errors import InputError

    try:
        return DATASETS.build(dataset)
    except Exception as error:  # of data sets of others too, which may raise anything
        text = error
        if not isinstance(error, (OSError, InputError)):
            text = f'{dataset.get("ann_file")}: {type(error).__name__}: {text_of(error)}'
        print(f'{name}: error: {text}')
        return None


def check(name: str, dataset, max_pixels: int) -> int:
    """Print the problems of a data set and a summary; return the number of errors."""
    from tqdm import tqdm

    from mssh_mmpose.datasets.flags import read_flags
    from mssh_mmpose.datasets.inspection import (
        check_person,
        describe_flags,
        has_detected_boxes,
        num_left_out,
    )
    from mssh_mmpose.files import readable

    problems = []
    flags, images = [], set()
    for index in tqdm(range(len(dataset)), desc=name, unit='person', dynamic_ncols=True):
        for problem in check_person(dataset, index, max_pixels):
            kind = 'error' if problem.fatal else 'remark'
            text = f'{name}: {kind}: person {index}, {problem.path}: {problem.text}'
            tqdm.write(readable(text))
            problems.append(problem)
        info = dataset.get_data_info(index)
        images.add(info['img_path'])
        flags.append(read_flags(info['keypoints_visible'][0]))
    errors_found = sum(problem.fatal for problem in problems)
    detected = has_detected_boxes(dataset)
    what = 'boxes of a detector, without joints' if detected else describe_flags(flags)
    print(f'{name}: {len(dataset)} people in {len(images)} images, {what}')
    if left_out := num_left_out(dataset):
        print(
            f'{name}: {left_out} more annotations are not used: those in a crowd, without box, or '
            'without labelled keypoint'
        )
    print(f'{name}: {errors_found} errors, {len(problems) - errors_found} remarks')
    return errors_found


def main(args: argparse.Namespace) -> None:
    from mmengine.registry import init_default_scope

    from mssh_mmpose.config import read_config
    from mssh_mmpose.datasets.inspection import datasets_of_splits, has_detected_boxes
    from mssh_mmpose.pictures import write_picture
    from mssh_mmpose.visualization.sheets import annotation_sheet

    cfg = read_config(args.config)
    init_default_scope('mmpose')
    configs = datasets_of_splits(cfg, args.splits)
    built = {name: build(name, dataset) for name, dataset in configs.items()}
    datasets = {name: dataset for name, dataset in built.items() if dataset is not None}
    failures = len(built) - len(datasets)
    failures += sum(check(*item, args.max_pixels) for item in datasets.items())
    labelled = {name: each for name, each in datasets.items() if not has_detected_boxes(each)}
    if labelled and args.samples > 0:
        write_picture(annotation_sheet(labelled, args.samples, args.seed), args.out)
        print(f'Picture: {args.out}')
    raise SystemExit(1 if failures else 0)


if __name__ == '__main__':
    command.run(parse_args, main)
