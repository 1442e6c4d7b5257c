"""Post-training quantisation of an exported network to 8-bit integers."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from torch import Tensor

from ..errors import InputError
from .runtimes import require

QUANTIZED_TYPES = ('Conv', 'Add', 'Concat', 'MaxPool', 'Relu', 'Resize')
_BATCH = 16


def quantize(model: bytes, images: Tensor) -> bytes:
    """Quantise convolutions and layers between them; return the content of a new ONNX file.

    Weights have a scale per channel; activations (unsigned) have the range found on the images. The
    score maps and the decoding stay in float32, because steps of 1/255 would shift flat peaks.
    Weights have 7 bits: with 8, processors without VNNI instructions overflow in the sum of
    two products.

    Args:
        model: Content of an ONNX file in float32.
        images: Crops for calibration, (N, 3, H, W), uint8, BGR.

    Raises:
        InputError: If the model is quantised already.
    """
    quantization = require('onnxruntime.quantization')
    prepare = require('onnxruntime.quantization.shape_inference').quant_pre_process
    onnx = require('onnx')
    if is_quantized(onnx.load_from_string(model)):
        raise InputError('it is quantised already; expected a network in float32.')
    with TemporaryDirectory() as folder:
        source, prepared, result = (Path(folder, f'{name}.onnx') for name in 'abc')
        source.write_bytes(model)
        # Folds batch norms into the convolutions before them.
        prepare(source, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            result,
            _Batches(images),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTIZED_TYPES),
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            nodes_to_exclude=nodes_from_score_maps(onnx.load(prepared)),
        )
        return result.read_bytes()


def nodes_from_score_maps(model: Any) -> list[str]:
    """Return the names of the nodes from the convolutions of the score maps to the outputs.

    Several stacks have score maps where their mean is predicted. The decoding may have a
    convolution, too: its blur, of one channel.

    Args:
        model: An ``onnx.ModelProto``.

    Raises:
        InputError: If it has no convolution.
    """
    shapes = {weights.name: list(weights.dims) for weights in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    found, waiting, reached = [], [output.name for output in model.graph.output], False
    while waiting:
        node = makers.pop(waiting.pop(), None)
        if node is None:
            continue
        found.append(node.name)
        if node.op_type == 'Conv' and shapes.get(node.input[1], [])[:2] != [1, 1]:
            reached = True
        else:
            waiting += node.input
    if not reached:
        raise InputError('it has no convolutions to quantise.')
    return found


def is_quantized(model: Any) -> bool:
    """Whether an ``onnx.ModelProto`` has quantised tensors."""
    return any(node.op_type == 'QuantizeLinear' for node in model.graph.node)


class _Batches:
    """Batches of images, as ONNX Runtime's calibration asks for them."""

    def __init__(self, images: Tensor):
        self.parts = iter(images.split(_BATCH))

    def get_next(self) -> dict[str, np.ndarray] | None:
        part = next(self.parts, None)
        return None if part is None else {'images': part.numpy()}
