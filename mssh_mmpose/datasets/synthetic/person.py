"""The look of a synthetic person: build, clothes and head, as shaded parts that get drawn."""

from typing import NamedTuple

import cv2
import numpy as np

from ..mpii_meta import MPII_INDEX, MPII_JOINTS
from .body import Skeleton, pose_skeleton, sample_angles, sample_bones

_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 20, endpoint=False)) for f in (np.cos, np.sin)], 1)


class Part(NamedTuple):
    """The convex hull of n balls, in body heights.

    Attributes:
        points: (n, 3) centres, pelvis at the origin, z away from the camera.
        radii: (n,).
        colour: (3,) BGR, 0 to 255.
    """

    points: np.ndarray
    radii: np.ndarray
    colour: np.ndarray


class Person(NamedTuple):
    """A posed body with its bone lengths, and what it wears by name (colours, flags, girth)."""

    skeleton: Skeleton
    bones: dict[str, float]
    looks: dict


def random_colour(
    rng: np.random.Generator,
    saturation: tuple[float, float] = (0, 0.85),
    value: tuple[float, float] = (0.15, 0.95),
) -> np.ndarray:
    """A random BGR colour (3,), 0 to 255; saturation and value are ranges within 0 to 1.

    >>> random_colour(np.random.default_rng(0), saturation=(0, 0), value=(1, 1))
    array([255., 255., 255.])
    """
    hsv = [rng.uniform(0, 180), 255 * rng.uniform(*saturation), 255 * rng.uniform(*value)]
    return cv2.cvtColor(np.uint8([[hsv]]), cv2.COLOR_HSV2BGR)[0, 0].astype(float)


def sample_person(rng: np.random.Generator) -> Person:
    """Draw a pose, a build and clothes.

    >>> sample_person(np.random.default_rng(0)).skeleton.joints.shape
    (16, 3)
    """
    bones = sample_bones(rng)
    pale, dark = np.array([185.0, 205, 240]), np.array([45.0, 65, 105])
    skin = pale + rng.beta(1, 1.5) * (dark - pale)
    looks = dict(
        skin=skin,
        girth=rng.uniform(0.85, 1.2),
        shirt=random_colour(rng),
        shirt_mark=random_colour(rng),
        trousers=random_colour(rng, (0, 0.7), (0.1, 0.8)),
        shoes=random_colour(rng, (0, 0.5), (0.1, 0.95)),
        hair=random_colour(rng, (0.2, 0.7), (0.05, 0.6)),
        sleeves=rng.choice(['none', 'short', 'long'], p=[0.15, 0.45, 0.4]),
        shorts=rng.random() < 0.3,
        stripes=rng.random() < 0.2,
        long_hair=rng.random() < 0.3,
    )
    return Person(pose_skeleton(sample_angles(rng), bones), bones, looks)


def _part(points: list[np.ndarray], radii: list[float], colour: np.ndarray) -> Part:
    return Part(np.stack(points), np.asarray(radii, float), colour)


def _head_parts(person: Person) -> list[Part]:
    """Head in drawing order; face before hair when the body looks away from the camera."""
    skeleton, looks, size = person.skeleton, person.looks, person.bones['head']
    frame, neck = skeleton.frames['head'], skeleton.joints[MPII_INDEX['upper_neck']]

    def at(left: float, up: float, front: float) -> np.ndarray:
        return neck + size * (frame @ [left, -up, -front])

    def ball(points: list, radii: list, colour: np.ndarray) -> Part:
        return _part([at(*point) for point in points], size * np.array(radii), colour)

    skin, hair = looks['skin'], looks['hair']
    hair_balls = [(0, 0.62, -0.08), (0, 0.5, -0.16)] + [(0, 0.05, -0.26)] * looks['long_hair']
    back = ball(hair_balls, [0.38, 0.34, 0.25][: len(hair_balls)], hair)
    face = [
        ball([(0, 0.52, 0.08), (0, 0.2, 0.1)], [0.33, 0.2], skin),
        ball([(0, 0.46, 0.36), (0, 0.36, 0.44)], [0.04, 0.07], 0.85 * skin),
    ]
    features = [ball([(x, 0.52, 0.36)], [0.06], 0.15 * skin) for x in (-0.14, 0.14)]
    features.append(
        ball([(-0.09, 0.2, 0.3), (0.09, 0.2, 0.3)], [0.03, 0.03], skin * [0.45, 0.45, 0.75])
    )
    centre = at(0, 0.5, 0)[2]
    seen = [part for part in features if part.points[:, 2].mean() < centre - 0.1 * size]
    return [back, *face, *seen] if frame[2, 2] > -0.15 else [*face, back]


