"""Checkpoint loading, hooks and mixed precision, registered on import."""

from .amp import Bf16OptimWrapper
from .checkpoint import load_from_http, load_from_local, register_safe_loaders
from .hooks import EpochSeedHook, FiniteLossHook, RankMeanHook, SampleVisualizationHook
from .resuming import ResumedValidationHook
from .starting_weights import StartingWeightsHook
from .weights_hook import KeypointWeightsHook
from .whole_checkpoints import WholeCheckpointHook

__all__ = [
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

register_safe_loaders()
