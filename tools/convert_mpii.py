"""Convert MPII's official annotations to MMPose's JSON, with occlusion, and PCKh's ground truth.

With a list of the validation people (--val-list): mpii_train.json, mpii_val.json and
mpii_gt_val.mat; without one: mpii_trainval.json and mpii_gt_trainval.mat. Always mpii_test.json.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument('mat', type=arguments.existing_file, help='mpii_human_pose_v1_u12_1.mat')
    parser.add_argument(
        '--out',
        type=arguments.output_folder,
        default='data/mpii/annotations',
        help='folder to write (%(default)s)',
    )
    parser.add_argument(
        '--val-list',
        type=arguments.existing_file,
        metavar='FILE',
        help="people of the validation split: MMPose's mpii_val.json, or an image and the number "
        'of the person (from 1, in annorect) in each line',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import checks
    from mssh_mmpose.datasets.converters.mpii import read_mpii_release
    from mssh_mmpose.datasets.converters.mpii_json import read_people
    from mssh_mmpose.datasets.converters.mpii_splits import (
        describe_splits,
        find_people,
        read_person_list,
        split_files,
        split_people,
    )
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.files import write_all

    checks.check_writable(args.out, '--out')
    listing = args.val_list
    is_json = str(listing).lower().endswith('.json')
    val = (read_people if is_json else read_person_list)(listing) if listing else None
    print(f'reading {args.mat}; half a minute or more for the whole of MPII ...', flush=True)
    people = read_mpii_release(args.mat).people
    if is_json:
        val = find_people(listing, val, people)
    splits = split_people(people, val)
    if val is None:
        print('no --val-list: all annotated training people go to trainval')
    headless = [p for p in splits.get('val', []) if p.headbox is None]
    if headless:
        first = headless[0]
        raise InputError(
            f'--val-list: {len(headless)} people have no head box and cannot be scored by PCKh, '
            f'such as person {first.person} of {first.image}.'
        )
    files = {Path(args.out, name): content for name, content in split_files(splits).items()}
    for path in files:
        checks.check_not_input(str(path), *filter(None, (args.mat, listing)))
    write_all(files)
    print(describe_splits(people, splits))
    print('\nwrote ' + ', '.join(map(str, files)))


if __name__ == '__main__':
    command.run(parse_args, main)
