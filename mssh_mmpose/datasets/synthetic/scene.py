"""Pictures of synthetic people with their labels in MPII's conventions."""

import cv2
import numpy as np

from ..converters.mpii_ground_truth import HEAD_SIZE_FACTOR
from ..converters.mpii_json import CENTER_SHIFT, PIXEL_STD
from ..mpii_meta import MPII_INDEX
from .person import Part, Person, draw_parts, person_parts, random_colour, sample_person

LONG_SIDE = 256  # pixels
BODY_SIZE = (150, 195)  # pixels per body height
# About one person in six has somebody next to them or something in front of them.
P_SECOND_PERSON, P_OCCLUDER, P_TRUNCATED = 0.08, 0.08, 0.06

# MPII's `scale` * 200 is six times the length of the head.
HEADS_PER_BODY = 6


def _flat_part(points: np.ndarray, radii: list, colour: np.ndarray) -> Part:
    """A part from (n, 2) pixel coordinates."""
    points = np.asarray(points, float)
    return Part(np.pad(points, ((0, 0), (0, 1))), np.asarray(radii, float), colour)


def draw_background(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Gradient, cloudy texture, blobs, bars, stripes, at times a floor: (H, W, 3) uint8 BGR."""
    ramp = np.linspace(0, 1, height)[:, None, None]
    if rng.random() < 0.5:
        ramp = np.linspace(0, 1, width)[None, :, None]
    image = (1 - ramp) * random_colour(rng, (0, 0.6)) + ramp * random_colour(rng, (0, 0.6))
    image = np.broadcast_to(image, (height, width, 3))
    if rng.random() < 0.5:
        image = np.where(
            np.arange(height)[:, None, None] < rng.uniform(0.6, 0.9) * height,
            image,
            random_colour(rng, (0, 0.5)),
        )
    for cells, strength in ((6, 22), (40, 10)):
        clouds = strength * (
            rng.normal(0, 0.8, (cells, cells, 1)) + rng.normal(0, 0.4, (cells, cells, 3))
        )
        image = image + cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC)
    image = np.clip(image, 0, 255).astype(np.uint8)
    size, light, parts = np.array([width, height]), rng.uniform(-0.5, 0.5, 2), []
    for _ in range(rng.integers(0, 7)):
        middle = rng.uniform(0, 1, 2) * size
        parts.append(
            _flat_part(
                middle + rng.normal(0, 18, (3, 2)), rng.uniform(4, 18, 3), random_colour(rng)
            )
        )
    for _ in range(rng.integers(0, 6)):
        parts.append(
            _flat_part(
                rng.uniform(-0.1, 1.1, (2, 2)) * size, [rng.uniform(1, 8)] * 2, random_colour(rng)
            )
        )
    if rng.random() < 0.25:
        parts += _stripes(rng, size)
    draw_parts(image, parts, np.zeros(2), 1.0, light)
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 2.5))


def _stripes(rng: np.random.Generator, size: np.ndarray) -> list[Part]:
    """Draw some parallel stripes in a picture of this (w, h)."""
    start, step, colour = rng.uniform(0, 1, 2) * size, rng.uniform(8, 24), random_colour(rng)
    along, radius = rng.normal(0, 60, 2), rng.uniform(1, 4)
    across = step * np.array([-along[1], along[0]]) / np.linalg.norm(along)
    return [
        _flat_part([start + i * across, start + i * across + along], [radius] * 2, colour)
        for i in range(rng.integers(3, 9))
    ]


def _place(
    rng: np.random.Generator, person: Person, width: int, height: int
) -> tuple[np.ndarray, float]:
    """Pelvis pixel (2,) and pixels per body height; nearly always with all joints inside."""
    size = rng.uniform(*BODY_SIZE)
    margin = 0.05 * size
    low = size * person.skeleton.joints[:, :2].min(0) - margin
    high = size * person.skeleton.joints[:, :2].max(0) + margin
    first, last = -low, np.array([width, height]) - 1 - high
    origin = first + rng.uniform(0, 1, 2) * (last - first)
    if rng.random() < P_TRUNCATED:
        # Cut off by the lower edge or by one of the sides, as in photographs.
        cut = rng.uniform(0.1, 0.3) * (high - low) + margin
        side = rng.choice(['bottom', 'left', 'right'], p=[0.6, 0.2, 0.2])
        if side == 'bottom':
            origin[1] = last[1] + cut[1]
        else:
            origin[0] = first[0] - cut[0] if side == 'left' else last[0] + cut[0]
    return origin, size


def _draw_occluder(
    rng: np.random.Generator, image: np.ndarray, joints: np.ndarray, size: float, light: np.ndarray
) -> None:
    """Put a bar or a blob, in place, before a joint of an arm or a leg."""
    names = ('knee', 'ankle', 'hip', 'wrist', 'elbow')
    joint = f'{rng.choice(["left", "right"])}_{rng.choice(names)}'
    middle = joints[MPII_INDEX[joint]]
    if rng.random() < 0.5:
        angle = rng.uniform(0, np.pi)
        ends = 0.5 * size * np.array([[np.cos(angle), np.sin(angle)]]) * [[-1], [1]]
        part = _flat_part(middle + ends, [rng.uniform(0.02, 0.05) * size] * 2, random_colour(rng))
    else:
        corners = rng.uniform(-0.1, 0.1, (4, 2)) * size
        part = _flat_part(middle + corners, rng.uniform(0.02, 0.05, 4) * size, random_colour(rng))
    draw_parts(image, [part], np.zeros(2), 1.0, light)


def _head_box(joints: np.ndarray, head_size: float) -> np.ndarray:
    """Corners (2, 2) of the box around the head whose diagonal is ``head_size`` / 0.6.

    The head's length in 3D sets the diagonal, so that nodding does not tighten the threshold.
    """
    ends = joints[[MPII_INDEX['upper_neck'], MPII_INDEX['head_top']]]
    sides = np.abs(ends[1] - ends[0]) + 0.75 * head_size  # the head is 3/4 as wide as long
    half = sides * (head_size / HEAD_SIZE_FACTOR / np.linalg.norm(sides)) / 2
    return np.stack([ends.mean(0) - half, ends.mean(0) + half])


def annotate(joints: np.ndarray, head_size: float, width: int, height: int) -> dict[str, object]:
    """Labels in MPII's conventions: 1-based, (-1, -1) and 0 for a joint outside the picture.

    >>> joints = np.linspace([10, 20], [40, 300], 16)
    >>> labels = annotate(joints, head_size=30., width=200, height=256)
    >>> labels['joints'][0], labels['joints_vis'][0], labels['scale']
    ([11.0, 21.0], 1, 0.9)
    >>> labels['joints'][-1], labels['joints_vis'][-1]
    ([-1.0, -1.0], 0)

    Args:
        joints: (16, 2) pixels; the middle of the first pixel is (0, 0).
        head_size: Neck to head top in pixels, not foreshortened.
        width: Width of the picture in pixels.
        height: Of the picture in pixels.

    Returns:
        ``center`` (2), ``scale``, ``joints`` (16, 2), ``joints_vis`` (16), as MPII's JSON has
        them, and ``headbox`` (2, 2), also 1-based.
    """
    joints = joints.round(2)
    inside = ((joints >= 0) & (joints <= [width - 1, height - 1])).all(1)
    scale = head_size * HEADS_PER_BODY / PIXEL_STD
    labelled = joints[inside]
    centre = (labelled.min(0) + labelled.max(0)) / 2 - [0, CENTER_SHIFT * scale]
    return dict(
        center=(centre + 1).round(1).tolist(),
        scale=round(scale, 6),
        joints=np.where(inside[:, None], joints + 1, -1.0).round(2).tolist(),
        joints_vis=inside.astype(int).tolist(),
        headbox=(_head_box(joints, head_size) + 1).round(2).tolist(),
    )


def _develop(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Exposure, slight blur and sensor noise."""
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.25, 0.8)).astype(np.float32)
    image = (image - 128) * rng.uniform(0.75, 1.1) + 128 + rng.uniform(-20, 20)
    noise = rng.standard_normal(image.shape, dtype=np.float32) * rng.uniform(2, 8)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def render_scene(rng: np.random.Generator) -> tuple[np.ndarray, dict[str, object]]:
    """Draw one labelled person, sometimes next to another one or partly hidden.

    >>> image, labels = render_scene(np.random.default_rng(0))
    >>> max(image.shape), image.dtype, len(labels['joints'])
    (256, dtype('uint8'), 16)

    Returns:
        The picture, (H, W, 3) BGR, and its labels as :func:`annotate` returns them.
    """
    width, height = LONG_SIDE, LONG_SIDE
    if rng.random() < 0.75:
        width = int(rng.integers(176, LONG_SIDE))
    else:
        height = int(rng.integers(216, LONG_SIDE))
    image = draw_background(rng, width, height)
    person, light = sample_person(rng), rng.uniform(-0.5, 0.5, 2)
    origin, size = _place(rng, person, width, height)
    figures = [(person_parts(person), origin, size)]
    if rng.random() < P_SECOND_PERSON:
        aside = rng.choice([-1, 1]) * rng.uniform(0.4, 0.65) * size
        other = (
            person_parts(sample_person(rng)),
            origin + [aside, rng.normal() * 0.05 * size],
            size * rng.uniform(0.8, 1.05),
        )
        figures.insert(0 if rng.random() < 0.8 else 1, other)
    for figure in figures:
        draw_parts(image, *figure, light)
    joints = origin + size * person.skeleton.joints[:, :2]
    if rng.random() < P_OCCLUDER:
        _draw_occluder(rng, image, joints, size, light)
    return _develop(rng, image), annotate(joints, size * person.bones['head'], width, height)
