"""Which settings of a config decide the numbers of a run."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from mmpose.registry import MODELS

from ..config import default_arguments, type_name
from ..engine import SAFE_HOOKS

# Settings of the training that count as they are; training_settings treats the others.
TRAINING = (
    'optim_wrapper', 'param_scheduler', 'randomness', 'sync_bn', 'compile', 'data_preprocessor',
)  # fmt: skip
# How the processes are fed, and when a validation runs: with EpochSeedHook neither changes a
# number, but for a schedule that looks at the scores. ``num_workers`` does, because every worker
# draws its own random numbers.
IGNORED = {
    'train_dataloader': ('persistent_workers', 'pin_memory', 'prefetch_factor'),
    'train_cfg': ('val_interval', 'val_begin', 'dynamic_intervals'),
}
# Hooks that only observe, draw, save or stop; all others count. By key in ``default_hooks``...
OBSERVERS = (
    'runtime_info',
    'timer',
    'logger',
    'checkpoint',
    'visualization',
    'badcase',
    *SAFE_HOOKS,
)
# ... and by type in ``custom_hooks``.
CUSTOM_OBSERVERS = ('KeypointWeightsHook',)
# MMEngine's runner adds these by default.
DEFAULT_HOOKS = {
    'sampler_seed': {'type': 'DistSamplerSeedHook'},
    'param_scheduler': {'type': 'ParamSchedulerHook'},
}


class Fingerprint(NamedTuple):
    """Hashes of what decides the weights of a run, and what decides its test."""

    training: str
    test: str

    def __str__(self) -> str:
        return f'{self.training}-{self.test}'


def fingerprint(cfg: Config) -> Fingerprint:
    """Compute the identity of a run from its whole config."""
    settings = cfg.to_dict()
    return Fingerprint(_hash(training_settings(settings)), _hash(test_settings(settings)))


def training_settings(settings: dict) -> dict:
    """Return what decides the weights: model, data, optimiser, schedule, hooks, seed, precision.

    Arguments of the model's parts that repeat the default of their class are left out. Defaults
    never change, because checkpoints hold configs.

    Args:
        settings: A whole config.
    """
    model = {key: value for key, value in settings['model'].items() if key != 'test_cfg'}
    head = {key: value for key, value in (model.get('head') or {}).items() if key != 'decoder'}
    found = {'model': _without_defaults({**model, 'head': head}), 'hooks': _hooks(settings)}
    found |= {key: settings[key] for key in TRAINING if settings.get(key)}
    if settings.get('load_from'):
        found['load_from'] = _weights(settings['load_from'])
    by_scores = 'ReduceOnPlateau' in _text(settings.get('param_scheduler'))
    for section, ignored in IGNORED.items():
        if section == 'train_cfg' and by_scores:
            ignored = ()
        found[section] = {k: v for k, v in settings[section].items() if k not in ignored}
    if by_scores:
        found['validation'] = test_settings(settings, 'val')
    if (settings.get('auto_scale_lr') or {}).get('enable'):
        found['auto_scale_lr'] = settings['auto_scale_lr']
    return found


def test_settings(settings: dict, split: str = 'test') -> dict:
    """Return what decides the scores of given weights: test people, their pipeline, metrics.

    Args:
        settings: A whole config.
        split: 'test' or 'val'.
    """
    model, evaluator = settings['model'], settings.get(f'{split}_evaluator')
    half = (settings.get(f'{split}_cfg') or {}).get('fp16')
    return {
        'model': model.get('test_cfg'),
        'decoder': (model.get('head') or {}).get('decoder'),
        'data': (settings.get(f'{split}_dataloader') or {}).get('dataset'),
        'metrics': [evaluator] if isinstance(evaluator, dict) else evaluator,
        **({'fp16': half} if half else {}),
    }


def _weights(path: str) -> str:
    """Return the hash of a file, which counts wherever the file is, or else the path itself."""
    file = Path(path)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else path


def _hooks(settings: dict) -> list[dict]:
    default = DEFAULT_HOOKS | (settings.get('default_hooks') or {})
    custom = settings.get('custom_hooks') or []
    hooks = [hook for key, hook in default.items() if hook and key not in OBSERVERS]
    return [*hooks, *(hook for hook in custom if type_name(hook) not in CUSTOM_OBSERVERS)]


def _without_defaults(part: Any) -> Any:
    """Drop the arguments of a model's parts that repeat a default, at all depths."""
    if isinstance(part, (list, tuple)):
        return [_without_defaults(each) for each in part]
    if not isinstance(part, dict):
        return part
    kind = MODELS.get(part['type']) if isinstance(part.get('type'), str) else None
    defaults = default_arguments(kind) if isinstance(kind, type) else {}
    return {
        name: _without_defaults(value)
        for name, value in part.items()
        if name not in defaults or _text(value) != _text(defaults[name])
    }


def _text(settings: Any) -> str:
    return json.dumps(settings, sort_keys=True, default=str)


def _hash(settings: dict) -> str:
    return hashlib.sha256(_text(settings).encode()).hexdigest()[:12]
