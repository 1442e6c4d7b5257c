"""Checkpoint loading, hooks and mixed precision, registered on import."""

from .amp import Bf16OptimWrapper
from .checkpoint import load_from_http, load_from_local, register_safe_loaders
from .hooks import EpochSeedHook, FiniteLossHook, RankMeanHook, SampleVisualizationHook
from .resuming import ResumedValidationHook
from .starting_weights import StartingWeightsHook
from .weights_hook import KeypointWeightsHook
from .whole_checkpoints import WholeCheckpointHook

__all__ = [
    'SAFE_HOOKS',
    'Bf16OptimWrapper',
    'EpochSeedHook',
    'FiniteLossHook',
    'KeypointWeightsHook',
    'RankMeanHook',
    'ResumedValidationHook',
    'SampleVisualizationHook',
    'StartingWeightsHook',
    'WholeCheckpointHook',
    'load_from_http',
    'load_from_local',
    'register_safe_loaders',
]

SAFE_HOOKS = {
    'starting_weights': 'StartingWeightsHook',
    'rank_mean': 'RankMeanHook',
    'finite_loss': 'FiniteLossHook',
    'resumed_validation': 'ResumedValidationHook',
}
"""Hooks that tools/train.py adds to every config: key in ``default_hooks`` and type. They do
not change the weights of a run."""

register_safe_loaders()
