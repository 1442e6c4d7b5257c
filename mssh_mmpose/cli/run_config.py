"""From a command line to a complete, checked config."""

import ast
import os
import os.path as osp
import re
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from typing import Any

import torch.distributed
from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.logging import print_log
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import METRICS

from .. import checks
from ..config import (
    counts_epochs,
    merge_options,
    metric_configs,
    model_class,
    one_cycles,
    read_config,
    type_name,
)
from ..engine import SAFE_HOOKS
from ..engine.dist import init_cpu_processes
from ..errors import InputError

# Devices that MMEngine's AmpOptimWrapper refuses.
_NO_LOSS_SCALING = ('cpu', 'mps')


def load_config(args: Namespace) -> Config:
    """Load the config and apply ``--cfg-options``, ``--work-dir`` and ``--launcher``.

    Raises:
        InputError: If the file or a base is missing or wrong, or an option names no setting or one
            that would be ignored.
    """
    # What torchrun does not pass by the environment.
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args.config)
    try:
        options = read_options(args.cfg_options)
        refuse_ignored(options, args)
        merge_options(cfg, options)
    except InputError as error:
        raise InputError(f'--cfg-options {error}') from error
    default = osp.join('work_dirs', osp.splitext(osp.basename(cfg.filename))[0])
    cfg.work_dir = osp.abspath(args.work_dir or cfg.get('work_dir') or default)
    checks.check_writable(cfg.work_dir, '--work-dir')
    if cfg.get('visualizer'):
        # MMEngine then names it after the run. Under one name, a second run in the same process
        # would log into the folder of the first.
        cfg.visualizer.pop('name', None)
    use_launcher(cfg, args.launcher)
    return cfg


def read_options(texts: list[str]) -> dict:
    """Read settings KEY=VALUE as MMEngine does, but keep spaces of text that is not in a list.

    What is in quotes of its own is text, also in a list.

    >>> read_options(['a.b=1', 'c=[x,2.5]', 'd=my data', "e='data, old'"])
    {'a.b': 1, 'c': ['x', 2.5], 'd': 'my data', 'e': 'data, old'}

    Raises:
        InputError: If brackets do not match.
    """
    return dict(_read_option(text) for text in texts)


def _read_option(text: str) -> tuple[str, Any]:
    key, value = text.split('=', 1)
    kind = {"'": str, '"': str, '[': list, '(': tuple}.get(value[:1])
    if kind and re.search('[\'"]', value):
        with suppress(ValueError, SyntaxError):
            literal = ast.literal_eval(value)
            if isinstance(literal, kind):
                return key, literal
    # MMEngine removes spaces, and splits at commas.
    if ' ' in value.strip() and ',' not in value and not value.startswith(('[', '(')):
        return key, value
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs=1, action=DictAction)
    try:
        return key, parser.parse_args(['--cfg-options', text]).cfg_options[key]
    except AssertionError as error:
        raise InputError(f'{text}: {error}') from error


def refuse_ignored(options: dict, args: Namespace) -> None:
    """Raise InputError if a setting would be ignored, and say what to use instead."""
    instead = dict(
        launcher='use --launcher',
        custom_imports='write it into the config; reading it imports the modules',
    )
    if args.work_dir:
        instead['work_dir'] = '--work-dir decides'
    if getattr(args, 'checkpoint', None):
        instead.update(load_from='the argument CHECKPOINT decides', resume='a test does not resume')
    if getattr(args, 'resume', None):
        instead.update(load_from='--resume decides', resume='--resume decides')
    for key in options:
        reason = instead.get(key.split('.')[0])
        if reason:
            raise InputError(f'{key}: would be ignored; {reason}.')


