"""Loading MMEngine checkpoints without running code from them.

``torch.load`` accepts only tensors and plain containers by default since torch 2.6, while an
MMEngine checkpoint also holds its log history, NumPy values and, with a one-cycle schedule, a
method of the scheduler. The loaders here keep ``weights_only=True`` and allow exactly these.
Every load of MMEngine goes through its ``CheckpointLoader`` (``Runner.resume``, ``load_from``,
``load_checkpoint``, ``init_model``), so registering them there is enough.
"""

import pickle
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import barrier, get_rank
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler
from mmengine.runner import CheckpointLoader
from mmengine.utils import digit_version

_DTYPES = list('?bhilqBHILQefdFDUS')
_METHODS = {
    HistoryBuffer: ('min', 'max', 'current', 'mean'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


def stored_method(owner: type, name: str) -> Callable:
    """Stand in for ``getattr``, by which pickle refers to a method of a class.

    The real ``getattr`` would let a file reach every attribute of every allowed type.

    Raises:
        pickle.UnpicklingError: If this is not a method that MMEngine itself stores.

    Examples:
        >>> stored_method(HistoryBuffer, 'mean') is HistoryBuffer.mean
        True
    """
    if name not in _METHODS.get(owner, ()):
        raise pickle.UnpicklingError(f'GLOBAL {owner.__module__}.{owner.__qualname__}.{name}')
    return getattr(owner, name)


def empty_bytes() -> bytes:
    """Stand in for ``bytes``, by which pickle writes the content of an empty array."""
    return b''


def allowed_globals() -> list:
    """Everything beyond torch's own list that a checkpoint written by MMEngine refers to.

    NumPy's functions are listed under the names of NumPy 1 and of NumPy 2, so that a file
    written with one loads with the other.
    """
    # `__reduce__` is the public way to NumPy's rebuild functions, whose module has moved.
    rebuild = {'_reconstruct': np.empty(0).__reduce__()[0], 'scalar': np.float64(0).__reduce__()[0]}
    return [
        *_METHODS,
        (stored_method, 'builtins.getattr'),
        (empty_bytes, 'builtins.bytes'),
        np.ndarray,
        np.dtype,
        *{type(np.dtype(code)) for code in _DTYPES},
        *(
            (function, f'numpy.{core}.multiarray.{name}')
            for name, function in rebuild.items()
            for core in ('core', '_core')
        ),
    ]


@contextmanager
def _refusing(source: str, path: Path | None = None) -> Iterator[None]:
    """Allow ``allowed_globals`` inside, and turn torch's errors into ones naming the file."""
    try:
        with torch.serialization.safe_globals(allowed_globals()):
            yield
    except Exception as error:
        refused = re.search(r"(?:GLOBAL |<class '|function )([\w.]+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and refused:
            raise pickle.UnpicklingError(
                f'{source} was not loaded: it refers to {refused[1]}, which is neither a weight '
                'nor part of an MMEngine checkpoint and could run code. Nothing was executed. '
                'Use a checkpoint from a source you trust; if you trust this one and the type '
                'is yours, allow it with torch.serialization.add_safe_globals([TYPE]) first.'
            ) from None
        if path is not None and not zipfile.is_zipfile(path):
            raise RuntimeError(
                f'{source} is not a complete checkpoint ({path.stat().st_size} bytes; '
                f'{type(error).__name__}). An interrupted copy or download looks like this: '
                'fetch the file again, or resume from an earlier one.'
            ) from error
        raise


def load_from_local(filename: str, map_location: Any = None) -> dict:
    """Load a checkpoint file; registered for all paths without a scheme.

    Args:
        filename: Path of the checkpoint, ``~`` allowed.
        map_location: As in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        pickle.UnpicklingError: If the file refers to anything not allowed; nothing of it has
            been executed then.
        RuntimeError: If the file is truncated or no checkpoint.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist (absolute: {path.absolute()})')
    with _refusing(str(path), path):
        return torch.load(path, map_location=map_location, weights_only=True)


def load_from_http(filename: str, map_location: Any = None) -> dict:
    """Download a checkpoint into torch's cache, once per job, and load it; for http(s) URLs.

    Raises:
        pickle.UnpicklingError: As in :func:`load_from_local`.
    """
    if get_rank() > 0:
        barrier()
    try:
        with _refusing(filename):
            return torch.hub.load_state_dict_from_url(
                filename, map_location=map_location, weights_only=True
            )
    finally:
        if get_rank() == 0:
            barrier()


def register_safe_loaders() -> None:
    """Make MMEngine load local and http(s) checkpoints through this module.

    Needs torch 2.6, the first with an allow-list that can rename. Older versions keep
    MMEngine's own loaders, which work there but execute whatever a pickle asks for.
    """
    if digit_version(torch.__version__) < digit_version('2.6.0'):
        return
    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)
    CheckpointLoader.register_scheme(
        prefixes=['http://', 'https://'], loader=load_from_http, force=True
    )
