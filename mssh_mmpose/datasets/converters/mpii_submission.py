"""Predictions for MPII's test set in the form that the benchmark asks for."""

from typing import Dict, Sequence, Tuple

import numpy as np

from .mpii import MpiiRelease


def submission(
    release: MpiiRelease, entries: Sequence[dict], predictions: Dict[int, np.ndarray]
) -> np.ndarray:
    """Make the benchmark's ``pred``, a struct array over all test images in the file's order.

    ``pred(i).annorect(j).annopoints.point(k)`` has ``x``, ``y`` (1-based pixels) and ``id``; j is
    the number of the person in the official file. People without a prediction are empty.

    Args:
        release: The official file.
        entries: ``mpii_test.json`` of ``tools/convert_mpii.py``.
        predictions: (16, 2), 0-based pixels, by the place of the person in ``entries``.

    Raises:
        ValueError: If predictions are of people who are not there, are not finite, or if a person
            whom the benchmark scores has none.
    """
    by_person: Dict[Tuple[int, int], np.ndarray] = {}
    for number, keypoints in predictions.items():
        if not 0 <= number < len(entries):
            raise ValueError(
                f'prediction of person {number}, but the annotations have {len(entries)} people.'
            )
        entry = entries[number]
        if keypoints.shape != (16, 2) or not np.isfinite(keypoints).all():
            raise ValueError(
                f'person {number} ({entry["image"]}): expected 16 finite (x, y), got shape '
                f'{keypoints.shape} with {np.count_nonzero(~np.isfinite(keypoints))} others.'
            )
        by_person[entry['image_index'], entry['person']] = keypoints
    _check_complete(release, by_person)
    last = {}
    for image_index, person in by_person:
        last[image_index] = max(last.get(image_index, 0), person)
    indices = np.flatnonzero(~release.train) + 1
    pred = np.empty((1, len(indices)), dtype=[('annorect', object)])
    for column, image_index in enumerate(indices):
        rects = np.empty((1, last.get(image_index, 0)), dtype=[('annopoints', object)])
        for person in range(1, rects.size + 1):
            rects[0, person - 1]['annopoints'] = _annopoints(by_person.get((image_index, person)))
        pred[0, column]['annorect'] = rects
    return pred


def _annopoints(keypoints: np.ndarray) -> object:
    if keypoints is None:
        return np.zeros((0, 0))
    points = np.empty((1, len(keypoints)), dtype=[(name, object) for name in ('x', 'y', 'id')])
    for k, (x, y) in enumerate(keypoints):
        points[0, k] = (float(x) + 1, float(y) + 1, k)
    return dict(point=points)


def _check_complete(release: MpiiRelease, found: Dict[Tuple[int, int], np.ndarray]) -> None:
    scored = [person for person in release.people if person.single_person and not person.train]
    missing = [person for person in scored if (person.image_index, person.person) not in found]
    if missing:
        first = missing[0]
        raise ValueError(
            f'{len(missing)} of the {len(scored)} people whom the benchmark scores have no '
            f'prediction, such as person {first.person} of {first.image}.'
        )
    known = {(person.image_index, person.person) for person in release.people if not person.train}
    strangers = set(found) - known
    if strangers:
        raise ValueError(
            f'{len(strangers)} predictions are of nobody in the test images, such as person '
            f'{min(strangers)[1]} of image {min(strangers)[0]}: the JSON is of another file.'
        )
