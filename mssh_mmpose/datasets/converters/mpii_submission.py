"""Predictions for MPII's test set in the form that the benchmark asks for.

MPII's instructions for single people start from ``pred = RELEASE.annolist(RELEASE.img_train == 0)``
and set ``pred(i).annorect(j).annopoints.point(k)``, with j from ``RELEASE.single_person``. Its
evaluation walks through all people who have an ``objpos``, in ``pred`` as in the ground truth. So
``pred`` must have the same people, including those without a prediction.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ...errors import InputError
from ..mpii_meta import MPII_JOINTS
from .mpii import MpiiPerson, MpiiRelease

# (number of the image, number of the person), both from 1, as in the official file.
_Person = tuple[int, int]

_EMPTY = np.zeros((0, 0))


def submission(
    release: MpiiRelease, entries: Sequence[dict], predictions: dict[int, np.ndarray]
) -> np.ndarray:
    """Make the benchmark's ``pred``, a struct array over all test images in the file's order.

    ``pred(i).image.name`` and, for each person of the file, ``pred(i).annorect(j)`` with
    ``objpos``, ``scale`` and ``annopoints.point(k)``, which has ``x``, ``y`` (1-based pixels) and
    ``id``, from 0. The ``annopoints`` of people without a prediction are empty.

    Args:
        release: The official file.
        entries: ``mpii_test.json`` of ``tools/convert_mpii.py``.
        predictions: (16, 2), 0-based pixels, by the place of the person in ``entries``.

    Raises:
        InputError: If predictions are for people who are not in the file, are not finite, or are
            missing for a person whom the benchmark scores.
    """
    found = _by_person(entries, predictions)
    _check_complete(release, found)
    people = defaultdict(list)
    for person in release.people:
        people[person.image_index].append(person)
    indices = np.flatnonzero(~release.train) + 1
    pred = np.empty((1, len(indices)), dtype=[('image', object), ('annorect', object)])
    for column, index in enumerate(indices):
        name = release.images[index - 1]
        pred[0, column] = (dict(name=name), _annorect(people[index], found))
    return pred


def _by_person(
    entries: Sequence[dict], predictions: dict[int, np.ndarray]
) -> dict[_Person, np.ndarray]:
    found = {}
    for number, keypoints in predictions.items():
        if not 0 <= number < len(entries):
            raise InputError(
                f'prediction of person {number}, but the annotations have {len(entries)} people.'
            )
        entry = entries[number]
        if keypoints.shape != (len(MPII_JOINTS), 2) or not np.isfinite(keypoints).all():
            raise InputError(
                f'person {number} ({entry["image"]}): expected 16 finite (x, y), got shape '
                f'{keypoints.shape} with {np.count_nonzero(~np.isfinite(keypoints))} others.'
            )
        found[entry['image_index'], entry['person']] = keypoints
    return found


def _annorect(people: Sequence[MpiiPerson], found: dict[_Person, np.ndarray]) -> np.ndarray:
    """Return the people of an image, in the file's order."""
    names = ('objpos', 'scale', 'annopoints')
    rects = np.empty((1, len(people)), dtype=[(name, object) for name in names])
    for column, person in enumerate(people):
        rects[0, column] = (
            _EMPTY if person.center is None else dict(x=person.center[0], y=person.center[1]),
            _EMPTY if person.scale is None else person.scale,
            _annopoints(found.get((person.image_index, person.person))),
        )
    return rects


def _annopoints(keypoints: np.ndarray | None) -> object:
    if keypoints is None:
        return _EMPTY
    points = np.empty((1, len(keypoints)), dtype=[(name, object) for name in ('x', 'y', 'id')])
    for k, (x, y) in enumerate(keypoints):
        points[0, k] = (float(x) + 1, float(y) + 1, k)
    return dict(point=points)


def _check_complete(release: MpiiRelease, found: dict[_Person, np.ndarray]) -> None:
    test = [person for person in release.people if not person.train]
    scored = [person for person in test if person.single_person and person.center is not None]
    missing = [person for person in scored if (person.image_index, person.person) not in found]
    if missing:
        first = missing[0]
        raise InputError(
            f'{len(missing)} of the {len(scored)} people whom the benchmark scores have no '
            f'prediction, such as person {first.person} of {first.image}.'
        )
    strangers = set(found) - {(person.image_index, person.person) for person in test}
    if strangers:
        raise InputError(
            f'{len(strangers)} predictions are of nobody in the test images, such as person '
            f'{min(strangers)[1]} of image {min(strangers)[0]}: the JSON is of another file.'
        )
