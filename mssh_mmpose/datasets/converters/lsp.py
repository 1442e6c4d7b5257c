"""Leeds Sports Pose: the arrays of the official file."""

from typing import Tuple

import numpy as np
from scipy.io import loadmat

from ..body.lsp_meta import LSP_JOINTS

NUM_IMAGES = 2000
SPLITS = {'train': range(1, 1001), 'test': range(1001, 2001)}
"""Official split: numbers of the images ``im%04d.jpg``."""


def read_lsp_joints(path: str) -> Tuple[np.ndarray, np.ndarray]:
    """Read ``joints.mat`` of LSP.

    The flag of LSP is 1 for *occluded*, and coordinates are given for all joints either way. (The
    extended set, LSPET, has other axes and the opposite flag.)

    Args:
        path: The official ``joints.mat``.

    Returns:
        Coordinates (N, 14, 2) in pixels, as in the file, and ``occluded`` (N, 14), for the images
        in the order of their numbers.

    Raises:
        ValueError: If the array does not have LSP's shape.
    """
    joints = loadmat(path).get('joints')
    expected = (3, len(LSP_JOINTS), NUM_IMAGES)
    if joints is None or joints.shape != expected:
        found = "no array 'joints'" if joints is None else f'an array of shape {joints.shape}'
        raise ValueError(f'{path}: expected joints of shape {expected} (x, y, flag), got {found}.')
    keypoints = joints[:2].transpose(2, 1, 0).astype(np.float32)
    return keypoints, joints[2].T.astype(bool)
