"""Convert MPII's official annotations to MMPose's JSON, with occlusion, and PCKh's ground truth.

With a list of the validation people (--val-list): mpii_train.json, mpii_val.json and
mpii_gt_val.mat; without one: mpii_trainval.json and mpii_gt_trainval.mat. Always mpii_test.json.
"""

import argparse
import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import arguments
import command

SCORED = ('val', 'trainval')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument('mat', type=arguments.existing_file, help='mpii_human_pose_v1_u12_1.mat')
    parser.add_argument(
        '--out',
        type=arguments.output_folder,
        default='data/mpii/annotations',
        help='folder (%(default)s)',
    )
    parser.add_argument(
        '--val-list',
        type=arguments.existing_file,
        metavar='FILE',
        help='people of the validation split: an image and the number of the person (from 1, in '
        'annorect) in each line',
    )
    return parser.parse_args(argv)


def files_of(splits: dict[str, list]) -> dict[str, bytes]:
    """What to write: content by file name."""
    import numpy as np

    from mssh_mmpose.datasets.converters.mpii import head_boxes, to_json
    from mssh_mmpose.datasets.converters.mpii_ground_truth import mpii_ground_truth_bytes

    files = {}
    for split, people in splits.items():
        files[f'mpii_{split}.json'] = json.dumps(list(to_json(people))).encode()
        if split in SCORED:
            joints, labelled = (
                np.reshape([getattr(p, name) for p in people], (len(people), 16, *shape))
                for name, shape in (('joints', (2,)), ('labelled', ()))
            )
            truth = mpii_ground_truth_bytes(joints, labelled, head_boxes(people))
            files[f'mpii_gt_{split}.mat'] = truth
    return files


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write all files or none: in a folder of their own first."""
    with tempfile.TemporaryDirectory(dir=folder) as parts:
        for name, content in files.items():
            Path(parts, name).write_bytes(content)
        for name in files:
            os.replace(Path(parts, name), folder / name)


def report(people: list, splits: dict[str, list]) -> None:
    import numpy as np

    from mssh_mmpose.datasets.converters.mpii import (
        describe_people,
        head_boxes,
        reason_to_leave_out,
    )

    for split, chosen in splits.items():
        images = len({person.image for person in chosen})
        print(f'{split}: {len(chosen)} people in {images} images')
    lacking = Counter(filter(None, map(reason_to_leave_out, people)))
    counts = ', '.join(f'{count} without {what}' for what, count in lacking.items())
    print(f'left out: {sum(lacking.values())} people' + (f': {counts}' if counts else ''))
    repeated = sum(person.repeated for person in people)
    if repeated:
        print(f'joints given more than once: {repeated}; the first place counts')
    for split in set(SCORED) & set(splits):
        headless = sum(not np.ptp(box, axis=0).all() for box in head_boxes(splits[split]))
        if headless:
            print(f'{split}: {headless} people without a head box, whom PCKh cannot score')
    trained = [person for split, chosen in splits.items() if split != 'test' for person in chosen]
    print('\n' + describe_people(trained))


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import checks
    from mssh_mmpose.datasets.converters.mpii import (
        read_mpii_release,
        read_person_list,
        split_people,
    )
    from mssh_mmpose.errors import InputError

    checks.check_writable(args.out, '--out')
    val = read_person_list(args.val_list) if args.val_list else None
    print(f'reading {args.mat}; about a minute for the whole of MPII ...', flush=True)
    people = read_mpii_release(args.mat).people
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
    files = files_of(splits)
    write(Path(args.out), files)
    report(people, splits)
    print('\nwrote ' + ', '.join(str(Path(args.out, name)) for name in files))


if __name__ == '__main__':
    command.run(parse_args, main)
