"""Checks that end a command before any work starts."""

import os
import os.path as osp
import tempfile
from collections.abc import Iterator, Sequence

from mmengine.config import Config
from mmengine.logging import print_log

from .config import counts_epochs, metric_configs, one_cycles, type_name
from .dataset_config import parts, pipeline_steps, reads_local_images
from .errors import InputError
from .names import is_remote

CHECKPOINT_HOOKS = ('CheckpointHook', 'WholeCheckpointHook')


def check_file(path: str, what: str, expected: str) -> None:
    """Raise InputError unless ``path`` is a file or remote."""
    if is_remote(path) or osp.isfile(path):
        return
    problem = 'is a folder' if osp.isdir(path) else 'not found'
    raise InputError(f'{what} {path} {problem}; expected {expected}.')


def check_not_input(output: str, *inputs: str) -> None:
    """Raise InputError if a file that is to be written is one of those that are read."""
    if os.path.realpath(output) in map(os.path.realpath, inputs):
        raise InputError(f'{output} is an input, too; choose another name for the output.')


def check_writable(folder: str, option: str) -> None:
    """Create the folder if need be; raise InputError if files cannot be written into it."""
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f'{option} {folder}: cannot be written ({error.strerror}); expected a writable folder.'
        ) from error


def check_datasets(cfg: Config, loaders: Sequence[str]) -> None:
    """Raise InputError if files of the loaders' data sets are missing, naming all of them."""
    missing = {}
    for loader in loaders:
        if cfg.get(loader) is None:
            continue
        dataset = cfg[loader].get('dataset')
        if not isinstance(dataset, dict):
            raise InputError(f"{loader}.dataset: expected dict(type='...'), got {dataset!r}.")
        local = reads_local_images(dataset)
        for key, path in dataset_paths(dataset, f'{loader}.dataset'):
            if '.data_prefix.' in key and not local:
                continue
            if not is_remote(path) and not osp.exists(path):
                missing.setdefault(osp.abspath(path), key)
    if missing:
        listing = ', '.join(f'{path} ({key})' for path, key in missing.items())
        raise InputError(
            f'data set not found: {listing}. Put it there, or give its place by --cfg-options, '
            'for example train_dataloader.dataset.data_root=DIR.'
        )


def check_schedule(cfg: Config) -> None:
    """Raise InputError unless epochs and iterations are whole numbers that fit the schedule.

    Checkpoints must be written at the ends of epochs if these are counted: a training cannot be
    continued in the middle of one.
    """
    for name in ('max_epochs', 'max_iters', 'val_interval'):
        value = (cfg.get('train_cfg') or {}).get(name, 1)
        if type(value) is not int or value < 1:
            raise InputError(
                f'train_cfg.{name}: expected a whole number of at least 1, got {value!r}.'
            )
    check_one_cycle(cfg)
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    epochs, found = counts_epochs(cfg), hook.get('by_epoch', True)
    if type_name(hook) in CHECKPOINT_HOOKS and epochs is not None and found != epochs:
        raise InputError(
            f'default_hooks.checkpoint.by_epoch is {found} in a training by '
            f'{"epochs" if epochs else "iterations"}: set it to {epochs}, or leave it out.'
        )


def check_one_cycle(cfg: Config) -> None:
    """Raise InputError if the training has more epochs than its one-cycle schedule.

    With fewer the learning rate does not come down, which a warning says.
    """
    epochs = (cfg.get('train_cfg') or {}).get('max_epochs')
    for key, each in one_cycles(cfg).items():
        steps = each.get('total_steps')
        if not each.get('by_epoch', True) or epochs is None or steps in (None, epochs):
            continue
        text = (
            f'train_cfg.max_epochs is {epochs}, the one-cycle schedule has {steps}: set '
            f'{key}.total_steps={epochs}, too'
        )
        if epochs > steps:
            raise InputError(f'{text}.')
        print_log(f'warning: {text}, or the learning rate stays high to the end')


def check_mpii_pair(cfg: Config, split: str) -> None:
    """Raise InputError if MMPose's metric of MPII, which counts pixels from 1, meets our data set.

    The other way round, ``PCKhAccuracy`` refuses the data set itself.
    """
    loader = cfg.get(f'{split}_dataloader')
    if not loader:
        return
    types = {type_name(metric) for metric in metric_configs(cfg, split)}
    types |= {type_name(each) for _, each in parts(loader.dataset, '')}
    if {'MpiiPCKAccuracy', 'MPIIOcclusionDataset'} <= types:
        raise InputError(
            f"{split}_evaluator: MMPose's MpiiPCKAccuracy counts pixels from 1, "
            'MPIIOcclusionDataset from 0: every score would be one pixel off. Use PCKhAccuracy, or '
            "MMPose's MpiiDataset."
        )


