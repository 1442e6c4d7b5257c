"""MATLAB files."""

import os.path as osp
import zlib

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from ...errors import InputError

_UNREADABLE = (
    OSError, ValueError, TypeError, IndexError, NotImplementedError, MatReadError, zlib.error
)  # fmt: skip


def read_mat(path: str, **options: object) -> dict[str, np.ndarray]:
    """Read a MATLAB file.

    Args:
        path: The file.
        options: Those of ``scipy.io.loadmat``.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is truncated, or not a MATLAB file.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path} is missing.')
    try:
        return loadmat(path, **options)
    except _UNREADABLE as error:
        raise InputError(f'{path} is not a whole MATLAB file: {error}') from error
