"""Checkpoint loading, hooks and mixed precision, registered on import."""

from .amp import Bf16OptimWrapper
from .checkpoint import load_from_http, load_from_local, register_safe_loaders
from .hooks import EpochSeedHook, SampleVisualizationHook
from .weights_hook import KeypointWeightsHook

__all__ = [
    'Bf16OptimWrapper',
    'EpochSeedHook',
    'KeypointWeightsHook',
    'SampleVisualizationHook',
    'load_from_http',
    'load_from_local',
    'register_safe_loaders',
]

register_safe_loaders()