def _torso_parts(person: Person) -> list[Part]:
    """Neck, trousers' top, shirt and the mark on its front, in drawing order."""
    skeleton, looks = person.skeleton, person.looks
    girth, frame = looks['girth'], skeleton.frames['torso']
    joints = dict(zip(MPII_JOINTS, skeleton.joints))
    hips = [joints['left_hip'], joints['right_hip']]
    shoulders = [joints['left_shoulder'], joints['right_shoulder']]
    waist = [hip + 0.22 * (joints['thorax'] - joints['pelvis']) for hip in hips]
    front, down = -frame[:, 2], frame[:, 1]
    chest = joints['thorax'] + 0.09 * down
    neck = _part(
        [joints['thorax'], joints['upper_neck'] - 0.02 * down], [0.034, 0.03], looks['skin']
    )
    bottom = _part(
        hips + waist, np.multiply(girth, [0.056, 0.056, 0.046, 0.046]), looks['trousers']
    )
    shirt = _part(
        [p + 0.012 * down for p in shoulders]
        + waist
        + [chest + 0.03 * front, chest - 0.02 * front],
        np.multiply(girth, [0.034, 0.034, 0.05, 0.05, 0.05, 0.05]),
        looks['shirt'],
    )
    parts = [bottom, shirt]
    if looks['stripes']:
        for t in (0.25, 0.5, 0.75):
            ends = [(1 - t) * a + t * b for a, b in zip(shoulders, waist)]
            parts.append(_part(ends, [0.012, 0.012], looks['shirt_mark']))
    if front[2] < -0.2:  # the neckline and the row of buttons are on the side we see
        thorax, button = joints['thorax'], chest + 0.05 * front
        parts.append(
            _part([thorax + 0.01 * down, thorax + 0.04 * down], [0.03, 0.008], looks['skin'])
        )
        parts.append(_part([button, button + 0.15 * down], [0.008] * 2, looks['shirt_mark']))
        return [*parts, neck]
    return [neck, *parts]


def _arm_groups(person: Person, side: str) -> list[list[Part]]:
    """Upper arm; forearm and hand."""
    joints, looks = dict(zip(MPII_JOINTS, person.skeleton.joints)), person.looks
    shoulder, elbow, wrist = (joints[f'{side}_{n}'] for n in ('shoulder', 'elbow', 'wrist'))
    girth, shirt, skin = looks['girth'], looks['shirt'], looks['skin']
    hand = wrist + 0.045 * person.skeleton.frames[f'{side}_elbow'][:, 1]
    bare_from = dict(none=0.0, short=0.6, long=1.0)[looks['sleeves']]
    upper = [_part([shoulder, elbow], [0.036 * girth, 0.028 * girth], skin)]
    if bare_from:
        end = shoulder + bare_from * (elbow - shoulder)
        upper.append(_part([shoulder, end], [0.04 * girth, 0.033 * girth], shirt))
    lower = [
        _part([wrist, hand], [0.02, 0.026], skin),
        _part([elbow, wrist], [0.028 * girth, 0.021 * girth], shirt if bare_from == 1 else skin),
    ]
    return [upper, lower]


def _leg_groups(person: Person, side: str) -> list[list[Part]]:
    """Thigh; shank and shoe."""
    joints, looks = dict(zip(MPII_JOINTS, person.skeleton.joints)), person.looks
    hip, knee, ankle = (joints[f'{side}_{name}'] for name in ('hip', 'knee', 'ankle'))
    girth, frame = looks['girth'], person.skeleton.frames[f'{side}_knee']
    heel = ankle + 0.022 * frame[:, 1]
    toe = heel - 0.095 * frame[:, 2] + 0.005 * frame[:, 1]
    thigh = [_part([hip, knee], [0.056 * girth, 0.04 * girth], looks['trousers'])]
    shank = [
        _part(
            [knee, ankle],
            [0.039 * girth, 0.026 * girth],
            looks['skin'] if looks['shorts'] else looks['trousers'],
        ),
        _part([heel, toe], [0.027, 0.02], looks['shoes']),
    ]
    return [thigh, shank]


def person_parts(person: Person) -> list[Part]:
    """Return all parts of a person, farthest first, so that near parts hide far ones."""
    groups = [(_head_parts(person), 0.0), (_torso_parts(person), 0.0)]
    for side in ('left', 'right'):
        # An arm that hangs at the side is as deep as the trunk; it is drawn over it.
        groups += [(group, -0.02) for group in _arm_groups(person, side)]
        groups += [(group, 0.0) for group in _leg_groups(person, side)]
    groups.sort(key=lambda g: -(g[1] + np.concatenate([p.points[:, 2] for p in g[0]]).mean()))
    return [part for group, _ in groups for part in group]


def _fill_hull(
    image: np.ndarray, centres: np.ndarray, radii: np.ndarray, colour: np.ndarray
) -> None:
    """Fill the hull of discs, (n, 2) and (n,) in pixels, in place and anti-aliased."""
    outline = (centres[:, None] + radii[:, None, None] * _CIRCLE).reshape(-1, 2)
    hull = cv2.convexHull(np.round(outline * 2**_SHIFT).astype(np.int32))
    cv2.fillConvexPoly(image, hull, np.clip(colour, 0, 255).tolist(), cv2.LINE_AA, _SHIFT)


def draw_parts(
    image: np.ndarray, parts: list[Part], origin: np.ndarray, size: float, light: np.ndarray
) -> None:
    """Draw parts in place by weak perspective.

    Args:
        image: (H, W, 3) uint8 BGR.
        parts: Farthest first.
        origin: (2,) pixel (x, y) of the pelvis.
        size: Pixels per body height.
        light: (2,) offset of the bright side in radii.
    """
    for part in parts:
        centres, radii = origin + size * part.points[:, :2], size * part.radii
        for shrink, shift, gain in ((1.0, 0.0, 0.68), (0.8, 0.2, 0.95), (0.45, 0.45, 1.12)):
            _fill_hull(
                image, centres + shift * radii[:, None] * light, shrink * radii, gain * part.colour
            )