def check_joint_evaluator(cfg: Config) -> None:
    """Raise InputError if the people of a test's data sets have metrics of their own."""
    if _has_metrics_per_set(cfg, 'test'):
        raise InputError(
            'test_evaluator has a metric per data set, and metrics of all people are needed here: '
            'test the data sets one by one.'
        )


def check_tested_occlusion(cfg: Config, split: str) -> None:
    """Raise InputError if occlusion is tested where ``KeypointConverter`` overwrites the flags."""
    if _has_metrics_per_set(cfg, split):
        return
    steps = map(type_name, _steps(cfg, split))
    metrics = map(type_name, metric_configs(cfg, split))
    if 'OcclusionAccuracy' in metrics and 'KeypointConverter' in steps:
        raise InputError(
            f'{split}_evaluator: OcclusionAccuracy needs to know which joints are occluded, and '
            f'KeypointConverter in {split}_dataloader calls all of them visible. Test on sets of '
            "the network's own joints."
        )


def check_crops(cfg: Config, split: str) -> None:
    """Raise InputError if a pipeline crops to another size than the decoder is for."""
    head = (cfg.get('model') or {}).get('head') or {}
    decoder = head.get('decoder')
    wanted = decoder.get('input_size') if isinstance(decoder, dict) else None
    for step in _steps(cfg, split):
        found = step.get('input_size')
        if type_name(step) == 'TopdownAffine' and wanted and tuple(found) != tuple(wanted):
            raise InputError(
                f'{split}_dataloader: its pipeline crops to {tuple(found)} (w, h), '
                f'model.head.decoder is for {tuple(wanted)}; make_test_pipeline(codecs) makes one '
                'that fits.'
            )


def check_signed_targets(cfg: Config) -> None:
    """Raise InputError if signed heatmaps are trained on people whose flags a converter overwrites.

    MMPose's ``KeypointConverter`` says of every joint that it is to be seen.
    """
    steps = _steps(cfg, 'train')
    encoders = [step['encoder'] for step in steps if step.get('encoder')]
    codecs = [c for found in encoders for c in (found if isinstance(found, list) else [found])]
    if 'SignedHeatmap' in map(type_name, codecs) and 'KeypointConverter' in map(type_name, steps):
        raise InputError(
            'train_dataloader: SignedHeatmap needs to know which joints are occluded, and '
            "KeypointConverter calls all of them visible. Train on sets of the network's own "
            "joints; LSPDataset(joints='mpii') gives those of MPII."
        )


def _has_metrics_per_set(cfg: Config, split: str) -> bool:
    """Whether a split has MMPose's ``MultiDatasetEvaluator``."""
    return 'datasets' in (cfg.get(f'{split}_evaluator') or {})


def _steps(cfg: Config, split: str) -> list[dict]:
    loader = cfg.get(f'{split}_dataloader') or {}
    return pipeline_steps(loader.get('dataset') or {})


def dataset_paths(dataset: dict, key: str) -> Iterator[tuple[str, str]]:
    """Yield (config key, path) of a data set's annotations and images, wrapped ones included.

    Raises:
        InputError: If a ``data_root`` is no path.
    """
    for name, part in parts(dataset, key):
        yield from _own_paths(part, name)


def _own_paths(dataset: dict, key: str) -> Iterator[tuple[str, str]]:
    root = dataset.get('data_root') or ''
    if not isinstance(root, (str, os.PathLike)):
        raise InputError(
            f'{key}.data_root: expected a folder, got {root!r}. On a command line, a path with a '
            'comma needs quotes of its own: "data_root=\'a, b\'".'
        )
    names = {'ann_file': dataset.get('ann_file')}
    for name, path in (dataset.get('data_prefix') or {}).items():
        names[f'data_prefix.{name}'] = path
    for name, path in names.items():
        if isinstance(path, str) and path:
            yield f'{key}.{name}', path if is_remote(path) else osp.join(root, path)
    # MMPose puts data_root before neither of these.
    if dataset.get('bbox_file'):
        yield f'{key}.bbox_file', dataset['bbox_file']
    if dataset.get('headbox_file'):
        prefix = '' if type_name(dataset) == 'MpiiDataset' else root
        yield f'{key}.headbox_file', osp.join(prefix, dataset['headbox_file'])
