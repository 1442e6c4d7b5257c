"""Finding what is wrong with each person of a data set."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.datasets.transforms import GetBBoxCenterScale
from PIL import Image
from torch.utils.data import Dataset

from ..dataset_config import reads_local_images
from ..errors import InputError
from ..names import is_remote
from ..pictures import MAX_COORDINATE, picture_size
from .converters.faults import first_of
from .flags import Flags, read_flags
from .metainfo import joint_names


class Problem(NamedTuple):
    """Attributes: number of the person in the data set, image file, what is wrong, whether it
    makes the person unusable."""

    index: int
    path: str
    text: str
    fatal: bool = True


def check_image_file(path: str, max_pixels: int | None = None) -> None:
    """Decode an image file with a decoder that refuses truncated files.

    ``LoadImage`` refuses such files too, but ``cv2.imread`` fills the missing part with grey.

    Args:
        path: The file.
        max_pixels: Largest width times height; more is refused before it is decoded.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If it is not a whole image, or too large.
    """
    data = Path(path).read_bytes()
    size = picture_size(data)
    if size and max_pixels and size[0] * size[1] > max_pixels:
        raise OSError(
            f'{path} has {size[0]} x {size[1]} pixels; at most {max_pixels:,} are accepted '
            '(max_pixels).'
        )
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise OSError(f'{path} is not a whole image ({error}); get the file again.') from error


def check_pictures(dataset: Dataset, cfg: Config, split: str) -> None:
    """Check that everybody's picture is there, before one of them ends a long run.

    Pictures that are read from another machine or out of a data base, and data sets that do not
    name theirs, are not checked.

    Args:
        dataset: Data set of a loader, of any library.
        cfg: The config that it was built from.
        split: 'train', 'val' or 'test'.

    Raises:
        InputError: If a picture is missing; names some.
    """
    place = f'{split}_dataloader'
    if not reads_local_images((cfg.get(place) or {}).get('dataset') or {}):
        return
    paths = {}
    for part in _wrapped(dataset):
        if isinstance(part, BaseDataset):
            people = map(part.get_data_info, range(len(part)))
            for info in people:
                images = info.get('img_path') or []  # a list for the frames of a video
                images = images if isinstance(images, list) else [images]
                paths |= dict.fromkeys(map(str, images))
    missing = [path for path in paths if not is_remote(path) and not Path(path).exists()]
    if missing:
        raise InputError(
            f'{place}.dataset: {len(missing)} of its {len(paths)} pictures are missing: '
            f'{first_of(missing)}. Check data_root and data_prefix.'
        )


def _wrapped(dataset: Dataset) -> Iterator[Dataset]:
    """Yield the data sets of annotations in wrappers of MMEngine and MMPose."""
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    if inner == [None]:
        yield dataset
    else:
        for part in inner:
            yield from _wrapped(part)


def check_person(dataset: BaseDataset, index: int, max_pixels: int | None = None) -> list[Problem]:
    """Check image, joints and pipeline of one person.

    Args:
        dataset: Data set of MMPose or of this package.
        index: Number of the person.
        max_pixels: As for :func:`check_image_file`.

    Returns:
        The problems. Errors are those of the decoder, coordinates that no picture has, and all
        errors of the pipeline; joints outside the image, or outside the crop around the box, are
        only remarks.
    """
    info = dataset.get_data_info(index)
    names = joint_names(dataset.metainfo)
    path = str(info['img_path'])
    try:
        check_image_file(path, max_pixels)
    except OSError as error:
        return [Problem(index, path, str(error))]
    given = info['keypoints'].shape[1]
    if given != len(names):
        text = f'it has {given} keypoints, the metainfo names {len(names)}'
        return [Problem(index, path, f'{text}: {", ".join(names)}.')]
    problems = [Problem(index, path, text) for text in _coordinate_faults(info, names)]
    if problems:
        return problems
    try:
        # By index MMEngine's data sets take somebody else where the pipeline returns nothing.
        item = getattr(dataset, 'prepare_data', dataset.__getitem__)(index)
    except Exception as error:  # of any transform: the report must go on
        return [Problem(index, path, f'{type(error).__name__} in the pipeline: {error}')]
    if item is None:  # in training it may do so by chance
        fatal = getattr(dataset, 'test_mode', False)
        return [Problem(index, path, 'the pipeline returns nothing', fatal)]
    # Known only after the pipeline has opened and cut the image, if it does.
    found = getattr(item.get('data_samples'), 'metainfo', {})
    remarks = []
    if 'ori_shape' in found:
        remarks += _outside(info, names, found['ori_shape'])
    if {'ori_shape', 'input_size'} <= set(found) and not has_detected_boxes(dataset):
        remarks += _cut_off(info, names, found, _padding(dataset))
    return [Problem(index, path, text, fatal=False) for text in remarks]


def num_left_out(dataset: Dataset) -> int:
    """Return how many annotations of local COCO files a data set does not use.

    MMPose leaves out, without a word, people in a crowd and those without a box or a labelled
    keypoint. Data sets that were asked for a part of their file do not count.
    """
    return sum(map(_num_left_out, _wrapped(dataset)))


def _num_left_out(dataset: Dataset) -> int:
    if not isinstance(dataset, BaseCocoStyleDataset) or not dataset.ann_file.endswith('.json'):
        return 0
    part = dataset.sample_interval > 1 or dataset._indices is not None or dataset.filter_cfg
    if part or dataset.bbox_file or dataset.data_mode != 'topdown' or is_remote(dataset.ann_file):
        return 0
    with open(dataset.ann_file, encoding='utf-8') as file:
        content = json.load(file)
    there = content.get('annotations', []) if isinstance(content, dict) else dataset
    return len(there) - len(dataset)


def datasets_of_splits(cfg: Config, splits: Sequence[str]) -> dict[str, dict]:
    """Return the data sets of 'train', 'val', 'test'; one shared by two has both names.

    >>> one, two = dict(dataset=dict(type='A')), dict(dataset=dict(type='B'))
    >>> cfg = Config(dict(train_dataloader=one, val_dataloader=two, test_dataloader=two))
    >>> list(datasets_of_splits(cfg, ['train', 'val', 'test']))
    ['train', 'val+test']
    """
    found = {}
    for split in splits:
        loader = cfg.get(f'{split}_dataloader')
        if loader is None:
            continue
        same = [name for name, other in found.items() if other == loader.dataset]
        found[f'{same[0]}+{split}' if same else split] = loader.dataset
        for name in same:
            del found[name]
    return found


def has_detected_boxes(dataset: BaseDataset) -> bool:
    """Whether some of a data set's people are boxes of a detector, to which MMPose gives joints at
    (0, 0)."""
    return any(getattr(part, 'bbox_file', None) for part in _wrapped(dataset))


def describe_flags(people: Sequence[Flags]) -> str:
    """Describe which shares of the joints are labelled and occluded.

    >>> one, two = np.array([True, True]), np.array([True, False])
    >>> describe_flags([Flags(one, two), Flags(two, None)])
    '75.0 % of the joints labelled, 50.0 % of these occluded (flags for 1 people only)'
    """
    labelled = np.concatenate([flags.labelled for flags in people])
    text = f'{100 * labelled.mean():.1f} % of the joints labelled'
    known = [flags for flags in people if flags.visible is not None]
    if known:
        occluded = sum(flags.occluded.sum() for flags in known)
        labelled = sum(flags.labelled.sum() for flags in known)
        text += f', {100 * occluded / max(labelled, 1):.1f} % of these occluded'
        text += '' if len(known) == len(people) else f' (flags for {len(known)} people only)'
    return text


def _labelled_joints(info: dict) -> Iterator[tuple]:
    keypoints = info['keypoints'][0]
    for k in np.flatnonzero(read_flags(info['keypoints_visible'][0]).labelled):
        yield k, keypoints[k]


def _coordinate_faults(info: dict, names: Sequence[str]) -> Iterator[str]:
    for k, point in _labelled_joints(info):
        if not (np.abs(point) <= MAX_COORDINATE).all():  # nan is refused too
            yield f'{names[k]} is at {point.tolist()}'
    if not (np.abs(info['bbox']) <= MAX_COORDINATE).all():
        yield f'the box is {info["bbox"].tolist()}'


def _outside(info: dict, names: Sequence[str], shape: tuple) -> Iterator[str]:
    height, width = shape[:2]
    for k, (x, y) in _labelled_joints(info):
        if not _is_in(x, y, shape):
            yield f'{names[k]} at ({x:.1f}, {y:.1f}) is outside the image of {width} x {height}'


def _is_in(x: float, y: float, shape: tuple) -> bool:
    height, width = shape[:2]
    return -1 <= x <= width and -1 <= y <= height


def _padding(dataset: BaseDataset) -> float | None:
    """Return by how much a data set enlarges boxes; None if it does not cut by boxes, or by several
    paddings."""
    found = set()
    for part in {dataset, *_wrapped(dataset)}:
        for step in getattr(getattr(part, 'pipeline', None), 'transforms', []):
            if isinstance(step, GetBBoxCenterScale):
                found.add(step.padding)
    return found.pop() if len(found) == 1 else None


def _cut_off(info: dict, names: Sequence[str], found: dict, padding: float | None) -> Iterator[str]:
    """Name the joints of the image outside the crop, without augmentation.

    ``found`` has ``ori_shape`` (h, w) and ``input_size`` (w, h), whose aspect the crop has.
    """
    if padding is None:
        return
    x1, y1, x2, y2 = info['bbox'][0]
    center, sides = np.array([x1 + x2, y1 + y2]) / 2, np.array([x2 - x1, y2 - y1])
    width, height = found['input_size']
    half = padding / 2 * np.maximum(sides, sides[::-1] * (width / height, height / width))
    cut = [
        names[k]
        for k, point in _labelled_joints(info)
        if _is_in(*point, found['ori_shape']) and (abs(point - center) > half).any()
    ]
    if cut:
        box = ', '.join(f'{number:.1f}' for number in info['bbox'][0])
        yield f'{", ".join(cut)} outside the crop around the box ({box}); give a larger box'
