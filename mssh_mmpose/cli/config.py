"""From a command line to a complete, checked config."""

import inspect
import os.path as osp
from argparse import Namespace
from importlib.util import find_spec
from typing import Any, Dict, List

import torch.distributed
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner

from ..engine.dist import init_cpu_processes
from .checks import check_file, check_writable
from .errors import UsageError

# Devices that MMEngine's AmpOptimWrapper refuses.
_NO_LOSS_SCALING = ('cpu', 'mps')
# What MMEngine's runner reads from a config besides its own arguments.
_OTHER_SETTINGS = {'custom_imports', 'find_unused_parameters', 'model_wrapper_cfg', 'sync_bn'}


def find_config(name: str) -> str:
    """Give the path of a config file named by its path or as ``package::path``.

    Raises:
        UsageError: If there is no such file.
    """
    package, separator, relative = name.partition('::')
    if not separator:
        check_file(name, 'config', 'a config file or mssh_mmpose::NAME.py')
        return name
    spec = find_spec(package)
    if spec is None:
        raise UsageError(f'config {name}: the package {package} is not installed.')
    folder = osp.join(osp.dirname(spec.origin), '.mim', 'configs')
    path = osp.join(folder, relative)
    check_file(path, 'config', f'a file in {folder}')
    return path


def load_config(args: Namespace) -> Config:
    """Load the config and apply ``--cfg-options``, ``--work-dir`` and ``--launcher``.

    Raises:
        UsageError: If the file or a base is missing, or an option names no setting.
    """
    path = find_config(args.config)
    try:
        cfg = Config.fromfile(path)
    except FileNotFoundError as error:
        raise UsageError(f'config {path}: {error}') from error
    try:
        merge_options(cfg, args.cfg_options)
    except ValueError as error:
        raise UsageError(f'--cfg-options {error}') from error
    default = osp.join('work_dirs', osp.splitext(osp.basename(path))[0])
    cfg.work_dir = osp.abspath(args.work_dir or cfg.get('work_dir') or default)
    check_writable(cfg.work_dir, '--work-dir')
    if cfg.get('visualizer'):
        # MMEngine then names it after the run. Under one name, a second run in the same process
        # would log into the folder of the first.
        cfg.visualizer.pop('name', None)
    use_launcher(cfg, args.launcher)
    return cfg


def merge_options(cfg: Config, options: Dict[str, Any]) -> None:
    """Change settings of a config, named by dotted keys.

    Raises:
        ValueError: If one is no setting of the config or of MMEngine's runner, or does not fit.
    """
    settings = set(cfg) | set(inspect.signature(Runner).parameters) | _OTHER_SETTINGS
    unknown = sorted(key for key in options if key.split('.')[0] not in settings)
    if unknown:
        raise ValueError(f'{", ".join(unknown)}: {cfg.filename} has no such setting.')
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f'do not fit {cfg.filename}: {error}') from error


def use_launcher(cfg: Config, launcher: str) -> None:
    """Set the launcher; without GPUs also start the processes' group, which MMEngine cannot.

    Raises:
        UsageError: If the processes were not started by the launcher.
    """
    cfg.launcher = launcher
    if launcher == 'none' or get_device() != 'cpu':
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
        try:
            init_cpu_processes(launcher)
        except ValueError as error:
            raise UsageError(str(error)) from error


def enable_amp(cfg: Config) -> None:
    """Train in mixed precision: MMEngine's wrapper on GPUs, bfloat16 elsewhere.

    Raises:
        UsageError: If the config uses an optimiser wrapper of another kind.
    """
    wrapper = cfg.optim_wrapper
    kinds = ('OptimWrapper', 'AmpOptimWrapper', 'Bf16OptimWrapper')
    kind = wrapper.get('type', 'OptimWrapper')
    if kind not in kinds:
        raise UsageError(f'--amp: optim_wrapper.type is {kind}, expected one of {kinds}.')
    if kind == 'Bf16OptimWrapper':
        return
    if get_device() in _NO_LOSS_SCALING:
        wrapper.type = 'Bf16OptimWrapper'
        for key in ('loss_scale', 'dtype'):
            wrapper.pop(key, None)
    else:
        wrapper.type = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')


def enable_auto_scale_lr(cfg: Config) -> None:
    """Scale the learning rate with the batch size.

    Raises:
        UsageError: If the config does not say for which batch size its learning rate is.
    """
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise UsageError(
            '--auto-scale-lr: the config has no auto_scale_lr.base_batch_size; add '
            'auto_scale_lr = dict(base_batch_size=N), the batch size its learning rate is for.'
        )
    cfg.auto_scale_lr.enable = True


def enable_pictures(cfg: Config, args: Namespace) -> None:
    """Draw predictions and heatmaps, as ``--show`` and ``--show-dir`` ask.

    Raises:
        UsageError: If the config has no visualization hook.
    """
    if not args.show and args.show_dir is None:
        return
    hook = _default_hook(cfg, 'visualization', 'PoseVisualizationHook')
    hook.update(enable=True, show=args.show, wait_time=args.wait_time, interval=args.interval)
    if args.show_dir is not None:
        hook.out_dir = osp.abspath(args.show_dir)
    if hook.type == 'PoseVisualizationHook':
        hook.type = 'SampleVisualizationHook'
    # The heads give no heatmaps to draw unless asked.
    cfg.merge_from_dict({'model.test_cfg.output_heatmaps': True})


def enable_badcase(cfg: Config, args: Namespace) -> None:
    """Collect the people that the first test metric scores low.

    Raises:
        UsageError: If the config has no bad-case hook.
    """
    hook = _default_hook(cfg, 'badcase', 'BadCaseAnalysisHook')
    hook.update(enable=True, show=args.show, wait_time=args.wait_time, interval=args.interval)
    if hook.setdefault('metric_type', 'accuracy') == 'accuracy':
        hook.setdefault('metric', test_metrics(cfg)[0])
    else:
        hook.setdefault('metric', cfg.model.head.loss)


def test_metrics(cfg: Config) -> List[dict]:
    """Give the test evaluator as a list."""
    evaluator = cfg.test_evaluator
    return list(evaluator) if isinstance(evaluator, (list, tuple)) else [evaluator]


def _default_hook(cfg: Config, name: str, kind: str) -> dict:
    hook = (cfg.get('default_hooks') or {}).get(name)
    if hook is None:
        raise UsageError(
            f'the config has no default_hooks.{name}, which this option needs: set it to '
            f"dict(type='{kind}')."
        )
    return hook
