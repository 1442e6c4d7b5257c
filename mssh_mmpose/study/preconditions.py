"""Checks of a study's variants before the first training."""

import json

from mmengine.config import Config
from mmpose.registry import DATASETS

from ..analysis import ModelCost, model_cost
from ..checks import check_file, check_schedule
from ..config import counts_epochs, type_name
from ..config_errors import text_of
from ..dataset_config import with_settings
from ..errors import InputError
from ..evaluation.keypoint_metric import KeypointMetric
from ..evaluation.predictions import keypoint_metrics
from .plan import Study, Variant


def check_study(study: Study) -> dict[str, ModelCost]:
    """Check a study before its first training.

    Returns:
        The cost of each variant's network.

    Raises:
        InputError: If a variant cannot be trained or compared; names it.
    """
    configs = {v.name: v.make_config(v.seeds[0]) for v in study.variants}
    for variant in study.variants:
        check_epochs(variant, configs[variant.name])
        check_start(variant, configs[variant.name])
    check_comparable(configs)
    check_data(configs)
    return {v.name: cost_of(v, configs[v.name]) for v in study.variants}


def check_epochs(variant: Variant, cfg: Config) -> None:
    """Raise InputError unless the training has whole epochs, their checkpoints and a log."""
    if counts_epochs(cfg) is False or cfg.train_cfg.get('max_epochs') is None:
        raise InputError(
            f'variant {variant.name}: {variant.config} must train by epochs; set '
            'train_cfg.max_epochs.'
        )
    hook = (cfg.get('default_hooks') or {}).get('checkpoint', {})
    usual = dict(save_last=True, out_dir=None, filename_tmpl='epoch_{}.pth')
    usual |= dict(save_optimizer=True, save_param_scheduler=True)  # to continue a run
    if hook is None or any(hook.get(name, value) != value for name, value in usual.items()):
        raise InputError(
            f'variant {variant.name}: a study needs epoch_N.pth of the last epoch in the work dir; '
            f'default_hooks.checkpoint must not be None, nor change {", ".join(usual)}.'
        )
    hooks = {'logger': {}, 'timer': {}} | (cfg.get('default_hooks') or {})
    visualizer = cfg.get('visualizer') or dict(vis_backends=dict(type='LocalVisBackend'))
    backends = visualizer.get('vis_backends') or []
    backends = [backends] if isinstance(backends, dict) else backends
    kept = 'LocalVisBackend' in map(type_name, backends)
    if hooks['logger'] is None or hooks['timer'] is None or not kept:
        raise InputError(
            f'variant {variant.name}: a study reads the log of its runs; default_hooks.logger and '
            "timer must not be None, and visualizer.vis_backends must have a 'LocalVisBackend'."
        )
    try:
        check_schedule(cfg)
    except InputError as error:
        raise InputError(f'variant {variant.name}: {error}') from error


def check_start(variant: Variant, cfg: Config) -> None:
    """Raise InputError unless the weights to start from are there."""
    if cfg.get('load_from'):
        try:
            check_file(cfg.load_from, 'checkpoint', 'a file saved by tools/train.py, or a URL')
        except InputError as error:
            raise InputError(f'variant {variant.name}, load_from: {error}') from error


def cost_of(variant: Variant, cfg: Config) -> ModelCost:
    """Measure a variant's network; raise InputError if there is none."""
    try:
        return model_cost(cfg)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(
            f'variant {variant.name}: no network can be built from {variant.config} with '
            f'{variant.options}: {error}'
        ) from error


def check_comparable(configs: dict[str, Config]) -> None:
    """Raise InputError unless all variants are tested on the same people, by the same metrics."""
    for name, cfg in configs.items():
        if not metric_names(cfg):
            raise InputError(
                f'variant {name}: the comparison needs in test_evaluator one of PCKhAccuracy, '
                'LSPPCKAccuracy and PCPAccuracy.'
            )
    (first, reference), *others = configs.items()
    for name, cfg in others:
        for what, of in (('test people', people_of_test), ('metrics', metric_names)):
            if of(cfg) != of(reference):
                raise InputError(
                    f'variants {first} and {name} have different {what}: {of(reference)} and '
                    f'{of(cfg)}.'
                )


def check_data(configs: dict[str, Config]) -> None:
    """Raise InputError if a data set cannot be read, or is empty."""
    checked = set()
    for name, cfg in configs.items():
        for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            dataset = (cfg.get(loader) or {}).get('dataset')
            if not dataset:
                continue
            dataset = with_settings(dataset, pipeline=[])
            key = json.dumps(dataset, sort_keys=True, default=str)
            if key in checked:
                continue
            try:
                DATASETS.build(dataset)
            except (OSError, LookupError, TypeError, ValueError, AssertionError) as error:
                problem = error if isinstance(error, InputError) else text_of(error)
                raise InputError(f'variant {name}, {loader}: {problem}') from error
            checked.add(key)


def people_of_test(cfg: Config) -> dict:
    """Return the settings that decide who is tested: the data set without its pipeline."""
    return with_settings(cfg.test_dataloader.dataset, pipeline=[])


def metric_names(cfg: Config) -> list[str]:
    """Return the names of the metrics by which runs are compared, such as 'PCK@0.2'.

    Raises:
        InputError: If two have the same name.
    """
    names = [metric_name(m) for m in keypoint_metrics(cfg, [])]
    if len(set(names)) < len(names):
        raise InputError(f'test_evaluator has two metrics of one name: {", ".join(names)}.')
    return names


def metric_name(metric: KeypointMetric) -> str:
    """Return a metric's name with its first threshold, such as 'PCK@0.2'."""
    return f'{metric.name}@{metric.thresholds[0]:g}'
