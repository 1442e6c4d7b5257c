"""One annotated person, in MMPose's form."""

import numpy as np

from ...errors import InputError
from ..flags import Flags, write_flags


def joint_box(keypoints: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Return the tight box around the labelled joints of one person.

    Args:
        keypoints: (K, 2), pixels.
        labelled: (K,), bool.

    Returns:
        (4,): x1, y1, x2, y2 in pixels, float32.

    Raises:
        InputError: If no joint is labelled.

    >>> joint_box(np.array([[1, 5], [4, 2], [9, 9]]), np.array([True, True, False]))
    array([1., 2., 4., 5.], dtype=float32)
    """
    if not labelled.any():
        raise InputError('a person without a labelled joint has no box.')
    points = keypoints[labelled]
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)


def make_instance(
    number: int,
    img_path: str,
    keypoints: np.ndarray,
    labelled: np.ndarray,
    visible: np.ndarray | None,
    box: np.ndarray,
    img_id: int | None = None,
    **extra: object,
) -> dict:
    """Make MMPose's entry for one person.

    Args:
        number: Number of the person, ``id``.
        img_path: Path of the image.
        keypoints: (K, 2), 0-based pixels.
        labelled: (K,), bool.
        visible: (K,), bool, or None where the data set does not say.
        box: (4,): x1, y1, x2, y2 in pixels.
        img_id: Number of the image, the person's if None.
        extra: Other entries.

    Returns:
        An entry whose ``keypoints_visible`` is (1, K), labelled, or (1, K, 2), labelled and
        visible; see :func:`read_flags`.

    Raises:
        InputError: If the box has no area.

    >>> points, flags = np.array([[1., 2.], [5., 8.]]), np.array([True, True])
    >>> person = make_instance(7, 'im0007.jpg', points, flags, flags, np.array([1., 2., 5., 8.]))
    >>> person['keypoints_visible'].shape, person['area'], person['num_keypoints']
    ((1, 2, 2), array(24., dtype=float32), 2)
    """
    x1, y1, x2, y2 = box
    if not (x1 < x2 and y1 < y2):
        raise InputError(
            f'{img_path}: the box {tuple(map(float, box))} of person {number} has no area, and '
            'MMPose would leave the person out. One labelled joint alone needs a box of its own.'
        )
    return dict(
        id=number,
        img_id=number if img_id is None else img_id,
        img_path=img_path,
        category_id=1,
        bbox=np.array([box], dtype=np.float32),
        bbox_score=np.ones(1, dtype=np.float32),
        area=np.array((x2 - x1) * (y2 - y1), dtype=np.float32),
        num_keypoints=int(labelled.sum()),
        keypoints=keypoints[None].astype(np.float32),
        keypoints_visible=write_flags(Flags(labelled, visible))[None],
        **extra,
    )
