"""Test a pose network."""

import argparse
from collections.abc import Sequence

import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    command.add_network(parser)
    command.add_run_options(parser)
    parser.add_argument(
        '--out',
        type=command.output_file('.json', '.yaml', '.yml', '.pkl', '.pickle'),
        metavar='FILE',
        help='save the metrics (.json, .yaml, .pkl)',
    )
    parser.add_argument(
        '--table',
        type=command.output_file('.md'),
        metavar='FILE.md',
        help="save the metrics as a table with the paper's row below",
    )
    parser.add_argument(
        '--dump',
        type=command.output_file('.pkl', '.pickle'),
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
