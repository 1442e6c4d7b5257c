"""Quantise an exported network to 8-bit integers and measure the costs and gains.

Calibrates on training people of the config, without augmentation, and tests the float and the
quantised network by the config's test metrics, both without flip test, in ONNX Runtime. MODEL.onnx
is a file of tools/export_onnx.py, with or without --decode. Needs requirements/export.txt.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import arguments
import command

if TYPE_CHECKING:
    from mmengine.config import Config

ROUNDS = 4


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_config(parser)
    parser.add_argument('model', type=arguments.existing_file, help='file of tools/export_onnx.py')
    parser.add_argument('output', type=arguments.output_file('.onnx'), help='ONNX file to write')
    parser.add_argument(
        '--count',
        type=arguments.integer(1),
        default=256,
        help='people to calibrate on (%(default)s)',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mmengine.registry import init_default_scope

    from mssh_mmpose import checks
    from mssh_mmpose.config import read_config
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.export.crops import crops_of_dataset, training_dataset
    from mssh_mmpose.export.metadata import metadata_of, write_metadata
    from mssh_mmpose.export.network import check_heatmap_config
    from mssh_mmpose.export.quantization import quantize
    from mssh_mmpose.export.runtimes import require
    from mssh_mmpose.files import write_whole

    checks.check_not_input(args.output, args.model)
    cfg = read_config(args.config)
    check_heatmap_config(cfg)
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    metadata = metadata_of(args.model, cfg)
    checks.check_datasets(cfg, ('train_dataloader', 'test_dataloader'))
    checks.check_joint_evaluator(cfg)
    checks.check_mpii_pair(cfg, 'test')
    checks.check_tested_occlusion(cfg, 'test')
    images = crops_of_dataset(training_dataset(cfg), args.count)
    content = Path(args.model).read_bytes()
    try:
        quantized = require('onnx').load_from_string(quantize(content, images))
    except ValueError as error:
        raise InputError(f'model {args.model}: {error}') from error
    write_metadata(quantized, dict(metadata, precision='int8', calibrated_on=len(images)))
    smaller = quantized.SerializeToString()
    write_whole(smaller, args.output)
    sizes = f'{len(smaller) / 2**20:.1f} MiB instead of {len(content) / 2**20:.1f}'
    print(f'wrote {args.output}: {sizes}, calibrated on {len(images)} people')
    compare(content, smaller, metadata['outputs'], cfg)


def compare(content: bytes, smaller: bytes, names: list[str], cfg: 'Config') -> None:
    """Print accuracy and speed of the float and the quantised network."""
    import torch

    from mssh_mmpose.export.crops import crops_of_dataset, test_dataset
    from mssh_mmpose.export.evaluation import evaluate, metrics_table
    from mssh_mmpose.export.runtimes import onnxruntime_function
    from mssh_mmpose.export.speed import precision_functions, print_missing, speed_table

    dataset = test_dataset(cfg)
    metrics = {
        kind: evaluate(onnxruntime_function(data), names, cfg)
        for kind, data in (('float32', content), ('int8', smaller))
    }
    print(f'\n{len(dataset)} test people, no flip test\n{metrics_table(metrics)}')
    functions = precision_functions(content, smaller)
    speed = speed_table(functions, crops_of_dataset(dataset, 16).numpy(), ROUNDS)
    print(f'\n{torch.get_num_threads()} threads\n{speed}')
    print_missing(functions)


if __name__ == '__main__':
    command.run(parse_args, main)
