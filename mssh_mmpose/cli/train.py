"""What tools/train.py does."""

import argparse

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmengine.runner.checkpoint import find_latest_checkpoint

from .. import checks
from . import config


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
    checks.check_mpii_pair(cfg, 'val')
    return cfg


def set_resume(cfg: Config, checkpoint: str | bool | None) -> None:
    """Set where training starts: from a file, or from the latest checkpoint (True).

    Without a latest checkpoint it starts as without the option, from ``load_from`` if it is set.
    """
    if isinstance(checkpoint, str):
        cfg.resume, cfg.load_from = True, checkpoint
    start = cfg.get('load_from')
    if checkpoint is True or (cfg.get('resume') and start is None):
        latest = find_latest_checkpoint(cfg.work_dir)
        cfg.resume = latest is not None
        if cfg.resume:
            cfg.load_from, start = None, latest
        else:
            origin = f'from {start}' if start else 'afresh'
            print_log(f'warning: no checkpoint in {cfg.work_dir}: training starts {origin}')
    if start:
        checks.check_file(start, 'checkpoint', 'a file saved by this tool, or a URL')


def train(args: argparse.Namespace) -> None:
    """Train as the arguments of ``tools/train.py`` ask."""
    Runner.from_cfg(make_config(args)).train()
