"""Size and cost of networks."""

from typing import NamedTuple

import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class ModelCost(NamedTuple):
    """Cost of one image: parameters, multiply-adds, and the stages' (C, H, W) outputs."""

    parameters: int
    multiply_adds: int
    per_stage: list[int]
    outputs: list[tuple[int, ...]]


def count_multiply_adds(module: nn.Module, input_size: tuple[int, int]) -> dict[str, int]:
    """Count the multiply-adds of one image's forward pass, by the name of the submodule.

    PyTorch's counter: convolutions and matrix products, half of its operations.

    Args:
        module: Takes (B, 3, H, W). Runs where its parameters are, the meta device included.
        input_size: (w, h) in pixels.

    Returns:
        Multiply-adds of every submodule; ``''`` is the whole.
    """
    width, height = input_size
    image = torch.zeros(1, 3, height, width, device=next(module.parameters()).device)
    # The counter reads no values, but batch statistics of 1x1 maps would be an error.
    training = module.training
    module.eval()
    with torch.no_grad(), FlopCounterMode(display=False, depth=None) as counter:
        module(image)
    module.train(training)
    counts = {name: sum(flops.values()) // 2 for name, flops in counter.get_flop_counts().items()}
    prefix = type(module).__name__
    named = {name[len(prefix) + 1 :]: n for name, n in counts.items() if name.startswith(prefix)}
    return {**named, '': counts['Global']}


def model_cost(cfg: Config) -> ModelCost:
    """Measure the backbone, neck and head that a config describes, on the meta device.

    Args:
        cfg: Config of a top-down model; the input size is its decoder's.

    Returns:
        The cost; ``per_stage`` has the multiply-adds of each stack of an :class:`MSSHNet` and is
        empty for other backbones.
    """
    with torch.device('meta'):
        model = MODELS.build({**cfg.model, 'data_preprocessor': None})
    parts = [getattr(model, name, None) for name in ('backbone', 'neck', 'head')]
    network = nn.Sequential(*(part for part in parts if part is not None))
    input_size = cfg.model.head.decoder.input_size
    outputs = []
    network.register_forward_hook(lambda network, images, found: outputs.append(found))
    counts = count_multiply_adds(network, input_size)
    stacks = len(getattr(network[0], 'stacks', ()))
    if not torch.is_tensor(outputs[0]):  # of MMPose's heads of one stage
        (outputs,) = outputs
    return ModelCost(
        sum(p.numel() for p in network.parameters()),
        counts[''],
        [counts[f'0.stacks.{j}'] for j in range(stacks)],
        [tuple(output.shape[1:]) for output in outputs],
    )
