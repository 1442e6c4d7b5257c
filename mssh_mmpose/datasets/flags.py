"""MMPose's ``keypoints_visible`` in this package: labelled and, if known, visible."""

from typing import NamedTuple

import numpy as np

from ..errors import InputError


class Flags(NamedTuple):
    """Which of one person's joints are labelled (K,), and which of them are visible (K,), bool.

    ``visible`` is None where the data set does not say which joints are occluded.
    """

    labelled: np.ndarray
    visible: np.ndarray | None

    @property
    def occluded(self) -> np.ndarray:
        """(K,), bool: labelled and known to be hidden."""
        if self.visible is None:
            return np.zeros_like(self.labelled)
        return self.labelled & ~self.visible


def write_flags(flags: Flags) -> np.ndarray:
    """Return (K,) or, if visibility is known, (K, 2), float32: labelled and visible.

    They are one array, so that a flip of the image exchanges both.

    >>> write_flags(Flags(np.array([True, True]), np.array([True, False]))).tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    labelled, visible = flags
    stacked = labelled if visible is None else np.stack([labelled, visible], axis=-1)
    return stacked.astype(np.float32)


def read_flags(keypoints_visible: np.ndarray) -> Flags:
    """Read the flags of one person, (K,) or (K, 2), as :func:`write_flags` writes them.

    Raises:
        InputError: If the array has another shape.

    >>> read_flags(np.array([[1.0, 0.0], [0.0, 0.0]])).occluded.tolist()
    [True, False]
    """
    values = np.asarray(keypoints_visible) > 0
    if values.ndim == 1:
        return Flags(values, None)
    if values.ndim == 2 and values.shape[1] in (1, 2):
        return Flags(values[:, 0], values[:, 1] if values.shape[1] == 2 else None)
    raise InputError(
        'expected keypoints_visible of one person: (K,), labelled, or (K, 2), labelled and '
        f'visible; got shape {values.shape}.'
    )
