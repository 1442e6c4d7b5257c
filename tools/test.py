"""Test a pose network."""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_network(parser)
    arguments.add_run_options(parser)
    arguments.add_metrics_files(parser)
    parser.add_argument(
        '--dump',
        type=arguments.output_file('.pkl', '.pickle'),
        metavar='FILE',
        help='save all predictions (.pkl)',
    )
    parser.add_argument(
        '--badcase',
        action='store_true',
        help='save pictures of the people with the worst scores in the work dir',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose.cli.test import test

    test(args)


if __name__ == '__main__':
    command.run(parse_args, main)