def use_launcher(cfg: Config, launcher: str) -> None:
    """Set the launcher; without GPUs also start the process group, which MMEngine cannot.

    Raises:
        InputError: If the processes were not started by the launcher, or by torchrun without it,
            or if there are fewer GPUs than processes, or only that of a Mac.
    """
    cfg.launcher = launcher
    by_torchrun = 'TORCHELASTIC_RUN_ID' in os.environ
    if launcher == 'none' and by_torchrun and int(os.environ.get('WORLD_SIZE', 1)) > 1:
        raise InputError(
            'torchrun started several processes, which would work apart from each other: add '
            '--launcher pytorch.'
        )
    if launcher == 'none':
        return
    device = get_device()
    if device == 'mps':
        raise InputError(
            f'--launcher {launcher}: several processes cannot share the GPU of a Mac; work in one.'
        )
    if device == 'cuda':
        place, gpus = int(os.environ.get('LOCAL_RANK', 0)), torch.cuda.device_count()
        if place >= gpus:
            raise InputError(
                f'process {place + 1} of this machine has no GPU: there are {gpus}. Start {gpus} '
                'processes at most.'
            )
    if device != 'cpu':
        return
    cfg.merge_from_dict({'env_cfg.dist_cfg.backend': 'gloo'})
    if cfg.get('model_wrapper_cfg') is None:
        cfg.model_wrapper_cfg = dict(
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    # Left out, MMEngine would fill in GPU number LOCAL_RANK.
    cfg.model_wrapper_cfg.setdefault('device_ids', None)
    if not torch.distributed.is_initialized():
        init_cpu_processes(launcher)


def enable_amp(cfg: Config) -> None:
    """Train in mixed precision: MMEngine's wrapper on GPUs, bfloat16 elsewhere.

    Raises:
        InputError: If the config uses an optimiser wrapper of another kind, or one of MMPose's
            heads, whose accuracy NumPy computes, without a GPU.
    """
    wrapper = cfg.optim_wrapper
    kinds = ('OptimWrapper', 'AmpOptimWrapper', 'Bf16OptimWrapper')
    kind = type_name(wrapper) if wrapper.get('type') else 'OptimWrapper'
    if kind not in kinds:
        raise InputError(f'--amp: optim_wrapper.type is {kind}, expected one of {kinds}.')
    if kind == 'Bf16OptimWrapper':
        return
    device = get_device()
    if device in _NO_LOSS_SCALING:
        head = model_class(cfg.get('model', {}).get('head') or {})
        if getattr(head, '__module__', '').startswith('mmpose.'):
            raise InputError(
                f'--amp: {head.__name__} cannot be trained in bfloat16: MMPose computes its '
                'accuracy with NumPy, which has no such numbers; leave out --amp, or use a '
                'MultiStageHead.'
            )
        if device == 'cpu' and torch.backends.cpu.get_cpu_capability() == 'AVX2':
            print_log(
                'warning: --amp: on this processor (AVX2, no bfloat16 instructions) training is '
                'several times slower with it: leave it out'
            )
        wrapper.type = 'Bf16OptimWrapper'
        for key in ('loss_scale', 'dtype'):
            wrapper.pop(key, None)
    else:
        wrapper.type = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')


def enable_auto_scale_lr(cfg: Config) -> None:
    """Scale the learning rate with the batch size.

    Raises:
        InputError: If the config does not state the batch size of its learning rate, or has a
            one-cycle schedule, whose rates MMEngine does not scale.
    """
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise InputError(
            '--auto-scale-lr: the config has no auto_scale_lr.base_batch_size; add '
            'auto_scale_lr = dict(base_batch_size=N), the batch size its learning rate is for.'
        )
    if cfg.optim_wrapper.get('accumulative_counts', 1) != 1:
        print_log(
            'warning: --auto-scale-lr: MMEngine does not count accumulated gradients: '
            f'base_batch_size ({cfg.auto_scale_lr.base_batch_size}) must leave them out, too'
        )
    for key, each in one_cycles(cfg).items():
        raise InputError(
            f'--auto-scale-lr: the one-cycle schedule has rates of its own; set {key}.eta_max '
            f'instead, which is {each.get("eta_max")}.'
        )
    cfg.auto_scale_lr.enable = True


def use_safe_hooks(cfg: Config) -> None:
    """Add the hooks of ``configs/_base_/runtime.py`` that keep a training from being lost.

    Hooks of the config stay, and so does a checkpoint hook that is not MMEngine's.
    """
    # What MMEngine's setdefault returns is not what it stores.
    if cfg.get('default_hooks') is None:
        cfg.default_hooks = {}
    hooks = cfg.default_hooks
    if hooks.get('checkpoint', True):
        hooks.setdefault('checkpoint', dict(type='CheckpointHook', interval=1))
        checkpoint = hooks.checkpoint
        if type_name(checkpoint) in checks.CHECKPOINT_HOOKS:
            checkpoint['type'] = 'WholeCheckpointHook'
            if counts_epochs(cfg) is False:
                checkpoint.setdefault('by_epoch', False)
    if counts_epochs(cfg) is False:  # otherwise all validations would be logged as of epoch 0
        hooks.setdefault('logger', dict(type='LoggerHook'))
        if hooks.logger and type_name(hooks.logger) == 'LoggerHook':
            hooks.logger.setdefault('log_metric_by_epoch', False)
        cfg.log_processor = {**(cfg.get('log_processor') or {}), 'by_epoch': False}
    for name, kind in SAFE_HOOKS.items():
        hooks.setdefault(name, dict(type=kind))


def enable_pictures(cfg: Config, args: Namespace) -> None:
    """Draw predictions and heatmaps, as ``--show`` and ``--show-dir`` ask.

    With ``--badcase`` the windows of ``--show`` are those of the bad cases.

    Raises:
        InputError: If the config has no visualization hook.
    """
    show = args.show and not getattr(args, 'badcase', False)
    if not show and args.show_dir is None:
        return
    hook = _default_hook(cfg, 'visualization', 'PoseVisualizationHook')
    hook.update(enable=True, show=show, wait_time=args.wait_time, interval=args.interval)
    if args.show_dir is not None:
        hook.out_dir = osp.abspath(args.show_dir)
    if type_name(hook) == 'PoseVisualizationHook':
        hook.type = 'SampleVisualizationHook'
    # The heads return no heatmaps to draw unless asked.
    cfg.model.test_cfg = {**(cfg.model.get('test_cfg') or {}), 'output_heatmaps': True}


def enable_badcase(cfg: Config, args: Namespace) -> None:
    """Collect the people with the lowest scores by the first test metric.

    Raises:
        InputError: If the config has no bad-case hook, or a metric that scores only whole sets, or
            there are several processes, whose people MMPose's hook would mix up.
    """
    if args.launcher != 'none':
        raise InputError('--badcase works in one process only: leave out --launcher.')
    hook = _default_hook(cfg, 'badcase', 'BadCaseAnalysisHook')
    hook.update(enable=True, show=args.show, wait_time=args.wait_time, interval=args.interval)
    if hook.setdefault('metric_type', 'accuracy') == 'accuracy':
        metric = hook.setdefault('metric', metric_configs(cfg)[0])
        kind = METRICS.get(type_name(metric))
        if kind is not None and issubclass(kind, CocoMetric):
            raise InputError(
                f'--badcase: {kind.__name__} scores a whole data set, not a person. Set '
                "default_hooks.badcase.metric to dict(type='PCKAccuracy', thr=0.05), its "
                "metric_key to 'PCK' and its badcase_thr to 0.5."
            )
    else:
        hook.setdefault('metric', cfg.model.head.loss)


def _default_hook(cfg: Config, name: str, kind: str) -> dict:
    hook = (cfg.get('default_hooks') or {}).get(name)
    if hook is None:
        raise InputError(
            f'the config has no default_hooks.{name}, which this option needs: set it to '
            f"dict(type='{kind}')."
        )
    return hook
