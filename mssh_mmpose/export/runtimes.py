"""The optional packages of the export, and ONNX models as functions from images to outputs."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import numpy as np

from ..optional import install_command

Function = Callable[[np.ndarray], list[np.ndarray]]


def require(name: str) -> ModuleType:
    """Import an optional package or one of its modules.

    Raises:
        ImportError: If it does not import; says how to install it.

    Examples:
        >>> require('json').dumps([1])
        '[1]'
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f'{name} does not import ({error}); export needs "{install_command("export")}".'
        ) from error


def onnxruntime_function(model: bytes, threads: int | None = None) -> Function:
    """Return a function from images (B, 3, H, W) to the outputs, run by ONNX Runtime on the CPU.

    Args:
        model: Content of an ONNX file.
        threads: As many as there are cores by default.
    """
    runtime = require('onnxruntime')
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3  # errors
    session = runtime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})


def openvino_function(
    model: bytes, threads: int | None = None, precision: str | None = 'f32'
) -> Function:
    """Return a function from images (B, 3, H, W) to the outputs, run by OpenVINO on the CPU.

    Args:
        model: Content of an ONNX file.
        threads: As many as there are cores by default.
        precision: 'f32', or None for OpenVINO's own choice, which is bfloat16 where the processor
            has instructions for it.
    """
    openvino = require('openvino')
    settings = {'PERFORMANCE_HINT': 'LATENCY'}
    if threads:
        settings['INFERENCE_NUM_THREADS'] = threads
    if precision:
        settings['INFERENCE_PRECISION_HINT'] = precision
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model), 'CPU', settings)

    def run(images: np.ndarray) -> list[np.ndarray]:
        results = compiled(images)
        return [results[output] for output in compiled.outputs]

    return run
