"""Reading checkpoints without running code from them, wherever they are.

``torch.load`` accepts only tensors and plain containers by default since torch 2.6, while an
MMEngine checkpoint also holds its log history, NumPy values and, with a one-cycle schedule, a
method of the scheduler. The loaders here keep ``weights_only=True`` and allow exactly these (not
before torch 2.6). Every load of MMEngine goes through its ``CheckpointLoader`` (``Runner.resume``,
``load_from``, ``load_checkpoint``, ``init_model``, ``init_cfg``), so registering them there, for
each of its schemes, is enough.
"""

import hashlib
import io
import pickle
import re
import reprlib
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_rank
from mmengine.fileio import get_file_backend
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as upstream
from mmengine.utils import digit_version
from torch import Tensor

from ..errors import InputError
from ..names import is_remote
from .pickles import checkpoint_globals


def read_checkpoint(path: str) -> dict:
    """Read a checkpoint of any scheme into the CPU's memory.

    Raises:
        InputError: If it cannot be read, would run code, or is not a dict.
    """
    checkpoint = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    if not isinstance(checkpoint, Mapping):
        raise InputError(
            f'checkpoint {path} holds a {type(checkpoint).__name__}; expected a dict of weights.'
        )
    return checkpoint


def weights_of(checkpoint: Mapping, source: str) -> dict[str, Tensor]:
    """Return the weights in a checkpoint, without the ``module.`` of distributed training.

    Raises:
        InputError: If it has none.
    """
    weights = checkpoint.get('state_dict', checkpoint)
    if not isinstance(weights, Mapping) or not weights:
        raise InputError(f'checkpoint {source} holds no weights; expected them by name.')
    plain = OrderedDict((str(k).removeprefix('module.'), value) for k, value in weights.items())
    plain._metadata = getattr(weights, '_metadata', None)  # versions of modules, for their hooks
    return plain


def meta_of(checkpoint: Mapping, source: str) -> dict:
    """Return what a checkpoint says about itself, such as its config: empty if it says nothing.

    Raises:
        InputError: If it is not a dict.
    """
    meta = checkpoint.get('meta') or {}
    if not isinstance(meta, dict):
        raise InputError(f'checkpoint {source}: its meta is {reprlib.repr(meta)}, expected a dict.')
    return meta


def load_from_local(filename: str, map_location: Any = None, mmap: bool = False) -> Any:
    """Load a checkpoint file; registered for all paths without a scheme.

    Args:
        filename: Path of the checkpoint, ``~`` allowed.
        map_location: As in ``torch.load``.
        mmap: Read tensors only when they are used.

    Raises:
        InputError: If there is no such file, if it is truncated or not a checkpoint, or if it
            refers to anything that is not allowed. Nothing in it has been executed then. Before
            torch 2.6 nothing is refused.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise InputError(f'checkpoint {path} does not exist (absolute: {path.absolute()}).')
    return _load(path, str(path), map_location, mmap)


def load_from_http(filename: str, map_location: Any = None) -> Any:
    """Download a checkpoint into torch's cache, once per job, and load it; for http(s) URLs.

    Raises:
        InputError: If it cannot be downloaded, or as in :func:`load_from_local`.
    """
    path = Path(torch.hub.get_dir(), 'checkpoints', _cached_name(filename))
    if get_rank() > 0:
        barrier()
    try:
        new = not path.is_file()
        if new:
            _download(filename, path)
        try:
            return _load(path, f'{filename} (downloaded to {path})', map_location)
        except InputError:
            if new:  # perhaps cut off: the next try downloads it again
                path.unlink(missing_ok=True)
            raise
    finally:
        if get_rank() == 0:
            barrier()


def _cached_name(url: str) -> str:
    """Return the name of a download: the URL's if it holds a hash, as torch expects, or with one.

    >>> _cached_name('https://a.b/c/res50-1c2d3e4f_20220101.pth'), _cached_name('https://a.b/c.pth')
    ('res50-1c2d3e4f_20220101.pth', 'c-8e6a5b1d.pth')
    """
    name = Path(urlparse(url).path)
    if re.search(r'-(?=[0-9]*[a-f])[0-9a-f]{8}', name.stem):  # a date has no letter
        return name.name
    return f'{name.stem}-{hashlib.sha256(url.encode()).hexdigest()[:8]}{name.suffix}'


def _download(url: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path))
    except (OSError, ValueError) as error:
        raise InputError(f'checkpoint {url} cannot be downloaded to {path}: {error}') from error


def load_from_torchvision(filename: str, map_location: Any = None) -> Any:
    """Load ``torchvision://NAME`` (formerly ``modelzoo://NAME``)."""
    return load_from_http(_look_up(filename, upstream.get_torchvision_models()), map_location)


