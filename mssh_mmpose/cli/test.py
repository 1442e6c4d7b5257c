"""Test a pose network."""

import argparse
import os.path as osp
from collections.abc import Sequence

import mmengine
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.hooks import LoggerHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from .. import checks
from ..evaluation.tables import results_table
from . import config, options
from .errors import run


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    options.add_shared_options(parser)
    parser.add_argument('checkpoint', help='checkpoint file or URL')
    parser.add_argument('--out', metavar='FILE', help='save the metrics (.json, .yaml, .pkl)')
    parser.add_argument(
        '--table', metavar='FILE.md', help="save the metrics as a table with the paper's row below"
    )
    parser.add_argument('--dump', metavar='FILE', help='save all predictions (.pkl)')
    parser.add_argument(
        '--badcase',
        action='store_true',
        help='save pictures of the people with the worst scores in the work dir',
    )
    return options.parse(parser, argv)


def make_config(args: argparse.Namespace) -> Config:
    """Load the config and apply the options; raise InputError where they do not fit."""
    if args.out:
        checks.check_suffix(args.out, '--out', ('.json', '.yaml', '.yml', '.pkl', '.pickle'))
    if args.table:
        checks.check_suffix(args.table, '--table', ('.md',))
    if args.dump:
        checks.check_suffix(args.dump, '--dump', ('.pkl', '.pickle'))
    for option in ('out', 'table', 'dump'):
        path = getattr(args, option)
        if path:
            checks.check_writable(osp.dirname(osp.abspath(path)), f'--{option}')
    checks.check_file(args.checkpoint, 'checkpoint', 'a checkpoint file or a URL')
    cfg = config.load_config(args)
    cfg.load_from, cfg.resume = args.checkpoint, False
    if args.badcase:
        config.enable_badcase(cfg, args)
    if args.dump:
        dump = dict(type='DumpResults', out_file_path=osp.abspath(args.dump))
        cfg.test_evaluator = config.test_metrics(cfg) + [dump]
    config.enable_pictures(cfg, args)
    checks.check_datasets(cfg, ('test_dataloader',))
    return cfg


def make_runner(cfg: Config) -> Runner:
    """Build the runner, check the checkpoint against the model, and log progress often enough."""
    runner = Runner.from_cfg(cfg)
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    checks.check_checkpoint(model, cfg.load_from)
    for hook in runner.hooks:
        if isinstance(hook, LoggerHook):
            hook.interval = min(hook.interval, max(1, len(runner.test_dataloader) // 5))
    return runner


@master_only
def save(metrics: dict, path: str) -> None:
    mmengine.mkdir_or_exist(osp.dirname(osp.abspath(path)))
    mmengine.dump(metrics, path)


@master_only
def save_table(metrics: dict, path: str) -> None:
    mmengine.mkdir_or_exist(osp.dirname(osp.abspath(path)))
    with open(path, 'w', encoding='utf-8') as file:
        file.write(results_table(metrics) + '\n')


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    metrics = make_runner(make_config(args)).test()
    if args.out:
        save(metrics, args.out)
    if args.table:
        save_table(metrics, args.table)


if __name__ == '__main__':
    run(main, 'test')
