"""Draw loss, accuracy, validation metric and learning rate of one or more work dirs."""

import argparse
from pathlib import Path

from mssh_mmpose.cli.errors import UsageError, run
from mssh_mmpose.visualization import plot_training, read_log


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', nargs='+', help='work dirs of tools/train.py')
    parser.add_argument(
        '--out', metavar='FILE', help='picture to write (<first work dir>/training.png)'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    out = Path(args.out or Path(args.work_dir[0], 'training.png'))
    try:
        names = [Path(work_dir).resolve().name for work_dir in args.work_dir]
        labels = names if len(set(names)) == len(names) else args.work_dir
        logs = {label: read_log(work_dir) for label, work_dir in zip(labels, args.work_dir)}
        out.parent.mkdir(parents=True, exist_ok=True)
        plot_training(logs, out)
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    print(out)


if __name__ == '__main__':
    run(main, 'tools/plot_training.py')
