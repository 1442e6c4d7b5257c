"""Configs of data sets, and of those that they wrap."""

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from .config import type_name
from .errors import InputError


def parts(dataset: dict, key: str) -> Iterator[tuple[str, dict]]:
    """Yield (config key, config) of a data set and of those that it wraps."""
    if 'dataset' in dataset:
        yield from parts(dataset['dataset'], f'{key}.dataset')
    for i, part in enumerate(dataset.get('datasets') or []):
        yield from parts(part, f'{key}.datasets.{i}')
    yield key, dataset


def with_settings(dataset: dict, **settings: Any) -> dict:
    """Return a data set's config with these settings.

    MMEngine's wrappers, such as ``RepeatDataset``, have no pipeline; the data sets in them have.

    >>> with_settings(dict(type='RepeatDataset', dataset=dict(type='LSPDataset')), test_mode=True)
    {'type': 'RepeatDataset', 'dataset': {'type': 'LSPDataset', 'test_mode': True}}
    """
    if 'dataset' in dataset:
        return {**dataset, 'dataset': with_settings(dataset['dataset'], **settings)}
    if type_name(dataset) == 'ConcatDataset':
        return {**dataset, 'datasets': [with_settings(d, **settings) for d in dataset['datasets']]}
    return {**dataset, **settings}


def pipeline_of(dataset: dict) -> list[dict]:
    """Return the last steps of a data set's pipeline: its own, or that of the one it wraps.

    >>> pipeline_of(dict(type='RepeatDataset', dataset=dict(pipeline=['LoadImage'])))
    ['LoadImage']
    """
    found = [part['pipeline'] for _, part in parts(dataset, '') if part.get('pipeline')]
    return found[-1] if found else []


def test_pipeline(config: Config) -> list[dict]:
    """Return the steps that make the crops that a network sees in a test.

    Raises:
        InputError: If the config has none.
    """
    pipeline = pipeline_of((config.get('test_dataloader') or {}).get('dataset') or {})
    if not pipeline:
        raise InputError(
            f'config {config.filename or "given"} has no test_dataloader.dataset.pipeline, which '
            'makes the crops that the network sees.'
        )
    return pipeline


def pipeline_steps(dataset: dict) -> list[dict]:
    """Return the steps of all pipelines of a data set and of those that it wraps.

    >>> inner = dict(type='LSPDataset', pipeline=[dict(type='LoadImage'), print])
    >>> pipeline_steps(dict(type='RepeatDataset', dataset=inner))
    [{'type': 'LoadImage'}]
    """
    found = [step for _, part in parts(dataset, '') for step in part.get('pipeline') or []]
    return [step for step in found if isinstance(step, dict)]


def reads_local_images(dataset: dict) -> bool:
    """Whether the pipelines of a data set may load images, and no step names another place.

    Networks that lift 2D poses have no step that loads; other backends of MMEngine read from
    elsewhere.

    >>> load = dict(type='LoadImage')
    >>> reads_local_images(dict(pipeline=[load])), reads_local_images(dict(pipeline=[]))
    (True, True)
    >>> reads_local_images(dict(pipeline=[dict(type='PackPoseInputs')]))
    False
    >>> reads_local_images(dict(pipeline=[load | dict(backend_args=dict(backend='lmdb'))]))
    False
    """
    steps = pipeline_steps(dataset)
    backends = [step.get('backend_args') or {} for step in steps]
    lifts = bool(steps) and not any('Load' in type_name(step) for step in steps)
    return not lifts and all(each.get('backend', 'local') == 'local' for each in backends)
