"""Draw loss, accuracy, validation metric and learning rate of one or more work dirs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_labelled(parser, 'work_dir', str, 'work dirs of tools/train.py')
    parser.add_argument(
        '--out',
        type=arguments.output_file(*arguments.FIGURES),
        metavar='FILE',
        help='picture to write (training.png in the first work dir)',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose.engine.logs import read_log
    from mssh_mmpose.pictures import write_figure
    from mssh_mmpose.visualization import plot_training

    first = Path(next(iter(args.work_dir.values())))
    out = Path(args.out or (first.parent if first.is_file() else first) / 'training.png')
    logs = {label: read_log(Path(path)) for label, path in args.work_dir.items()}
    write_figure(plot_training(logs), out)
    print(out)


if __name__ == '__main__':
    command.run(parse_args, main)
