"""MPII's official file, ``mpii_human_pose_v1_u12_1.mat``: a nest of MATLAB structs.

``RELEASE.annolist(i)`` is an image with people ``annorect(j)``: head box ``x1 y1 x2 y2``,
``scale``, ``objpos`` and ``annopoints.point(k)`` with ``x y id is_visible``. ``RELEASE.img_train``
tells training from test images, ``RELEASE.single_person{i}`` names the people who stand apart.
A list of one struct is a plain struct, a missing one an empty array, and ``is_visible`` is a
number, a string or empty: :func:`_items` and :func:`_number` hide these differences.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import InputError
from ...pictures import MAX_COORDINATE
from ..mpii_meta import MPII_JOINTS
from .mat import read_mat
from .mpii_json import PIXEL_STD

NUM_JOINTS = len(MPII_JOINTS)


class MpiiPerson(NamedTuple):
    """One ``annorect``.

    Attributes:
        image: File name.
        image_index: Number of the image in ``annolist``, from 1.
        person: Number of the person in ``annorect``, from 1.
        train: Whether it is a training image.
        single_person: Whether the person stands apart from others, whom the benchmark scores.
        joints: (16, 2), pixels, 1-based as in the file; (-1, -1) where there is no label.
        labelled: (16,), bool.
        occluded: (16,), bool: labelled and not visible.
        repeated: How many joints are annotated again; the first is used, as in MPII's toolkit.
        center: (2,), pixels, 1-based, or None.
        scale: Height of the person in units of 200 px, or None.
        headbox: (2, 2): upper left and lower right corner, pixels, 1-based, or None.
    """

    image: str
    image_index: int
    person: int
    train: bool
    single_person: bool
    joints: np.ndarray
    labelled: np.ndarray
    occluded: np.ndarray
    repeated: int
    center: np.ndarray | None
    scale: float | None
    headbox: np.ndarray | None


class MpiiRelease(NamedTuple):
    """The official file: N images, whether each is for training, and all people."""

    images: list[str]
    train: np.ndarray
    people: list[MpiiPerson]


def read_mpii_release(path: str) -> MpiiRelease:
    """Read the official file.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is not MPII's, has no images, or has a number that no picture can have;
            image and person are named.
    """
    release = read_mat(path, struct_as_record=False, squeeze_me=True).get('RELEASE')
    if not all(hasattr(release, name) for name in ('annolist', 'img_train')):
        raise InputError(
            f"{path}: expected MPII's struct RELEASE with annolist and img_train, as in "
            'mpii_human_pose_v1_u12_1.mat.'
        )
    images = _items(release.annolist)
    if not images:
        raise InputError(f'{path}: annolist of RELEASE is empty, expected images.')
    train = np.atleast_1d(release.img_train)
    if len(images) != len(train):
        raise InputError(f'{path}: {len(images)} images, but img_train has {len(train)} entries.')
    single = _single_person(release, path, len(images))
    people = []
    for i, image in enumerate(images):
        name = str(image.image.name)
        numbers = {int(number) for number in np.ravel(single[i])}
        for j, rect in enumerate(_items(getattr(image, 'annorect', ())), 1):
            place = f'{path}: {name}, person {j}'
            people.append(_person(rect, place, name, i + 1, j, bool(train[i]), j in numbers))
    return MpiiRelease([str(image.image.name) for image in images], train == 1, people)


def _single_person(release: Any, path: str, num_images: int) -> list[Any]:
    """Return the numbers of the people who stand apart, for each image."""
    if not hasattr(release, 'single_person'):
        return [()] * num_images
    # The list of a single image is not in a list of images: squeezing took that away.
    found = release.single_person
    lists = [found] if num_images == 1 else list(np.atleast_1d(found))
    if len(lists) != num_images:
        raise InputError(f'{path}: {num_images} images, single_person of {len(lists)}.')
    return lists


def _person(
    rect: Any, place: str, image: str, image_index: int, person: int, train: bool, single: bool
) -> MpiiPerson:
    joints, labelled, occluded, repeated = _points(rect, place)
    center = [_number(getattr(_first(rect, 'objpos'), axis, None), place) for axis in 'xy']
    corners = [_number(getattr(rect, name, None), place) for name in ('x1', 'y1', 'x2', 'y2')]
    return MpiiPerson(
        image=image,
        image_index=image_index,
        person=person,
        train=train,
        single_person=single,
        joints=joints,
        labelled=labelled,
        occluded=occluded,
        repeated=repeated,
        center=None if None in center else np.array(center),
        scale=_number(getattr(rect, 'scale', None), f'{place}, scale', MAX_COORDINATE / PIXEL_STD),
        headbox=None if None in corners else np.reshape(corners, (2, 2)),
    )


def _points(rect: Any, place: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return joints (16, 2), labelled (16,), occluded (16,) and the number of repeated joints."""
    joints = np.full((NUM_JOINTS, 2), -1.0)
    labelled, occluded = np.zeros((2, NUM_JOINTS), dtype=bool)
    repeated = 0
    for point in _items(getattr(_first(rect, 'annopoints'), 'point', ())):
        k = _number(point.id, place)
        x, y = _number(point.x, place), _number(point.y, place)
        if k not in range(NUM_JOINTS) or None in (x, y):
            raise InputError(
                f'{place}: expected joints of id 0-15 with x and y, got id {k} at ({x}, {y}).'
            )
        if labelled[int(k)]:
            repeated += 1
            continue
        visible = _number(getattr(point, 'is_visible', None), place)
        joints[int(k)] = x, y
        labelled[int(k)] = True
        # The head's two points carry no flag: they count as visible.
        occluded[int(k)] = visible == 0
    return joints, labelled, occluded, repeated


def _items(value: Any) -> Sequence[Any]:
    """Return the structs of an array, of a single struct, or of an empty array."""
    items = list(np.ravel(np.asarray(value, dtype=object)))
    return [item for item in items if hasattr(item, '_fieldnames')]


def _first(struct: Any, name: str) -> Any:
    """Return a nested struct, or None."""
    return next(iter(_items(getattr(struct, name, ()))), None)


def _number(value: Any, place: str, most: float = MAX_COORDINATE) -> float | None:
    """Return the number in a value: a number, a string of one, or empty (None).

    >>> _number('1', ''), _number(0, ''), _number(np.zeros((0, 0)), ''), _number('', '')
    (1.0, 0.0, None, None)
    """
    value = np.ravel(np.asarray(value))
    if value.size == 0 or value[0] is None or str(value[0]).strip() == '':
        return None
    try:
        number = float(value[0])
    except (TypeError, ValueError) as error:
        raise InputError(f'{place}: expected a number, got {str(value[0])!r}.') from error
    if not abs(number) <= most:  # nan is refused too
        raise InputError(f'{place}: expected a number of at most {most:g}, got {number:g}.')
    return number
