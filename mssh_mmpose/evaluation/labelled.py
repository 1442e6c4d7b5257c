"""Pictures of data sets with the labelled joints of their people, by name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from mmengine.dataset import BaseDataset

from ..datasets.converters.instance import joint_box
from ..datasets.flags import read_flags
from ..datasets.metainfo import joint_names
from ..pictures import read_picture


@dataclass(frozen=True)
class Labelled:
    """A person of a data set.

    Attributes:
        image: (H, W, 3), uint8, BGR.
        points: Labelled joints by name, (x, y) in pixels.
    """

    image: np.ndarray
    points: dict[str, np.ndarray]


def points_box(points: Iterable[np.ndarray]) -> np.ndarray:
    """Return the box (4,) around points (2,): x1, y1, x2, y2 in pixels."""
    points = np.array(list(points))
    return joint_box(points, np.ones(len(points), bool))


def read_labelled(dataset: BaseDataset, count: int) -> Iterator[Labelled]:
    """Yield at most ``count`` people of a top-down data set, evenly chosen."""
    names = joint_names(dataset.metainfo)
    for number in np.unique(np.linspace(0, len(dataset) - 1, count).astype(int)):
        info = dataset.get_data_info(number)
        labelled = read_flags(info['keypoints_visible'][0]).labelled
        points = {names[k]: info['keypoints'][0, k] for k in np.flatnonzero(labelled)}
        yield Labelled(read_picture(info['img_path']), points)
