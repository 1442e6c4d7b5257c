"""Train a pose network."""

import argparse
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmengine.runner.checkpoint import find_latest_checkpoint

from .. import checks
from . import config, options
from .errors import run


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    options.add_shared_options(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='continue from this checkpoint, or without a value from the latest of the work dir',
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
    return options.parse(parser, argv)


def make_config(args: argparse.Namespace) -> Config:
    """Load the config and apply the options; raise InputError where they do not fit."""
    cfg = config.load_config(args)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        config.enable_amp(cfg)
    if args.auto_scale_lr:
        config.enable_auto_scale_lr(cfg)
    config.enable_pictures(cfg, args)
    set_resume(cfg, args.resume)
    checks.check_datasets(cfg, ('train_dataloader', 'val_dataloader'))
    return cfg


def set_resume(cfg: Config, checkpoint: str | None) -> None:
    """Set where training starts: afresh, from the latest checkpoint ('auto') or from a file."""
    if checkpoint is not None:
        cfg.resume = True
        cfg.load_from = None if checkpoint == 'auto' else checkpoint
    start = cfg.get('load_from')
    if start is None and cfg.get('resume'):
        start = find_latest_checkpoint(cfg.work_dir)
        if start is None:
            print_log(f'warning: no checkpoint in {cfg.work_dir}: training starts afresh')
    if start:
        checks.check_file(start, 'checkpoint', 'a file saved by this tool, or a URL')


def main(argv: Sequence[str] | None = None) -> None:
    Runner.from_cfg(make_config(parse_args(argv))).train()


if __name__ == '__main__':
    run(main, 'train')
