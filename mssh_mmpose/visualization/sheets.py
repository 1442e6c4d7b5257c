"""Many people in one picture."""

import os.path as osp
from collections.abc import Callable, Sequence

import cv2
import mmcv
import numpy as np
from mmengine.dataset import BaseDataset
from mmpose.structures.bbox import bbox_xyxy2cs

from ..datasets.flags import read_flags
from ..datasets.pipelines import PADDING
from ..errors import InputError
from ..files import readable
from .people import draw_skeleton

_HEADER = 28
_TILE = 240
_WHITE = (255, 255, 255)


def contact_sheet(
    samples: Sequence[dict], metainfo: dict, title: str, columns: int = 4, tile: int = _TILE
) -> np.ndarray:
    """Draw predicted skeletons, and small rings at the true joints, on the network's crops.

    Args:
        samples: Data samples as ``tools/test.py --dump`` writes them.
        metainfo: Parsed meta information of their data set (``dataset.metainfo``).
        title: Line of text above the pictures.
        columns: Pictures per row.
        tile: Side of a picture in pixels.

    Returns:
        (H, W, 3), uint8, BGR.

    Raises:
        InputError: If there are no samples.
        FileNotFoundError: If an image cannot be read.
    """
    return arrange(samples, lambda sample: _draw_person(sample, metainfo, tile), title, columns)


def arrange(
    items: Sequence[object], draw: Callable[[object], np.ndarray], title: str, columns: int = 4
) -> np.ndarray:
    """Put square pictures into rows under a title.

    Args:
        items: What to draw.
        draw: Returns the picture (S, S, 3), uint8, of an item.
        title: Line of text above the pictures.
        columns: Pictures per row.

    Returns:
        (H, W, 3), uint8.

    Raises:
        InputError: If there are no items.
    """
    if not items:
        raise InputError('a contact sheet needs at least one sample, got none.')
    pictures = [draw(item) for item in items]
    tile = len(pictures[0])
    rows = -(-len(items) // columns)
    sheet = np.full((_HEADER + rows * tile, columns * tile, 3), 32, np.uint8)
    write(sheet, title, (8, 19))
    for i, picture in enumerate(pictures):
        row, column = divmod(i, columns)
        top, left = _HEADER + row * tile, column * tile
        sheet[top : top + tile, left : left + tile] = picture
    return sheet


def write(picture: np.ndarray, text: str, place: Sequence[int]) -> None:
    """Write a line of text, white with a black edge; ``place`` is (x, y) of its lower left corner.

    The edge makes it readable in bright pictures too.
    """
    for color, thickness in (((0, 0, 0), 3), (_WHITE, 1)):
        cv2.putText(
            picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, color, thickness, cv2.LINE_AA
        )


def annotation_sheet(datasets: dict[str, BaseDataset], count: int, seed: int) -> np.ndarray:
    """Draw random people of data sets with their labelled joints, occluded ones as rings.

    Args:
        datasets: By the names that are written under their people.
        count: People to draw, or all if there are fewer; unreadable images stay black.
        seed: Which people.

    Returns:
        (H, W, 3), uint8, BGR.
    """
    everyone = [(name, i) for name, dataset in datasets.items() for i in range(len(dataset))]
    order = np.random.default_rng(seed).permutation(len(everyone))
    people = [everyone[i] for i in order[:count]]
    infos = [datasets[name].get_data_info(i) for name, i in people]

    def tile(number: int) -> np.ndarray:
        (name, index), info = people[number], infos[number]
        text = f'{name} {index} {readable(osp.basename(info["img_path"]))}'
        try:
            return draw_annotation(info, datasets[name].metainfo, text=text)
        except (OSError, ValueError, cv2.error):
            return np.zeros((_TILE, _TILE, 3), np.uint8)

    title = f'labelled joints of {len(people)} random people (seed {seed})'
    if any(read_flags(info['keypoints_visible'][0]).occluded.any() for info in infos):
        title += '; rings: occluded'
    return arrange(range(len(people)), tile, title)


def draw_annotation(info: dict, metainfo: dict, text: str = '') -> np.ndarray:
    """Draw the labelled joints of one person, occluded ones hollow, on the crop of its box.

    Args:
        info: Entry of a data set (``dataset.get_data_info``).
        metainfo: Parsed meta information of the data set.
        text: Line of text in the picture.

    Returns:
        (240, 240, 3), uint8, BGR.
    """
    picture, to_tile = _crop(info['img_path'], *crop_of(info['bbox'][0]), _TILE)
    flags = read_flags(info['keypoints_visible'][0])
    draw_skeleton(
        picture,
        _move(info['keypoints'][0], to_tile),
        metainfo,
        shown=flags.labelled,
        hollow=flags.occluded,
    )
    write(picture, text, (6, _TILE - 8))
    return picture


def _draw_person(sample: dict, metainfo: dict, tile: int) -> np.ndarray:
    center, scale = sample['input_center'], sample['input_scale']
    picture, to_tile = _crop(sample['img_path'], center, scale, tile)
    draw_skeleton(picture, _move(sample['pred_instances']['keypoints'][0], to_tile), metainfo)
    truth = sample['gt_instances']
    joints = _move(truth['keypoints'][0], to_tile)
    labelled = read_flags(truth['keypoints_visible'][0]).labelled
    for x, y in np.rint(joints[labelled]).astype(int):
        cv2.circle(picture, (int(x), int(y)), 5, _WHITE, 1, cv2.LINE_AA)
    return picture


def _crop(path: str, center: np.ndarray, scale: np.ndarray, tile: int) -> tuple:
    """Return the picture of the box and the matrix (2, 3) from the image to it."""
    to_tile = crop_matrix(center, scale, tile)
    image = mmcv.imread(path) if osp.isfile(path) else None
    if image is None:
        raise FileNotFoundError(f'image {path} cannot be read.')
    return cv2.warpAffine(image, to_tile, (tile, tile), flags=cv2.INTER_AREA), to_tile


def crop_of(box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre and (w, h) of a box x1, y1, x2, y2 with the padding of all our configs."""
    return bbox_xyxy2cs(box, padding=PADDING)


def crop_matrix(center: np.ndarray, scale: np.ndarray, tile: int) -> np.ndarray:
    """Return the matrix (2, 3) that fits the box of this centre and (w, h) into a square.

    >>> crop_matrix(np.array([50.0, 60.0]), np.array([100.0, 80.0]), 200)
    array([[  2.,   0.,   0.],
           [  0.,   2., -20.]])
    """
    zoom = tile / np.max(scale)
    x, y = tile / 2 - zoom * np.ravel(center)
    return np.array([[zoom, 0, x], [0, zoom, y]])


def _move(keypoints: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return keypoints @ matrix[:, :2].T + matrix[:, 2]
