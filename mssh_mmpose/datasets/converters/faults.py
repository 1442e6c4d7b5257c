"""Faults of annotations, reported all at once and before any training."""

import os
from collections.abc import Iterator, Sequence

import numpy as np

from ...errors import InputError
from ...pictures import MAX_COORDINATE

_SHOWN = 10


def raise_all(source: str, problems: Sequence[str]) -> None:
    """Raise InputError with the first problems and the number of the others, if there are any."""
    if not problems:
        return
    lines = [f'{source}: {len(problems)} faulty annotations:', *problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f'... and {len(problems) - _SHOWN} more.')
    raise InputError('\n  '.join(lines))


def joint_problems(
    keypoints: np.ndarray,
    labelled: np.ndarray,
    joints: Sequence[str],
    people: Sequence[str],
    boxes: np.ndarray | None = None,
) -> Iterator[str]:
    """Describe labelled joints that are at no place of a picture, and people without a crop.

    Args:
        keypoints: (N, K, 2), pixels.
        labelled: (N, K), bool.
        joints: K names.
        people: N names, such as their image.
        boxes: (N, 4), pixels: how people are located; by default the box around their joints.

    >>> points = np.array([[[1.0, 2.0], [np.nan, 3.0]], [[4.0, 4.0], [4.0, 4.0]]])
    >>> labels = np.ones((2, 2), bool)
    >>> for problem in joint_problems(points, labels, ['knee', 'hip'], ['a.jpg', 'b.jpg']):
    ...     print(problem)
    a.jpg: hip is at (nan, 3)
    b.jpg: the box around its 2 labelled joints has no area, no crop
    """
    yield from misplaced_joints(keypoints, labelled, joints, people)
    if boxes is None:
        yield from _small_people(keypoints, labelled, people)
        return
    sized = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    placed = _placed(boxes)
    for n in np.flatnonzero(~sized | ~placed):
        problem = 'cannot be in a picture' if not placed[n] else 'has no size'
        yield f'{people[n]}: the box {boxes[n].tolist()} (x1, y1, x2, y2) {problem}'


def misplaced_joints(
    keypoints: np.ndarray, labelled: np.ndarray, joints: Sequence[str], people: Sequence[str]
) -> Iterator[str]:
    """Describe labelled joints that are at no place of a picture; see :func:`joint_problems`."""
    for n, k in np.argwhere(labelled & ~_placed(keypoints)):
        x, y = keypoints[n, k]
        yield f'{people[n]}: {joints[k]} is at ({x:g}, {y:g})'


def _placed(points: np.ndarray) -> np.ndarray:
    """Whether the coordinates (..., 2 or 4) can be in a picture: (...,), bool; nan cannot."""
    return (np.abs(points) <= MAX_COORDINATE).all(axis=-1)


def _small_people(
    keypoints: np.ndarray, labelled: np.ndarray, people: Sequence[str]
) -> Iterator[str]:
    faulty = (labelled & ~_placed(keypoints)).any(axis=1)
    low = np.where(labelled[..., None], keypoints, np.inf).min(axis=1)
    high = np.where(labelled[..., None], keypoints, -np.inf).max(axis=1)
    for n in np.flatnonzero(~(high > low).all(axis=1) & ~faulty):
        count = labelled[n].sum()
        if count:
            yield f'{people[n]}: the box around its {count} labelled joints has no area, no crop'
        else:
            yield f'{people[n]}: no joint is labelled'


def first_of(names: Sequence[str]) -> str:
    """Name the first three.

    >>> first_of(['a', 'b', 'c']), first_of(['a', 'b', 'c', 'd'])
    ('a, b, c', 'a, b, c, ...')
    """
    return ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')


def check_images(folder: str, names: Sequence[str], complete: bool = False) -> None:
    """Check that the annotated images are in the folder.

    Args:
        folder: Folder of the images.
        names: File names of the annotated images.
        complete: Whether there must be no other images of the same kind, hidden files aside.

    Raises:
        FileNotFoundError: If images are missing.
        InputError: If there are others.
    """
    if not os.path.isdir(folder):
        raise FileNotFoundError(f'{folder} is missing: expected a folder of {len(names)} images.')
    found, names = set(os.listdir(folder)), set(names)
    in_subfolders = {n for n in names - found if os.path.isfile(os.path.join(folder, n))}
    missing = sorted(names - found - in_subfolders)
    if missing:
        raise FileNotFoundError(
            f'{folder}: {len(names)} images are annotated, {len(names) - len(missing)} of them are '
            f'there; missing are {first_of(missing)}'
        )
    suffixes = tuple({os.path.splitext(name)[1] for name in names})
    others = []
    if complete:  # macOS adds hidden ._NAME.jpg to its archives
        others = [n for n in found - names if n.endswith(suffixes) and not n.startswith('.')]
    if others:
        raise InputError(
            f'{folder}: {len(names)} images are annotated, {len(names) + len(others)} are there, '
            f'such as {min(others)}, which the annotations do not know.'
        )
