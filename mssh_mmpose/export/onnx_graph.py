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

    It uses ``torch.export`` (``dynamo=True``), because PyTorch has declared the older exporter
    obsolete. This also folds constants and removes unused parts; an ONNX simplifier finds nothing
    more. Only the batch size is variable.

    Returns:
        ``onnx.ModelProto`` with the input ``images`` and the network's ``output_names``.

    Raises:
        InputError: If the network does not return heatmaps.
    """
    require('onnx')
    require('onnxscript')
    width, height = network.input_size
    example = torch.zeros(2, 3, height, width, dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        network.eval()(example)  # its own errors, which the exporter would wrap in pages of text
        program = torch.onnx.export(
            network,
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
