"""The one way to load a trained network: config and checkpoint in, a checked estimator out."""

import copy
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmpose.apis.inference import dataset_meta_from_config
from mmpose.models import build_pose_estimator
from mmpose.models.pose_estimators.base import BasePoseEstimator
from torch import Tensor, nn

from ..config import find_checkpoint, read_config
from ..errors import InputError
from .checkpoint import meta_of, read_checkpoint, weights_of
from .stored_config import stored_config


def load_network(
    config: Config | str | Path | None, checkpoint: str | Path, device: str = 'cpu'
) -> BasePoseEstimator:
    """Build a network with the weights of a checkpoint, which is read once.

    Args:
        config: Config, its file, or ``package::path``; None for the one inside the checkpoint.
        checkpoint: File or URL of the weights, or the name of a shipped network.
        device: Such as 'cpu' or 'cuda:0'.

    Returns:
        MMPose's estimator in evaluation mode, as ``init_model`` makes it, with the attributes
        ``cfg`` and ``dataset_meta``.

    Raises:
        InputError: If a file is missing or wrong, or the weights do not fit or are invalid.
    """
    source = find_checkpoint(str(checkpoint))
    if isinstance(config, (str, Path)):
        config = read_config(str(config))
    network = assemble_network(config, read_checkpoint(source), source)
    try:
        return network.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise InputError(f'device {device}: {_reason(error)}') from error


def assemble_network(config: Config | None, checkpoint: dict, source: str) -> BasePoseEstimator:
    """Build a network from the content of a checkpoint; see :func:`load_network`.

    Args:
        config: None for the one inside the checkpoint.
        checkpoint: As :func:`read_checkpoint` returns it.
        source: Of the checkpoint, for messages.

    Raises:
        InputError: As :func:`load_network`.
    """
    weights, meta = weights_of(checkpoint, source), meta_of(checkpoint, source)
    if config is None:
        config = stored_config(meta.get('cfg'), source)
    network = build_network(config)
    load_weights(network, weights, source)
    if note := unused_note(network, weights, source):
        print_log(note, 'current')
    network.dataset_meta = meta.get('dataset_meta') or network.dataset_meta
    if not _names_joints(network.dataset_meta):
        raise InputError(
            f'checkpoint {source} does not name the joints (meta["dataset_meta"]), nor does the '
            'train_dataloader of its config; expected one of them.'
        )
    return network


def _names_joints(meta: Any) -> bool:
    names = meta.get('keypoint_id2name') if isinstance(meta, dict) else None
    return isinstance(names, dict) and bool(names) and set(names) == set(range(len(names)))


def build_network(config: Config) -> BasePoseEstimator:
    """Build the estimator of a config on the CPU for inference, with random weights.

    Its ``dataset_meta`` is that of the training data, None if the config names none.

    Raises:
        InputError: If the config has no estimator, or one that cannot be built.
    """
    name = f'config {config.filename or "given"}'
    init_default_scope(config.get('default_scope') or 'mmpose')
    try:
        settings = copy.deepcopy(config.model)
        settings.train_cfg = None
        if 'init_cfg' in settings.backbone:
            settings.backbone.init_cfg = None
        network = revert_sync_batchnorm(build_pose_estimator(settings))
    except Exception as error:
        raise InputError(f'{name}: its model cannot be built: {_reason(error)}') from error
    if not isinstance(network, BasePoseEstimator):
        raise InputError(
            f'{name} describes a {type(network).__name__}; expected a pose estimator of MMPose.'
        )
    network.cfg, network.dataset_meta = config, dataset_meta_from_config(config)
    return network.eval()


def load_weights(model: nn.Module, weights: dict[str, Any], source: str) -> None:
    """Load all weights that a model's predictions depend on, or raise.

    Args:
        model: On any device; not wrapped for distributed training.
        weights: By name, as :func:`weights_of` returns them.
        source: Of the weights, for messages.

    Raises:
        InputError: If a tensor is missing, of another shape or kind (sparse, meta, quantised, an
            array of NumPy), not finite, or all filters are zero. MMEngine only warns and leaves
            random weights. What a loss remembers and BatchNorm's counters decide nothing.
    """
    expected = dict(_deciding(model.state_dict()))
    problems = [f'{key} {problem}' for key, problem in _misfits(expected, weights)]
    if problems:
        problems += [f'{key} is missing' for key in expected if key not in weights]
    else:
        problems = _load(model, weights)
    if problems:
        raise InputError(
            f'checkpoint {source} does not fit the model: {len(problems)} of {len(expected)} '
            f'tensors cannot be used: {listing(problems)}. Expected a whole checkpoint, and the '
            'config that it was trained with.'
        )
    filters = [value for value in model.parameters() if value.ndim > 1]
    if filters and not any(value.any() for value in filters):
        raise InputError(f'checkpoint {source}: all filters are zero; expected a trained network.')


def unused_weights(model: nn.Module, weights: dict[str, Any]) -> list[str]:
    """Return the names of weights that the model does not have."""
    return sorted({key for key, _ in _deciding(weights)} - set(model.state_dict()))


def unused_note(model: nn.Module, weights: dict[str, Any], source: str) -> str | None:
    """Say which weights of a checkpoint the model does not have; None if it has all.

    A config with fewer stacks fits the checkpoint of a network with more, whose first stacks it
    then tests.
    """
    unused = unused_weights(model, weights)
    return f'{source}: the model has no {listing(unused)}' if unused else None


def listing(items: list[str]) -> str:
    """Return the first items as text, and how many more there are.

    Examples:
        >>> listing(['a', 'b', 'c', 'd', 'e'])
        'a; b; c and 2 more'
    """
    shown = '; '.join(items[:3])
    return shown if len(items) <= 3 else f'{shown} and {len(items) - 3} more'


def _deciding(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in state.items():
        if not key.endswith('num_batches_tracked') and '.loss_module.' not in key:
            yield key, value


def _misfits(expected: dict[str, Tensor], weights: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, model in expected.items():
        if key not in weights:
            continue
        value = weights[key]
        if not isinstance(value, Tensor):
            yield key, f'is a {type(value).__name__}, expected a tensor'
        elif value.is_meta or value.is_quantized or value.layout != torch.strided:
            yield key, f'is not an ordinary tensor ({_kind(value)})'
        elif value.shape != model.shape:
            yield key, f'has shape {tuple(value.shape)}, expected {tuple(model.shape)}'
        elif value.is_floating_point() != model.is_floating_point():
            yield key, f'holds {value.dtype}, expected {model.dtype}'


def _kind(value: Tensor) -> str:
    if value.is_meta:
        return 'on the meta device: without values'
    return 'quantised' if value.is_quantized else str(value.layout)


def _load(model: nn.Module, weights: dict[str, Any]) -> list[str]:
    """Load the weights and return the problems; the model's hooks may rename weights first."""
    kept = OrderedDict(weights)
    kept._metadata = getattr(weights, '_metadata', None)  # versions of modules
    for key in [key for key in kept if '.loss_module.' in key]:
        del kept[key]
    try:
        missing = model.load_state_dict(kept, strict=False).missing_keys
    except RuntimeError as error:
        return [_reason(error)]
    missing = dict(_deciding(dict.fromkeys(missing)))
    loaded = dict(_deciding(model.state_dict()))
    infinite = [
        key
        for key, value in loaded.items()
        if value.is_floating_point() and not torch.isfinite(value).all()
    ]
    return [f'{key} is missing' for key in missing] + [f'{key} is not finite' for key in infinite]


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return ' '.join(line.strip() for line in lines[:3]) or type(error).__name__
