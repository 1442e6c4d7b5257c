"""From a network to an ONNX graph."""

import warnings
from typing import Any

import torch

from .network import DeployedNetwork
from .runtimes import require

OPSET = 18
"""The opset that PyTorch's exporter is written for; newer ones are converted from it."""


def export_network(network: DeployedNetwork) -> Any:
    """Export a network with a batch of any size.

    By ``torch.export`` (``dynamo=True``), because PyTorch has declared the older exporter obsolete;
    it also folds constants and drops what has no use, after which an ONNX simplifier finds nothing
    more. Sizes other than the batch are constants of the graph.

    Returns:
        ``onnx.ModelProto`` with the input ``images`` and the network's ``output_names``.
    """
    require('onnx')
    require('onnxscript')
    width, height = network.input_size
    example = torch.zeros(2, 3, height, width, dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        program = torch.onnx.export(
            network.eval(),
            (example,),
            input_names=['images'],
            output_names=list(network.output_names),
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim('batch')},),
            verbose=False,
        )
    model = program.model_proto
    strip_debug(model)
    return model


def strip_debug(model: Any) -> None:
    """Remove the exporter's notes from an ``onnx.ModelProto``: they name files of this machine."""
    graph = model.graph
    parts = [*graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output]
    for part in [graph, *parts]:
        del part.metadata_props[:]
        part.doc_string = ''
