"""Make a data set of synthetic people in MPII's layout."""

import argparse
import time

from tqdm import tqdm

from mssh_mmpose.datasets.synthetic import default_workers, write_dataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--root', default='data/synthetic', help='folder to write')
    parser.add_argument('--train', type=int, default=1000, help='number of training images')
    parser.add_argument('--val', type=int, default=200, help='number of validation images')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--workers',
        type=int,
        default=default_workers(),
        help='processes (default: the cores, here %(default)s)',
    )
    parser.add_argument(
        '--force',
        action='store_true',
        help='write into a non-empty folder that this tool did not make',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    start = time.time()
    try:
        made = write_dataset(
            args.root,
            args.train,
            args.val,
            args.seed,
            args.workers,
            args.force,
            track=lambda items, total: tqdm(items, 'drawing', total, unit='image'),
        )
    except (OSError, ValueError) as error:
        raise SystemExit(f'make_synthetic: error: {error}') from None
    counts = f'{args.train} training and {args.val} validation images in {args.root}'
    print(f'wrote {counts} in {time.time() - start:.1f} s' if made else f'kept {counts}')


if __name__ == '__main__':
    main()
