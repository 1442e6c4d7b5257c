"""Make a data set of synthetic people in MPII's layout."""

import argparse
import time
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument(
        '--root',
        type=arguments.output_folder,
        default='data/synthetic',
        help='folder to write (%(default)s)',
    )
    parser.add_argument(
        '--train', type=arguments.integer(1), default=1000, help='training images (%(default)s)'
    )
    parser.add_argument(
        '--val', type=arguments.integer(0), default=200, help='validation images (%(default)s)'
    )
    parser.add_argument(
        '--seed', type=arguments.integer(0), default=0, help='random seed (%(default)s)'
    )
    parser.add_argument(
        '--workers', type=arguments.integer(1), help='processes (one for each core)'
    )
    parser.add_argument(
        '--force',
        action='store_true',
        help='write into a non-empty folder that this tool did not make',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from mssh_mmpose.datasets.synthetic import default_workers, write_dataset

    start = time.time()
    made = write_dataset(
        args.root,
        args.train,
        args.val,
        args.seed,
        default_workers() if args.workers is None else args.workers,
        args.force,
        track=lambda items, total: tqdm(items, 'drawing', total, unit='image'),
    )
    counts = f'{args.train} training and {args.val} validation images in {args.root}'
    print(f'wrote {counts} in {time.time() - start:.1f} s' if made else f'kept {counts}')


if __name__ == '__main__':
    command.run(parse_args, main)
