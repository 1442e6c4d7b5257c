"""Going over a data set and saying what is wrong with each person."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from mmengine.dataset import BaseDataset
from PIL import Image

from ..errors import InputError
from .flags import read_flags


class Problem(NamedTuple):
    """Attributes: number of the person in the data set, image file, what is wrong, whether it
    makes the person unusable."""

    index: int
    path: str
    text: str
    fatal: bool = True


def check_image_file(path: str) -> None:
    """Decode an image file with a decoder that refuses what is cut off.

    ``LoadImage`` refuses such files too, but ``cv2.imread`` fills what is missing with grey.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If it is not a whole image.
    """
    try:
        with Image.open(path) as image:
            image.load()
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise OSError(f'{path} is not a whole image ({error}); get the file again.') from error


def check_person(dataset: BaseDataset, index: int) -> list[Problem]:
    """Check image, joints and pipeline of one person.

    Args:
        dataset: Data set of MMPose or of this package.
        index: Number of the person.

    Returns:
        What is wrong; errors come from the decoder, from coordinates that are not finite, and from
        the pipeline, whatever it raises; joints outside the image are only remarked on.
    """
    info = dataset.get_data_info(index)
    names = dataset.metainfo['keypoint_id2name']
    path = str(info['img_path'])
    try:
        check_image_file(path)
    except OSError as error:
        return [Problem(index, path, str(error))]
    problems = [Problem(index, path, text) for text in _coordinate_faults(info, names)]
    if problems:
        return problems
    try:
        item = dataset[index]
        if item is None:
            raise InputError('the pipeline gives nothing.')
    except Exception as error:  # of any transform: the report must go on
        return [Problem(index, path, f'{type(error).__name__} in the pipeline: {error}')]
    # Known only now that the pipeline has opened the image.
    shape = item['data_samples'].metainfo.get('ori_shape')
    if shape is None:
        return []
    return [Problem(index, path, text, fatal=False) for text in _outside(info, names, shape)]


def _labelled_joints(info: dict) -> Iterator[tuple]:
    keypoints = info['keypoints'][0]
    for k in np.flatnonzero(read_flags(info['keypoints_visible'][0]).labelled):
        yield k, keypoints[k]


def _coordinate_faults(info: dict, names: dict[int, str]) -> Iterator[str]:
    for k, point in _labelled_joints(info):
        if not np.isfinite(point).all():
            yield f'{names[k]} is at {point.tolist()}'
    if not np.isfinite(info['bbox']).all():
        yield f'the box is {info["bbox"].tolist()}'


def _outside(info: dict, names: dict[int, str], shape: tuple) -> Iterator[str]:
    height, width = shape
    for k, (x, y) in _labelled_joints(info):
        if not (-1 <= x <= width and -1 <= y <= height):
            yield f'{names[k]} at ({x:.1f}, {y:.1f}) is outside the image of {width} x {height}'
