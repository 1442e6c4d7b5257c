"""Draw the adaptive loss's weights over training, per stack and joint."""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument(
        'log', type=arguments.existing, help='work dir of a training run, or its scalars.json'
    )
    parser.add_argument(
        '--out',
        type=arguments.output_file(*arguments.FIGURES),
        default='work_dirs/keypoint_weights.png',
        help='picture to write (%(default)s)',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose.engine.logs import read_keypoint_weights
    from mssh_mmpose.pictures import write_figure
    from mssh_mmpose.visualization import plot_keypoint_weights

    write_figure(plot_keypoint_weights(*read_keypoint_weights(args.log)), args.out, dpi=150)
    print(args.out)


if __name__ == '__main__':
    command.run(parse_args, main)
