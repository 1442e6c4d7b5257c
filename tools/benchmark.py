"""Measure speed as ratios within one run, on a machine that does nothing else.

    python tools/benchmark.py step CONFIG     memory format and precision of a training step
    python tools/benchmark.py loss CONFIG     adaptive loss against the step it is part of
    python tools/benchmark.py targets CONFIG  target generation against the step
    python tools/benchmark.py data CONFIG     reading and augmenting images, by worker processes
    python tools/benchmark.py waiting CONFIG  how OpenMP's threads wait, alone and beside others
    python tools/benchmark.py seconds CONFIG  each of a few training steps, which waiting reads

Variants take turns, and the fastest round counts, so that other programs disturb little.
"""

import argparse
import os
from collections.abc import Sequence

import arguments
import command
import waiting


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    modes = ['step', 'loss', 'targets', 'data', 'waiting', 'seconds']
    parser.add_argument('what', choices=modes)
    arguments.add_config(parser, 'config of an MSSHNet')
    parser.add_argument(
        '--batch', type=arguments.integer(1), help='images per step (16; for loss 4)'
    )
    parser.add_argument(
        '--rounds',
        type=arguments.integer(1),
        default=5,
        help='times that each variant runs (%(default)s)',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    if args.what == 'waiting':
        batch = ['--batch', str(args.batch)] if args.batch else []
        waiting.print_tables([args.config, '--rounds', str(args.rounds), *batch])
        return
    from mssh_mmpose.cli import benchmark
    from mssh_mmpose.timing import TrainingStep

    if args.what != 'seconds':
        benchmark.benchmark(args)
        return
    cfg = benchmark.prepare(args)
    if 'BENCHMARK_MALLOPT' in os.environ:
        waiting.keep_freed_memory()
    waiting.print_seconds(TrainingStep(cfg, args.batch), args.rounds)


if __name__ == '__main__':
    command.run(parse_args, main)
