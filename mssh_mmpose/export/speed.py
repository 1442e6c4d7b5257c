"""Time of one forward pass, in PyTorch and in the runtimes of exported networks."""

import copy
import shutil
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch

from ..markdown import markdown_table
from ..timing import fastest
from .network import DeployedNetwork
from .runtimes import Function, onnxruntime_function, openvino_function

BATCHES = (1, 16)
_CALLS = 5  # ONNX Runtime's threads spin on for some milliseconds after a call
_FIRST = 'PyTorch, contiguous'


def pytorch_functions(network: DeployedNetwork) -> dict[str, Function]:
    """Return the ways to run a network in PyTorch.

    Without a C++ compiler ``torch.compile`` cannot work and is left out.
    """

    def run(variant: Callable, bf16: bool, images: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad(), torch.autocast('cpu', torch.bfloat16, enabled=bf16):
            outputs = variant(torch.from_numpy(images))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return [output.float().numpy() for output in outputs]

    layouts = {
        name: copy.deepcopy(network).eval().to(memory_format=layout)
        for name, layout in (
            ('contiguous', torch.contiguous_format),
            ('channels-last', torch.channels_last),
        )
    }
    functions = {
        _FIRST: partial(run, layouts['contiguous'], False),
        'PyTorch, channels-last': partial(run, layouts['channels-last'], False),
        'PyTorch, channels-last, bfloat16': partial(run, layouts['channels-last'], True),
    }
    if shutil.which('c++') or shutil.which('g++'):
        compiled = torch.compile(layouts['channels-last'])
        functions['torch.compile, channels-last'] = partial(run, compiled, False)
    return functions


def all_functions(network: DeployedNetwork, model: bytes) -> dict[str, Function]:
    """Return PyTorch's ways and those of the installed runtimes, with PyTorch's threads."""
    return {
        **pytorch_functions(network),
        'ONNX Runtime': onnxruntime_function(model, torch.get_num_threads()),
        **_openvino_functions(model),
    }


def precision_functions(model: bytes, quantized: bytes) -> dict[str, Function]:
    """Return a network in float32 and in int8 by the runtimes that are installed."""
    threads = torch.get_num_threads()
    return {
        'ONNX Runtime, float32': onnxruntime_function(model, threads),
        'ONNX Runtime, int8': onnxruntime_function(quantized, threads),
        **_openvino_functions(model, quantized),
    }


def _openvino_functions(model: bytes, quantized: bytes | None = None) -> dict[str, Function]:
    """Return nothing if OpenVINO is not installed."""
    if not find_spec('openvino'):
        return {}
    threads = torch.get_num_threads()
    functions = {
        'OpenVINO, float32': openvino_function(model, threads),
        'OpenVINO, its own choice of precision': openvino_function(model, threads, None),
    }
    if quantized is not None:
        functions['OpenVINO, int8'] = openvino_function(quantized, threads)
    return functions


def print_missing(functions: dict[str, Function]) -> None:
    """Say that OpenVINO is missing if it is."""
    if not any(name.startswith('OpenVINO') for name in functions):
        print('without OpenVINO, which is not installed')


def speed_table(functions: dict[str, Function], images: np.ndarray, rounds: int) -> str:
    """Time all functions on batches of 1 and 16 and describe them as a Markdown table.

    Args:
        functions: The first is what the others are compared with.
        images: (N, 3, H, W), uint8; repeated where a batch has more.
        rounds: Turns of each function.
    """
    batches = [np.resize(images, (batch, *images.shape[1:])) for batch in BATCHES]
    times = [
        fastest({name: partial(f, batch) for name, f in functions.items()}, rounds, _CALLS)
        for batch in batches
    ]
    reference = next(iter(functions.values()))(batches[-1])
    index = 0 if len(reference) == 1 else 1  # heatmaps, or scores
    columns = [title for n in BATCHES for title in (f'batch {n}: ms per image', 'speed-up')]
    rows = []
    for name, function in functions.items():
        cells = []
        for batch, seconds in zip(BATCHES, times):
            speed_up = next(iter(seconds.values())) / seconds[name]
            cells += [f'{1000 * seconds[name] / batch:.2f}', f'{speed_up:.2f}']
        difference = np.abs(function(batches[-1])[index] - reference[index]).max()
        rows.append([name, *cells, f'{difference:.1g}'])
    return markdown_table(['runtime', *columns, 'largest difference'], rows)
