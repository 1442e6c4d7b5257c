"""Accuracy where a picture does not show one whole person: portraits, cut-off and crowded people.

The pictures are made from those of upright people whose joints are all labelled, so the same joints
can be scored with and without the change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ..datasets.lsp_meta import LSP_AMONG_MPII, LSP_JOINTS
from ..datasets.mpii_meta import MPII_JOINTS
from ..errors import InputError
from ..structures import Person, few_joints_found
from .comparison import LIMB_JOINTS, torso_angles
from .labelled import Labelled, points_box
from .pck import NEAR, distances, relative_errors

UPRIGHT = 30  # degrees between torso and vertical
CUTS = {'cut below the knees': 'knee', 'cut below the hips': 'hip', 'portrait': 'shoulder'}
CROWDED = 'another person over a quarter of the box'
COVERED = 0.25  # of the box's width


@dataclass(frozen=True)
class View:
    """A changed picture of a person.

    Attributes:
        image: (H, W, 3), uint8, BGR.
        box: Around the joints that it shows, (4,), pixels.
        joints: Their names.
    """

    image: np.ndarray
    box: np.ndarray
    joints: list[str]


@dataclass(frozen=True)
class ViewScores:
    """Scores of one kind of view.

    Attributes:
        people: Number of people.
        correct: PCK@0.2 of the joints that the view shows, in percent.
        correct_whole: PCK@0.2 of the same joints in the unchanged picture.
        warned: Percentage of people with few joints found.
    """

    people: int
    correct: float
    correct_whole: float
    warned: float


def is_upright(person: Labelled) -> bool:
    """Whether LSP's joints are all labelled, and the torso is within 30 degrees of the vertical."""
    if any(name not in person.points for name in (*LIMB_JOINTS, 'head_top', 'neck')):
        return False
    limbs = np.array([[person.points[name] for name in LIMB_JOINTS]])
    return bool(torso_angles(limbs)[0] < UPRIGHT)


def partial_views(person: Labelled, neighbour: Labelled) -> dict[str, View]:
    """Make changed pictures of an upright person, by their kind.

    A cut picture ends right below the lower knee or hip; a portrait ends below the shoulders, by
    the length of the head. In the crowded one another person, as large and in front, covers a
    quarter of the box from the right. Views that show fewer than two joints are left out.
    """
    views = {}
    head = np.linalg.norm(person.points['head_top'] - person.points['neck'])
    for kind, part in CUTS.items():
        lowest = max(person.points[f'{side}_{part}'][1] for side in ('left', 'right'))
        row = int(np.ceil(lowest + (head if part == 'shoulder' else 2)))
        image = person.image[: max(row, 1)]
        joints = _shown(person, image)
        if joints:
            box = points_box([person.points[name] for name in joints])
            views[kind] = View(image, box, joints)
    views[CROWDED] = _crowded(person, neighbour)
    return {kind: view for kind, view in views.items() if len(view.joints) > 1}


def _shown(person: Labelled, image: np.ndarray, right: float = np.inf) -> list[str]:
    """Return the names of the joints inside an image, left of ``right``."""
    height, width = image.shape[:2]
    return [
        name
        for name, (x, y) in person.points.items()
        if 0 <= x < min(width, right) and 0 <= y < height
    ]


def _crowded(person: Labelled, neighbour: Labelled) -> View:
    box, other = points_box(person.points.values()), points_box(neighbour.points.values())
    scale = (box[3] - box[1]) / (other[3] - other[1])
    x1, y1, x2, y2 = (max(round(float(v)), 0) for v in other)
    pasted = cv2.resize(neighbour.image[y1:y2, x1:x2], None, fx=scale, fy=scale)
    left, top = round(float(box[2] - COVERED * (box[2] - box[0]))), max(round(float(box[1])), 0)
    pasted = pasted[: max(person.image.shape[0] - top, 0)]
    missing = max(left + pasted.shape[1] - person.image.shape[1], 0)
    image = cv2.copyMakeBorder(person.image, 0, 0, 0, missing, cv2.BORDER_REPLICATE)
    image[top : top + pasted.shape[0], left : left + pasted.shape[1]] = pasted
    return View(image, box, _shown(person, image, left))  # a detector would find the whole person


def score_views(
    predict: Callable[[np.ndarray, np.ndarray], list[Person]],
    joints: list[str],
    people: Iterator[Labelled],
) -> dict[str, ViewScores]:
    """Score a network in changed pictures of the upright people among some.

    Args:
        predict: From an image and boxes (N, 4) to its people.
        joints: Names of the network's joints; MPII's upper neck is LSP's neck.
        people: The first is the neighbour of the second, and so on.

    Raises:
        InputError: If there are no two upright people, or the network has none of LSP's joints.
    """
    found: dict[str, list] = {}
    before = None
    if set(joints) == set(MPII_JOINTS):
        joints = [LSP_AMONG_MPII[MPII_JOINTS.index(name)] for name in joints]
    if not set(joints) & set(LSP_JOINTS):
        raise InputError(f'the network has none of the joints of LSP: {", ".join(joints)}.')
    for person in filter(is_upright, people):
        neighbour, before = before, person
        if neighbour is None:
            continue
        (unchanged,) = predict(person.image, points_box(person.points.values())[None])
        reference = _right(person, unchanged, joints)
        for kind, view in partial_views(person, neighbour).items():
            (changed,) = predict(view.image, view.box[None])
            right = _right(person, changed, joints)
            pairs = [(right[name], reference[name]) for name in view.joints if name in right]
            found.setdefault(kind, []).append((pairs, few_joints_found(changed)))
    if not found:
        raise InputError('not two of the people are upright: name a larger --count.')
    return {kind: _scores(rows) for kind, rows in found.items()}


def _scores(rows: list[tuple[list[tuple[bool, bool]], bool]]) -> ViewScores:
    pairs = np.array([pair for of_person, _ in rows for pair in of_person])
    return ViewScores(
        people=len(rows),
        correct=100 * float(pairs[:, 0].mean()),
        correct_whole=100 * float(pairs[:, 1].mean()),
        warned=100 * float(np.mean([warned for _, warned in rows])),
    )


def _right(person: Labelled, found: Person, joints: list[str]) -> dict[str, bool]:
    """Whether each labelled joint is within 0.2 of |left hip - right shoulder| (eq. 7)."""
    points = person.points
    common = [name for name in joints if name in points]
    pred = found.keypoints[[joints.index(name) for name in common]]
    torso = distances(points['left_hip'], points['right_shoulder'])
    target = np.array([points[name] for name in common])
    errors = relative_errors(pred[None], target[None], torso[None])[0]
    return dict(zip(common, (errors <= NEAR).tolist()))
