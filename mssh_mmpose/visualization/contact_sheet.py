"""Many predictions in one picture."""

from typing import Sequence, Tuple

import cv2
import numpy as np

_HEADER = 28
_WHITE = (255, 255, 255)


def contact_sheet(
    samples: Sequence[dict], metainfo: dict, title: str, columns: int = 4, tile: int = 240
) -> np.ndarray:
    """Draw predicted skeletons, and small rings at the true joints, on the network's crops.

    Args:
        samples: Data samples as ``tools/test.py --dump`` writes them.
        metainfo: Parsed meta information of their data set (``dataset.metainfo``).
        title: Line of text above the pictures.
        columns: Pictures beside each other.
        tile: Side of a picture in pixels.

    Returns:
        (H, W, 3), uint8, BGR.

    Raises:
        ValueError: If there are no samples.
        FileNotFoundError: If an image cannot be read.
    """
    if not samples:
        raise ValueError('a contact sheet needs at least one sample, got none.')
    rows = -(-len(samples) // columns)
    sheet = np.full((_HEADER + rows * tile, columns * tile, 3), 32, np.uint8)
    cv2.putText(sheet, title, (8, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _WHITE, 1, cv2.LINE_AA)
    for i, sample in enumerate(samples):
        row, column = divmod(i, columns)
        top, left = _HEADER + row * tile, column * tile
        sheet[top : top + tile, left : left + tile] = _draw_person(sample, metainfo, tile)
    return sheet


def _draw_person(sample: dict, metainfo: dict, tile: int) -> np.ndarray:
    image = cv2.imread(sample['img_path'])
    if image is None:
        raise FileNotFoundError(f'image {sample["img_path"]} cannot be read.')
    to_tile = crop_matrix(sample['input_center'], sample['input_scale'], tile)
    picture = cv2.warpAffine(image, to_tile, (tile, tile), flags=cv2.INTER_AREA)
    pred = _points(sample['pred_instances']['keypoints'][0], to_tile)
    for (a, b), color in zip(metainfo['skeleton_links'], metainfo['skeleton_link_colors']):
        cv2.line(picture, pred[a], pred[b], _bgr(color), 2, cv2.LINE_AA)
    for point, color in zip(pred, metainfo['keypoint_colors']):
        cv2.circle(picture, point, 3, _bgr(color), -1, cv2.LINE_AA)
    truth = sample['gt_instances']
    labelled = np.reshape(truth['keypoints_visible'][0], (len(pred), -1))[:, 0] > 0
    for point, known in zip(_points(truth['keypoints'][0], to_tile), labelled):
        if known:
            cv2.circle(picture, point, 5, _WHITE, 1, cv2.LINE_AA)
    return picture


def crop_matrix(center: np.ndarray, scale: np.ndarray, tile: int) -> np.ndarray:
    """Affine matrix (2, 3) that fits the box of this centre and (w, h) into a square picture.

    >>> crop_matrix(np.array([50.0, 60.0]), np.array([100.0, 80.0]), 200)
    array([[  2.,   0.,   0.],
           [  0.,   2., -20.]])
    """
    zoom = tile / np.max(scale)
    x, y = tile / 2 - zoom * np.ravel(center)
    return np.array([[zoom, 0, x], [0, zoom, y]])


def _points(keypoints: np.ndarray, matrix: np.ndarray) -> Sequence[Tuple[int, int]]:
    moved = keypoints @ matrix[:, :2].T + matrix[:, 2]
    return [(int(x), int(y)) for x, y in np.rint(moved)]


def _bgr(color: np.ndarray) -> Tuple[int, int, int]:
    red, green, blue = (int(value) for value in color)
    return blue, green, red
