"""Options that training and testing share, named as MMPose names them."""

import argparse
import os
from argparse import ArgumentParser
from collections.abc import Sequence

from mmengine.config import DictAction


class _KeyValues(DictAction):
    """``DictAction`` that reports a missing '=' as an error of the command line."""

    def __call__(self, parser, namespace, values, option_string=None):
        bad = [value for value in values if '=' not in value]
        if bad:
            parser.error(f'--cfg-options: expected key=value, got {" ".join(bad)}')
        super().__call__(parser, namespace, values, option_string)


def add_shared_options(parser: ArgumentParser) -> None:
    """Add the positional config and the options of both tools."""
    parser.add_argument('config', help='config file, or mssh_mmpose::NAME.py for an installed one')
    parser.add_argument(
        '--work-dir', metavar='DIR', help='folder of logs and results (work_dirs/<config name>)'
    )
    parser.add_argument(
        '--show-dir',
        metavar='DIR',
        help='save pictures of predictions and heatmaps in this folder',
    )
    parser.add_argument('--show', action='store_true', help='show the pictures in a window')
    parser.add_argument(
        '--interval', type=_positive, default=1, help='draw every n-th person (%(default)s)'
    )
    parser.add_argument(
        '--wait-time', type=float, default=1, help='seconds that a window stays (%(default)s)'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=_KeyValues,
        default={},
        metavar='KEY=VALUE',
        help='change settings of the config, e.g. train_cfg.max_epochs=10 or key="[a,b]"',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of a distributed run (%(default)s)',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def parse(parser: ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line (``sys.argv`` if None) and pass the local rank on to MMEngine."""
    args = parser.parse_args(argv)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'expected a positive number, got {text}')
    return value
