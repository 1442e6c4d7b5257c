"""What tools/train.py does."""

import argparse
import errno
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.dist import all_gather_object
from mmengine.logging import print_log
from mmengine.optim import ReduceOnPlateauParamScheduler, _ParamScheduler
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner
from torch import nn

from .. import checks
from ..config_errors import explained
from ..engine.resuming import newest_checkpoint, read_training
from ..engine.whole_checkpoints import checkpoint_folder
from ..errors import InputError, RunError
from ..names import is_remote
from . import run_config
from .loops import check_loop

# Of MMEngine's parameter schedulers: what changes while they run, and what follows from the rest.
_PROGRESS = (
    'anneal_func', 'best', 'cooldown_counter', 'last_step', 'num_bad_epochs', 'verbose',
)  # fmt: skip
_SAME_PLAN = (
    'Continue with the same plan (epochs, people, batch size, processes and schedule), or start a '
    'new training from these weights, with load_from and without --resume.'
)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def adapt(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the options to the config; raise InputError if one does not fit."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        run_config.enable_amp(cfg)
    if args.auto_scale_lr:
        run_config.enable_auto_scale_lr(cfg)
    run_config.enable_pictures(cfg, args)
    run_config.use_safe_hooks(cfg)
    checks.check_schedule(cfg)
    set_resume(cfg, args.resume)
    checks.check_datasets(cfg, ('train_dataloader', 'val_dataloader'))
    checks.check_mpii_pair(cfg, 'val')
    checks.check_tested_occlusion(cfg, 'val')
    checks.check_signed_targets(cfg)


def set_resume(cfg: Config, checkpoint: str | bool | None) -> None:
    """Set where training starts: from a file, or from the newest checkpoint (True).

    If there is no checkpoint, training starts as without the option, from ``load_from`` if set.
    """
    if isinstance(checkpoint, str):
        cfg.resume, cfg.load_from = True, checkpoint
    if checkpoint is True or (cfg.get('resume') and not cfg.get('load_from')):
        continue_newest(cfg)
    start = cfg.get('load_from')
    if start:
        checks.check_file(start, 'checkpoint', 'a file saved by this tool, or a URL')
        if cfg.get('resume') and not is_remote(start):
            read_training(start)


def continue_newest(cfg: Config) -> None:
    """Continue from the newest whole checkpoint of the work dir; print which were skipped."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    folder = checkpoint_folder(cfg.work_dir, hook.get('out_dir'))
    if is_remote(folder):  # MMEngine looks there
        cfg.resume, cfg.load_from = True, None
        return
    newest, skipped = newest_checkpoint(folder, cfg.work_dir)
    for reason in skipped:
        print_log(f'warning: {reason}')
    cfg.resume = newest is not None
    if newest is None:
        origin = f'from {cfg.load_from}' if cfg.get('load_from') else 'afresh'
        print_log(f'warning: no whole checkpoint in {folder}: training starts {origin}')
    else:
        print_log(f'training continues from {newest}')
        cfg.load_from = newest


class TrainRunner(Runner):
    """Refuses trainings that would end early, or in which nothing is trained."""

    def train(self) -> nn.Module:
        if not any(parameter.requires_grad for parameter in self.model.parameters()):
            raise InputError('the whole network is frozen: lower model.backbone.frozen_stages.')
        return super().train()

    def build_train_loop(self, loop: dict) -> BaseLoop:
        built = super().build_train_loop(loop)
        if isinstance(built, EpochBasedTrainLoop) and not len(built.dataloader):
            loader = built.dataloader
            raise InputError(
                f'train_dataloader: the {len(loader.sampler)} people of a process make no batch of '
                f'{loader.batch_size}: lower batch_size, or set drop_last=False.'
            )
        check_loop(built, self.cfg, 'train')
        return built

    def build_val_loop(self, loop: dict) -> BaseLoop:
        built = super().build_val_loop(loop)
        check_loop(built, self.cfg, 'val')
        return built

    def load_checkpoint(self, filename: str, *args: Any, **kwargs: Any) -> dict:
        checkpoint = super().load_checkpoint(filename, *args, **kwargs)
        if self._resume:
            there = len(_flat(checkpoint.get('param_schedulers') or []))
            here = len(self._schedules())
            if there != here:
                raise InputError(
                    f'{filename}: param_scheduler has {there} schedules there and {here} in the '
                    f'config. {_SAME_PLAN}'
                )
        return checkpoint

    def load_or_resume(self) -> None:
        planned = [_settings(each) for each in self._schedules()]
        super().load_or_resume()
        starts = all_gather_object((self.epoch, self.iter))
        if len(set(starts)) > 1:
            raise InputError(
                f'the processes would start from different (epoch, iteration): {starts}. They need '
                'a work dir that all of them see.'
            )
        for number, (schedule, now) in enumerate(zip(self._schedules(), planned)):
            before = _settings(schedule)
            names = [n for n in before if n not in now or now[n] != before[n]]
            if names == ['end']:
                _prolong(schedule, now['end'])
            elif names:
                was, is_ = ({n: plan.get(n) for n in names} for plan in (before, now))
                raise InputError(
                    f'{self._load_from}: param_scheduler.{number} has {was} there and {is_} in the '
                    f'config; MMEngine would continue with the former. {_SAME_PLAN}'
                )

    def _schedules(self) -> list[_ParamScheduler]:
        return _flat(self.param_schedulers or [])


def _flat(schedules: list | dict[str, list]) -> list:
    """Return the schedules of all optimisers."""
    groups = schedules.values() if isinstance(schedules, dict) else [schedules]
    return [each for group in groups for each in group]


def _settings(schedule: _ParamScheduler) -> dict:
    """Return the settings of a schedule without its progress."""
    state = schedule.state_dict()
    return {n: value for n, value in state.items() if n not in _PROGRESS and n[0] != '_'}


def _prolong(schedule: _ParamScheduler, end: int) -> None:
    """Let a schedule by steps go on to a later end, as if it had been planned so.

    MMEngine ends a schedule with the training that it was made for, and skips its steps from there.
    """
    skipped = schedule._global_step - schedule.end + 1
    schedule.end = end
    if skipped > 0 and not isinstance(schedule, ReduceOnPlateauParamScheduler):
        schedule._global_step -= skipped
        with warnings.catch_warnings(action='ignore'):  # the optimiser has not stepped in this run
            for _ in range(skipped):
                schedule.step()


@contextmanager
def explain_full_disk(folder: str) -> Iterator[None]:
    """Raise RunError if a file of a run cannot be written because the disk is full."""
    shows_tracebacks = logging.raiseExceptions
    # One would be shown for each line that cannot be logged.
    logging.raiseExceptions = False
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise RunError(
            f'{error.filename or folder}: {error.strerror}. Make room, then continue with --resume.'
        ) from error
    finally:
        logging.raiseExceptions = shows_tracebacks


def train(args: argparse.Namespace) -> None:
    """Train as the arguments of ``tools/train.py`` ask.

    Raises:
        RunError: If the disk is full, or the training diverges.
    """
    cfg = run_config.load_config(args)
    with explained(cfg), explain_full_disk(cfg.work_dir):
        adapt(cfg, args)
        TrainRunner.from_cfg(cfg).train()
