"""One training step of a config on two random people, for tests of configs and documents."""

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS
from torch import nn


def training_sample(cfg: Config) -> dict:
    """Run the config's training pipeline, after its loader, on a person in a noise image."""
    dataset = DATASETS.get(cfg.dataset_type)
    # A combination of data sets has the joints that it is told.
    meta = parse_pose_metainfo(cfg.train_dataloader.dataset.get('metainfo', dataset.METAINFO))
    rng = np.random.default_rng(0)
    num_keypoints = meta['num_keypoints']
    # Our data sets say what is occluded, MMPose's only what is labelled.
    flags = (2,) if dataset.__module__.startswith('mssh_mmpose') else ()
    person = dict(
        img=rng.integers(0, 255, (200, 160, 3), dtype=np.uint8),
        img_shape=(200, 160),
        bbox=np.array([[20, 20, 140, 180]], dtype=np.float32),
        bbox_score=np.ones(1, dtype=np.float32),
        keypoints=rng.uniform(40, 120, (1, num_keypoints, 2)).astype(np.float32),
        keypoints_visible=np.ones((1, num_keypoints, *flags), dtype=np.float32),
        **{key: meta[key] for key in ('flip_indices', 'upper_body_ids', 'lower_body_ids')},
    )
    return Compose(cfg.train_dataloader.dataset.pipeline[1:])(person)


def training_losses(model: nn.Module, cfg: Config) -> dict:
    """Return the losses of the config's network on two such people."""
    samples = zip(*(training_sample(cfg).values() for _ in range(2)))
    batch = dict(zip(('inputs', 'data_samples'), map(list, samples)))
    return model(**model.data_preprocessor(batch, True), mode='loss')
