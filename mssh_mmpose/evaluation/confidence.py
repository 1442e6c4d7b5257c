"""How well low scores show that a box does not hold one whole person."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..structures import Person, few_joints_found
from .labelled import Labelled, points_box

GOOD = 'whole person'
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 15))
_LOWER = ('knee', 'ankle')
_NECKS = ('neck', 'upper_neck')
_LEAST_SIDE = 24  # pixels of a box of background


def good_and_wrong_boxes(person: Labelled, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return boxes (4,) by their content.

    They are: the whole person; the box moved by its width or height; the largest strip of the
    picture next to the person, which is background if the picture shows no one else; the head; and
    the upper half, down to the hips. Boxes for which a picture has no room, and those without an
    area, are left out.
    """
    height, width = person.image.shape[:2]
    if not person.points:
        return {}
    good = points_box(person.points.values())
    if not _has_area(good):
        return {}
    x1, y1, x2, y2 = good
    sides = np.array([x2 - x1, y2 - y1] * 2)
    boxes = {GOOD: good}
    beside = [good + sides * np.tile(step, 2) for step in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    inside = [box for box in beside if _overlap(box, width, height) > 0.25]
    if inside:
        boxes['beside the person'] = inside[rng.integers(len(inside))]
    strips = [[0, 0, x1, height], [x2, 0, width, height], [0, 0, width, y1], [0, y2, width, height]]
    strip = np.array(max(strips, key=lambda box: min(box[2] - box[0], box[3] - box[1])))
    if min(strip[2] - strip[0], strip[3] - strip[1]) >= _LEAST_SIDE:
        boxes['background'] = strip
    head = [point for name, point in person.points.items() if name in ('head_top', *_NECKS)]
    if len(head) == 2:
        side = 0.75 * max(np.linalg.norm(head[0] - head[1]), 8)
        middle = (head[0] + head[1]) / 2
        boxes['head'] = np.concatenate([middle - side, middle + side])
    upper = [point for name, point in person.points.items() if not name.endswith(_LOWER)]
    if upper:
        boxes['upper half'] = points_box(upper)
    return {kind: np.asarray(box, np.float32) for kind, box in boxes.items() if _has_area(box)}


def _has_area(box: np.ndarray) -> bool:
    return bool((box[2:] > box[:2]).all())


def _overlap(box: np.ndarray, width: int, height: int) -> float:
    """Return the share of a box that lies in the picture."""
    sides = np.minimum(box[2:], (width, height)) - np.maximum(box[:2], 0)
    return float(np.prod(np.maximum(sides, 0)) / np.prod(box[2:] - box[:2]))


def warning_rates(people: Sequence[Person]) -> list[float]:
    """Return, for each of ``THRESHOLDS``, the share of people who get the few-joints warning."""
    return [np.mean([few_joints_found(p, threshold) for p in people]) for threshold in THRESHOLDS]


def choose_threshold(rates: Sequence[float], max_rate: float) -> float:
    """Return the largest threshold at which at most ``max_rate`` of the people get a warning.

    Args:
        rates: :func:`warning_rates` of people in good boxes.
        max_rate: From 0 to 1.

    >>> choose_threshold([0.0, 0.01, 0.02, 0.5] + 10 * [1.0], 0.02)
    0.15
    """
    return max([0.0, *(at for at, rate in zip(THRESHOLDS, rates) if rate <= max_rate)])


def predict_boxes(
    predict: Callable[[np.ndarray, np.ndarray], list[Person]],
    people: Iterator[Labelled],
    seed: int = 0,
) -> dict[str, list[Person]]:
    """Return a network's predictions in good and wrong boxes of people, by kind."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[Person]] = {}
    for labelled in people:
        boxes = good_and_wrong_boxes(labelled, rng)
        if not boxes:
            continue
        for kind, person in zip(boxes, predict(labelled.image, np.stack(list(boxes.values())))):
            found.setdefault(kind, []).append(person)
    return found
