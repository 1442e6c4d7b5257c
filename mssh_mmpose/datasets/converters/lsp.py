"""Leeds Sports Pose and its extended training set: the arrays of the official files.

The two files have different axes and opposite flags. Only this module knows the difference.
"""

from pathlib import Path

import numpy as np

from ...errors import InputError
from ..lsp_meta import LSP_JOINTS
from .mat import read_mat

NUM_IMAGES = 2000
SPLITS = {'train': range(1, 1001), 'test': range(1001, 2001)}
"""Official split of LSP: numbers of the images ``im%04d.jpg``."""

NUM_EXTENDED = 10000
"""Images ``im%05d.jpg`` of LSPET."""

_SHAPES = {
    'LSP': (3, len(LSP_JOINTS), NUM_IMAGES),
    'LSPET': (len(LSP_JOINTS), 3, NUM_EXTENDED),
}


def read_lsp_joints(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Read ``joints.mat`` of LSP, (3, 14, 2000): x, y and a flag that is 1 for *occluded*.

    Occluded joints have coordinates, too.

    Returns:
        Coordinates (N, 14, 2) in pixels, as in the file, and ``occluded`` (N, 14), for the images
        in the order of their numbers.

    Raises:
        InputError: If the array does not have LSP's shape or flags.
    """
    joints = _load(path, 'LSP')
    _check_flags(path, joints[2], 'occluded', 'LSP')
    return joints[:2].transpose(2, 1, 0).astype(np.float32), joints[2].T == 1


def read_lspet_joints(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Read ``joints.mat`` of LSPET, (14, 3, 10000): x, y and a flag that is 1 for *labelled*.

    The coordinates of unlabelled joints are meaningless and become 0.

    Returns:
        Coordinates (N, 14, 2) in pixels, as in the file, and ``labelled`` (N, 14), for the images
        in the order of their numbers.

    Raises:
        InputError: If the array does not have LSPET's shape or flags.
    """
    joints = _load(path, 'LSPET')
    _check_flags(path, 1 - joints[:, 2], 'unlabelled', 'LSPET')
    labelled = joints[:, 2].T == 1
    keypoints = joints[:, :2].transpose(2, 0, 1)
    return np.where(labelled[..., None], keypoints, 0).astype(np.float32), labelled


def read_numbers(path: str, largest: int) -> np.ndarray:
    """Read numbers of images, one per line; lines that start with # are comments.

    Returns:
        (N,), int, increasing.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If a line is no number from 1 to ``largest``, or a number comes twice.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path} is missing; expected a file of image numbers.')
    lines = Path(path).read_text(encoding='utf-8', errors='replace').splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.startswith('#')]
    for line in lines:
        if not line.isascii() or not line.isdigit() or not 1 <= int(line[:9]) <= largest:
            raise InputError(f'{path}: expected image numbers from 1 to {largest}, got {line!r}.')
    numbers = np.unique(np.array(lines, dtype=int))
    if len(numbers) < len(lines):
        raise InputError(f'{path}: {len(lines) - len(numbers)} image numbers come twice.')
    return numbers


def _load(path: str, name: str) -> np.ndarray:
    joints = read_mat(path).get('joints')
    expected = _SHAPES[name]
    if joints is None or joints.shape != expected:
        found = "no array 'joints'" if joints is None else f'an array of shape {joints.shape}'
        other = [other for other, shape in _SHAPES.items() if shape == np.shape(joints)]
        hint = f', which is the file of {other[0]}' if other else ''
        raise InputError(
            f'{path}: expected joints of shape {expected} for {name}, got {found}{hint}.'
        )
    return joints


def _check_flags(path: str, flags: np.ndarray, meaning: str, name: str) -> None:
    """Refuse the flags of the other set, with which most joints would be ``meaning``."""
    if not np.isin(flags, (0, 1)).all():
        raise InputError(f'{path}: expected flags of 0 and 1, got {np.unique(flags)[:5]}.')
    share = flags.mean()
    if share > 0.5:
        raise InputError(
            f'{path}: {100 * share:.0f} % of the joints would be {meaning}, in {name} it is about '
            '10 %: these flags have the opposite meaning. LSP marks occluded joints with 1, LSPET '
            'labelled ones.'
        )
