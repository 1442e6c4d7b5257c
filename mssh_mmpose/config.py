"""Finding configs, in a source tree and in an installed wheel, and changing their settings."""

import inspect
import os.path as osp
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from .checks import check_file
from .errors import InputError

PACKAGE = Path(__file__).parent
CONFIGS = PACKAGE / '.mim' / 'configs'
# What MMEngine's runner reads from a config besides its own arguments.
_OTHER_SETTINGS = {'custom_imports', 'find_unused_parameters', 'model_wrapper_cfg', 'sync_bn'}


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


def tool_path(name: str) -> str:
    """Return the path of one of our tools, to be started as a process of its own.

    >>> osp.basename(tool_path('train'))
    'train.py'
    """
    return str(PACKAGE / '.mim' / 'tools' / f'{name}.py')


def find_config(name: str) -> str:
    """Give the path of a config file named by its path or as ``package::path``.

    Raises:
        InputError: If there is no such file.
    """
    package, separator, relative = name.partition('::')
    if not separator:
        check_file(name, 'config', 'a config file or mssh_mmpose::NAME.py')
        return name
    spec = find_spec(package)
    if spec is None:
        raise InputError(f'config {name}: the package {package} is not installed.')
    folder = osp.join(osp.dirname(spec.origin), '.mim', 'configs')
    path = osp.join(folder, relative)
    check_file(path, 'config', f'a file in {folder}')
    return path


def merge_options(cfg: Config, options: dict[str, Any]) -> None:
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
