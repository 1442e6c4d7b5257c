"""Sizes of networks, without making their weights."""

import json
from functools import lru_cache

import torch
from mmengine.config import ConfigDict
from mmpose.registry import MODELS


def number_of_parameters(model: ConfigDict) -> int:
    """Return the parameters of a config's ``model``; equal ones are counted once."""
    return _count(json.dumps(model.to_dict(), sort_keys=True))


@lru_cache
def _count(model: str) -> int:
    with torch.device('meta'):
        network = MODELS.build({**json.loads(model), 'data_preprocessor': None})
    return sum(p.numel() for p in network.parameters())