def load_from_openmmlab(filename: str, map_location: Any = None) -> Any:
    """Load ``open-mmlab://NAME``: a URL, or a file in the folder ``MMENGINE_HOME``."""
    models = upstream.get_external_models()
    for old, new in upstream.get_deprecated_model_names().items():
        if new in models:
            models.setdefault(old, models[new])
    found = _look_up(filename, models)
    if is_remote(found):
        return load_from_http(found, map_location)
    return load_from_local(str(Path(upstream._get_mmengine_home(), found)), map_location)


def load_from_mmcls(filename: str, map_location: Any = None) -> dict:
    """Load ``mmcls://NAME``: only the backbone, whose weights lose the prefix ``backbone.``."""
    url = _look_up(filename, upstream.get_mmcls_models())
    weights = weights_of(load_from_http(url, map_location), filename)
    prefix = 'backbone.'
    return dict(
        state_dict={
            key.removeprefix(prefix): value
            for key, value in weights.items()
            if key.startswith(prefix)
        }
    )


def load_from_ceph(filename: str, map_location: Any = None) -> Any:
    """Load from object storage, by the Petrel client."""
    try:
        content = get_file_backend(filename, backend_args=dict(backend='petrel')).get(filename)
    except Exception as error:  # of a client that is not known here
        raise InputError(f'checkpoint {filename} cannot be read: {error}') from error
    return _load(io.BytesIO(content), filename, map_location)


def load_from_pavi(filename: str, map_location: Any = None) -> Any:
    """Load from Pavi's model cloud, by its client."""
    try:
        modelcloud = import_module('pavi').modelcloud
        model = modelcloud.get(filename.removeprefix('pavi://'))
        with TemporaryDirectory() as folder:
            path = Path(folder, Path(model.name).name)
            model.download(str(path))
            content = path.read_bytes()
    except Exception as error:  # of a client that is not known here
        raise InputError(f'checkpoint {filename} cannot be read: {error}') from error
    return _load(io.BytesIO(content), filename, map_location)


def _look_up(name: str, models: Mapping[str, str]) -> str:
    key = name.split('://', 1)[1]
    if key not in models:
        near = ', '.join(get_close_matches(key, models)) or f'one of {len(models)} names'
        raise InputError(f'checkpoint {name}: no such model; expected {near}.')
    return models[key]


def _load(file: Path | io.BytesIO, source: str, map_location: Any, mmap: bool = False) -> Any:
    """Unpickle, with the allow-list if torch has one; make torch's errors name the source."""
    try:
        if not _has_allow_list():
            return torch.load(file, map_location=map_location, weights_only=False, mmap=mmap)
        with torch.serialization.safe_globals(checkpoint_globals()):
            return torch.load(file, map_location=map_location, weights_only=True, mmap=mmap)
    except Exception as error:
        raise InputError(_explain(error, file, source)) from error


def _explain(error: Exception, file: Path | io.BytesIO, source: str) -> str:
    refused = re.search(r"(?:GLOBAL |<class '|function )([\w.]+)", str(error))
    if isinstance(error, pickle.UnpicklingError) and refused:
        return (
            f'checkpoint {source} was not loaded: it refers to {refused[1]}, which is neither a '
            'weight nor part of an MMEngine checkpoint and could run code. Nothing was executed. '
            'Use a checkpoint from a source you trust; if you trust this one and the type '
            'is yours, allow it with torch.serialization.add_safe_globals([TYPE]) first.'
        )
    if zipfile.is_zipfile(file):
        torn = isinstance(error, pickle.UnpicklingError)  # torch then advises to load it unsafely
        return f'checkpoint {source} cannot be read: {"it is damaged" if torn else error}'
    size = len(file.getbuffer()) if isinstance(file, io.BytesIO) else file.stat().st_size
    return (
        f'checkpoint {source} is not complete or not a checkpoint ({size} bytes; '
        f'{type(error).__name__}). An interrupted copy or download looks like this: '
        'fetch the file again, or resume from an earlier one.'
    )


LOADERS: dict[str, Callable] = {
    '': load_from_local,
    'http://': load_from_http,
    'https://': load_from_http,
    'torchvision://': load_from_torchvision,
    'modelzoo://': load_from_torchvision,
    'open-mmlab://': load_from_openmmlab,
    'openmmlab://': load_from_openmmlab,
    'mmcls://': load_from_mmcls,
    r'(\S+\:)?s3://': load_from_ceph,
    r'(\S+\:)?petrel://': load_from_ceph,
    'pavi://': load_from_pavi,
}
"""MMEngine's schemes, as it writes them, and the loaders that replace its own."""


def _has_allow_list() -> bool:
    return digit_version(torch.__version__) >= digit_version('2.6.0')


def register_safe_loaders() -> None:
    """Make MMEngine load checkpoints of every scheme through this module.

    Needs torch 2.6, the first with an allow-list that can rename. Older versions keep
    MMEngine's own loaders, which work there but execute whatever a pickle asks for.
    """
    if not _has_allow_list():
        return
    for prefix, loader in LOADERS.items():
        CheckpointLoader.register_scheme(prefixes=prefix, loader=loader, force=True)
