"""Train a pose network."""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_config(parser)
    arguments.add_run_options(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        type=arguments.file_or_url,
        metavar='CHECKPOINT',
        help='continue from this checkpoint, or by default from the newest of the work dir',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train in mixed precision: float16 on GPUs, bfloat16 on CPUs',
    )
    parser.add_argument(
        '--no-validate', action='store_true', help='do not evaluate during training'
    )
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size'
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose.cli.train import train

    train(args)


if __name__ == '__main__':
    command.run(parse_args, main)
