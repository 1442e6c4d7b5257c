"""What a pickle may refer to: the one allow-list, for checkpoints and for saved predictions."""

import codecs
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler

_DTYPES = list('?bhilqBHILQefdFDUS')
_METHODS = {
    HistoryBuffer: ('min', 'max', 'current', 'mean'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


def array_globals() -> dict[str, Any]:
    """Return what pickled NumPy arrays and numbers refer to, under NumPy 1's and 2's names.

    A file written with one loads with the other.
    """
    # `__reduce_ex__` is the public way to NumPy's rebuild functions, whose modules have moved. What
    # is rebuilt from the bytes of protocol 5, Python 3.14's default, cannot be objects.
    array, number = np.empty(1), np.float64(0)
    rebuild = {
        'multiarray._reconstruct': array.__reduce_ex__(4)[0],
        'multiarray.scalar': number.__reduce_ex__(4)[0],
        'numeric._frombuffer': array.__reduce_ex__(5)[0],
    }
    return {
        'numpy.ndarray': np.ndarray,
        'numpy.dtype': np.dtype,
        '_codecs.encode': codecs.encode,
        **{
            f'numpy.{core}.{name}': function
            for name, function in rebuild.items()
            for core in ('core', '_core')
        },
    }


def checkpoint_globals() -> list:
    """Return what a checkpoint of MMEngine refers to beyond torch's own list, as torch wants it."""
    return [
        *_METHODS,
        (stored_method, 'builtins.getattr'),
        (empty_bytes, 'builtins.bytes'),
        *((value, name) for name, value in array_globals().items()),
        *{type(np.dtype(code)) for code in _DTYPES},
    ]


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


class ArrayUnpickler(pickle.Unpickler):
    """Reads NumPy arrays and Python's plain types; anything else could run code."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return array_globals()[f'{module}.{name}']
        except KeyError:
            raise pickle.UnpicklingError(
                f'it holds {module}.{name}, which could run code'
            ) from None
