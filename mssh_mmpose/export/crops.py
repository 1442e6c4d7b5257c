"""Crops of people, as the config's test pipeline makes them."""

from collections.abc import Sequence

import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmpose.models.pose_estimators.base import BasePoseEstimator
from mmpose.registry import DATASETS
from torch import Tensor
from tqdm import tqdm

from ..dataset_config import test_pipeline, with_settings
from ..datasets.transforms import pipeline_input
from ..errors import InputError
from ..pictures import check_boxes, read_picture


def crops_of_images(network: BasePoseEstimator, paths: Sequence[str]) -> Tensor:
    """Crop whole images, each as the box of one person.

    Args:
        network: With its config ``cfg`` and its ``dataset_meta``.
        paths: Paths of the images.

    Returns:
        (N, 3, H, W), uint8, BGR.

    Raises:
        FileNotFoundError: If an image does not exist.
        InputError: If one is not a whole picture.
    """
    pipeline = Compose(test_pipeline(network.cfg))
    crops = []
    for path in paths:
        image = read_picture(path)
        (box,) = check_boxes(None, image)
        crops.append(pipeline(pipeline_input(image, box, network.dataset_meta))['inputs'])
    return torch.stack(crops)


def crops_of_dataset(dataset: BaseDataset, count: int) -> Tensor:
    """Crop ``count`` people of a data set, evenly spread over it, or all if there are fewer.

    Returns:
        (N, 3, H, W), uint8, BGR.
    """
    chosen = evenly_chosen(len(dataset), count)
    crops = [dataset[i]['inputs'] for i in tqdm(chosen, 'reading people', disable=None)]
    return torch.stack(crops)


def evenly_chosen(length: int, count: int) -> list[int]:
    """Return the indices of ``count`` items, evenly spread, or of all if there are fewer.

    Raises:
        InputError: If there would be none.

    Examples:
        >>> evenly_chosen(10, 4), evenly_chosen(2, 4)
        ([0, 2, 5, 7], [0, 1])
    """
    count = min(count, length)
    if count < 1:
        raise InputError(f'expected at least one person, got {count} of {length}.')
    return [i * length // count for i in range(count)]


def test_dataset(cfg: Config) -> BaseDataset:
    """Build the data set that the config tests on."""
    return DATASETS.build(cfg.test_dataloader.dataset)


def training_dataset(cfg: Config) -> BaseDataset:
    """Build the data set that the config trains on, without augmentation."""
    pipeline = test_pipeline(cfg)
    return DATASETS.build(with_settings(cfg.train_dataloader.dataset, pipeline=pipeline))
