"""Finding configs and networks, in a source tree and in an installed wheel; changing settings."""

import inspect
import logging
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmpose.registry import MODELS

from . import names
from .config_errors import file_problem
from .errors import InputError

PACKAGE = Path(__file__).parent
CONFIGS = PACKAGE / '.mim' / 'configs'
# Settings that MMEngine's runner reads from a config, besides its own arguments.
_OTHER_SETTINGS = {
    'activation_checkpointing',
    'compile',
    'custom_imports',
    'data_mode',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'sync_bn',
}


def config_path(name: str) -> str:
    """Return the path of one of our configs, for ``Config.fromfile`` or a ``_base_``.

    MMEngine's own ``_base_ = 'package::folder/config.py'`` knows only the packages of OpenMMLab.
    In a config file::

        _base_ = [__import__('mssh_mmpose').config_path('mssh_mpii_256x256.py')]

    Raises:
        FileNotFoundError: If there is no such config; lists those that exist.
    """
    path = CONFIGS / name
    if not path.is_file():
        known = sorted(str(p.relative_to(CONFIGS)) for p in CONFIGS.rglob('*.py'))
        raise FileNotFoundError(f'no config {name!r} in {CONFIGS}; there are {", ".join(known)}')
    return str(path)


def config_name(path: str | Path) -> str:
    """Return where a config is below ``configs/``, as :func:`config_path` takes it; of others the
    file name.

    >>> config_name(CONFIGS / 'coco' / 'a.py'), config_name('elsewhere/a.py')
    ('coco/a.py', 'a.py')
    """
    path, folder = Path(path).resolve(), CONFIGS.resolve()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name


def tool_path(name: str) -> str:
    """Return the path of one of our tools, to be started as a separate process.

    >>> Path(tool_path('train')).name
    'train.py'
    """
    return str(PACKAGE / '.mim' / 'tools' / f'{name}.py')


def read_config(name: str) -> Config:
    """Read a config file named by its path or as ``package::path``.

    Joints of a ``keypoint_info`` are in the order of their numbers. In a config that MMEngine wrote
    (to a work dir, into a checkpoint) they are sorted as text, 0, 1, 10, 11, 2, and MMPose would
    read from this order which joints a flip exchanges.

    Raises:
        InputError: If there is no such file, or it is wrong; names the file and the line.
    """
    path = find_config(name)
    try:
        cfg = Config.fromfile(path)
    except Exception as error:  # the file is Python
        raise InputError(f'config {file_problem(error, path)}') from error
    order_joints(cfg._cfg_dict)
    return cfg


def order_joints(settings: Any) -> None:
    """Sort the joints of every ``keypoint_info`` by number; written configs sort them as text."""
    if isinstance(settings, dict):
        joints = settings.get('keypoint_info')
        if isinstance(joints, dict) and all(isinstance(number, int) for number in joints):
            settings['keypoint_info'] = dict(sorted(joints.items()))
        settings = list(settings.values())
    if isinstance(settings, (list, tuple)):
        for each in settings:
            order_joints(each)


def find_config(name: str) -> str:
    """Return the path of a config file named by its path or as ``package::path``.

    Raises:
        InputError: If there is no such file.
    """
    try:
        return names.find_config(name)
    except ValueError as error:
        raise InputError(str(error)) from error


def find_checkpoint(network: str) -> str:
    """Return the checkpoint of a network named by a shipped name, a file or a URL.

    Raises:
        InputError: If there is none; lists the shipped names.
    """
    try:
        return names.find_checkpoint(network)
    except ValueError as error:
        raise InputError(str(error)) from error


def counts_epochs(cfg: Config) -> bool | None:
    """Whether the training counts epochs, and not iterations; None for a loop of the user's own."""
    loop = cfg.get('train_cfg') or {}
    if loop.get('type') is None:
        return loop.get('by_epoch', True)
    return {'EpochBasedTrainLoop': True, 'IterBasedTrainLoop': False}.get(type_name(loop))


def type_name(settings: dict) -> str:
    """Return the name of an object's type without the scope; the type may be the class itself.

    >>> type_name(dict(type='mmengine.OneCycleLR')), type_name(dict(type=Path))
    ('OneCycleLR', 'Path')
    """
    kind = settings.get('type')
    return getattr(kind, '__name__', str(kind)).split('.')[-1]


def model_class(settings: dict) -> Any:
    """Return the class of a network or of a part of one; None if nothing is registered so.

    >>> model_class(dict(type=Path)) is Path, model_class({})
    (True, None)
    """
    kind = settings.get('type')
    return MODELS.get(kind) if isinstance(kind, str) else kind


def default_arguments(kind: type) -> dict[str, Any]:
    """Return the default arguments of a class and of its bases, to which it passes kwargs."""
    found = {}
    for each in reversed(kind.__mro__):
        parameters = inspect.signature(each.__init__).parameters.values()
        found |= {p.name: p.default for p in parameters}
    return found


def metric_configs(cfg: Config, split: str = 'test') -> list[dict]:
    """Return a split's metrics; its evaluator is one, a list, or a dict with ``metrics``."""
    found = cfg.get(f'{split}_evaluator') or []
    if isinstance(found, dict):
        found = found.get('metrics', found)
    return [found] if isinstance(found, dict) else list(found)


def one_cycles(cfg: Config) -> dict[str, dict]:
    """Return the one-cycle schedules of the learning rate by their keys in the config."""
    found = cfg.get('param_scheduler') or []
    if isinstance(found, dict):
        found = {'param_scheduler': found}
    else:
        found = {f'param_scheduler.{number}': each for number, each in enumerate(found)}
    return {
        key: each
        for key, each in found.items()
        if type_name(each).startswith('OneCycle') and each.get('param_name', 'lr') == 'lr'
    }


def merge_options(cfg: Config, options: dict[str, Any]) -> None:
    """Change settings of a config, named by dotted keys; warn of variables that decide nothing.

    Raises:
        InputError: If one is not a setting of the config or of MMEngine's runner, or does not fit.
    """
    settings = set(inspect.signature(Runner).parameters) | _OTHER_SETTINGS
    others = sorted(key for key in options if key.split('.')[0] not in settings)
    if unknown := [key for key in others if key.split('.')[0] not in cfg]:
        raise InputError(f'{", ".join(unknown)}: {cfg.filename} has no such setting.')
    if others:
        print_log(
            f'{", ".join(others)}: MMEngine does not read variables of a config. Set what was made '
            'of them, such as train_dataloader.dataset.data_root for data_root.',
            'current',
            logging.WARNING,
        )
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(f'do not fit {cfg.filename}: {error}') from error
