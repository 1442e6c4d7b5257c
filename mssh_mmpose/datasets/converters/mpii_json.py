"""MPII in MMPose's JSON; all coordinates are returned 0-based."""

from typing import NamedTuple

import numpy as np

from ...errors import InputError
from ...files import read_json
from ..mpii_meta import MPII_JOINTS

PIXEL_STD = 200.0
"""MPII's ``scale`` is the person's height in units of 200 pixels."""

# The annotated centre is too high for the legs; all MPII code moves it down by this, times scale.
CENTER_SHIFT = 15.0


class MpiiPeople(NamedTuple):
    """What the file says about N people.

    Attributes:
        images: N file names.
        keypoints: (N, 16, 2), pixels, the middle of the first pixel is (0, 0).
        labelled: (N, 16), bool.
        visible: (N, 16), bool, or None if the file does not say which joints are occluded.
        places: (N,), their places in the file, from 0; some are missing after ``leave_out``.
        count: Number of people in the file.
        boxes: (N, 4): x1, y1, x2, y2 of the square given by centre and scale, pixels, 0-based.
    """

    images: list[str]
    keypoints: np.ndarray
    labelled: np.ndarray
    visible: np.ndarray | None
    places: np.ndarray
    count: int
    boxes: np.ndarray


def read_mpii_json(path: str, leave_out: str | None = None) -> MpiiPeople:
    """Read a JSON of ``tools/convert_mpii.py``, or one of MMPose's without occlusion.

    The coordinates of joints without a label become 0.

    Args:
        path: The file.
        leave_out: Name of an entry, true for people to leave out.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is not such a file; the first person that does not fit is named.
    """
    people = read_people(path)
    count = len(people)
    places = np.arange(count)
    if leave_out is not None:
        if not any(leave_out in person for person in people):
            raise InputError(f'{path}: no person has the entry {leave_out!r} of leave_out.')
        places = np.array([n for n in places if not people[n].get(leave_out)], dtype=int)
        people = [people[n] for n in places]
        if not people:
            raise InputError(f'{path}: leave_out={leave_out!r} leaves nobody.')
    images = [person['image'] for person in people]
    named = dict(zip(places.tolist(), people))
    joints = _stack(path, named, 'joints', (len(MPII_JOINTS), 2))
    labelled = _flags(path, named, 'joints_vis') > 0
    visible = None
    if any('joints_occluded' in person for person in people):
        visible = _flags(path, named, 'joints_occluded') == 0
    return MpiiPeople(
        images=images,
        keypoints=np.where(labelled[..., None], joints - 1, 0),
        labelled=labelled,
        visible=visible,
        places=places,
        count=count,
        boxes=_boxes(_stack(path, named, 'center', (2,)), _stack(path, named, 'scale', ())),
    )


def read_people(path: str) -> list[dict]:
    """Return the people of the file, all of whom have an image.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is not such a file.
    """
    people = read_json(path)
    if not isinstance(people, list) or not people:
        raise InputError(f'{path}: expected a list of people, got {str(people)[:40]}.')
    for number, person in enumerate(people):
        if not isinstance(person, dict):
            raise InputError(f'{path}: person {number} is {str(person)[:40]}, expected entries.')
        if not isinstance(person.get('image'), str):
            raise InputError(
                f'{path}: person {number}: expected the name of a file for image, got '
                f'{str(person.get("image"))[:40]}.'
            )
    return people


def _stack(path: str, people: dict[int, dict], key: str, shape: tuple) -> np.ndarray:
    """Return an entry of all people, by their place in the file, as an array (N, *shape)."""
    for number, person in people.items():
        try:
            found = np.asarray(person[key], dtype=float).shape
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(
                f'{path}: person {number} ({person.get("image")}): no numbers for {key!r}: {error}'
            ) from error
        if found != shape:
            raise InputError(
                f'{path}: person {number} ({person.get("image")}): expected {key!r} of shape '
                f'{shape}, got {found}.'
            )
    return np.array([person[key] for person in people.values()], dtype=float)


def _flags(path: str, people: dict[int, dict], key: str) -> np.ndarray:
    """Flags of all joints of all people, (N, 16)."""
    flags = _stack(path, people, key, (len(MPII_JOINTS),))
    for index in np.flatnonzero(~np.isfinite(flags).all(axis=1)):
        number = list(people)[index]
        raise InputError(
            f'{path}: person {number} ({people[number]["image"]}): nan or inf in {key!r}.'
        )
    return flags


def _boxes(centers: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Squares (N, 4) of the annotated centre (N, 2), 1-based, and scale (N,).

    >>> _boxes(np.array([[101.0, 201.0]]), np.array([2.0]))
    array([[-100.,   30.,  300.,  430.]])
    """
    centers = centers - 1 + np.stack([np.zeros_like(scales), CENTER_SHIFT * scales], axis=1)
    half = PIXEL_STD / 2 * scales[:, None]
    return np.concatenate([centers - half, centers + half], axis=1)
