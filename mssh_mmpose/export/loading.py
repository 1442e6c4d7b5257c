"""What the tools of this package share: reading a config and a checkpoint that must fit."""

from mmengine.config import Config
from mmpose.apis import init_model
from mmpose.models.pose_estimators import TopdownPoseEstimator

from .. import checks
from ..config import find_config
from ..errors import InputError

NO_LICENCE = 'not stated; see the terms of the data set'


def read_config(name: str) -> Config:
    """Read a config file named by its path or as ``package::path``.

    Raises:
        InputError: If it does not exist or describes no top-down estimator with heatmaps.
    """
    cfg = Config.fromfile(find_config(name))
    head = cfg.get('model', {}).get('head') or {}
    if 'input_size' not in (head.get('decoder') or {}):
        raise InputError(
            f'config {name}: expected a top-down network whose head has a decoder with input_size.'
        )
    return cfg


def build_estimator(cfg: Config, checkpoint: str | None = None) -> TopdownPoseEstimator:
    """Build the config's estimator on the CPU for inference, with its ``dataset_meta``."""
    return init_model(cfg.copy(), checkpoint, device='cpu')  # which changes its config


def load_estimator(cfg: Config, checkpoint: str) -> TopdownPoseEstimator:
    """Build the config's estimator with the weights of a checkpoint.

    Raises:
        InputError: If there is no such file, or it does not fit the config.
    """
    checks.check_file(checkpoint, 'checkpoint', 'a checkpoint file or a URL')
    estimator = build_estimator(cfg, checkpoint)
    checks.check_checkpoint(estimator, checkpoint)
    return estimator
