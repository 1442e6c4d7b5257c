"""Export a network to an ONNX file and check that its outputs are those of PyTorch.

The input is a batch of crops, uint8, BGR, (B, 3, H, W), as MMPose's pipelines make them: the
normalisation is in the graph. The output is the last stack's heatmaps, or with --decode keypoints
(B, K, 2) in pixels of the crop, scores (B, K) and, for signed heatmaps, visible (B, K). There is no
flip test. Sizes other than the batch are fixed. Needs requirements/export.txt.
"""

import argparse
from collections.abc import Sequence

import arguments
import command

NUM_CROPS = 16
ROUNDS = 4


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_any_network(
        parser, 'output', 'OUT.onnx', arguments.output_file('.onnx'), 1, 'file to write'
    )
    parser.add_argument('--decode', action='store_true', help='return keypoints, not heatmaps')
    parser.add_argument(
        '--images',
        nargs='+',
        type=arguments.existing_file,
        metavar='FILE',
        help=f'pictures to compare on (default: {NUM_CROPS} people of the test data set)',
    )
    parser.add_argument(
        '--data-licence',
        metavar='TEXT',
        help='terms of the training data (not stated; see the terms of the data set)',
    )
    parser.add_argument(
        '--benchmark',
        action='store_true',
        help='time PyTorch and the runtimes, on a machine that does nothing else',
    )
    return parser.parse_intermixed_args(argv)


def load_crops(network, args: argparse.Namespace):
    """Return the crops to compare on, a tensor (N, 3, H, W)."""
    from mssh_mmpose import checks
    from mssh_mmpose.dataset_config import parts
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.export.crops import crops_of_dataset, crops_of_images, test_dataset

    if args.images:
        return crops_of_images(network, args.images)
    try:
        if any('type' not in part for _, part in parts(network.cfg.test_dataloader.dataset, '')):
            raise InputError(
                'the data set in the checkpoint is of a type of your own: name CONFIG CHECKPOINT.'
            )
        checks.check_datasets(network.cfg, ('test_dataloader',))
    except InputError as error:
        raise InputError(f'{error} Or name pictures to compare on by --images.') from error
    return crops_of_dataset(test_dataset(network.cfg), NUM_CROPS)


def main(args: argparse.Namespace) -> None:
    import torch

    from mssh_mmpose.engine.loading import load_network
    from mssh_mmpose.export.metadata import NO_LICENCE, model_metadata, write_metadata
    from mssh_mmpose.export.network import CONTINUOUS, DeployedNetwork, check_heatmap_config
    from mssh_mmpose.export.onnx_graph import OPSET, export_network
    from mssh_mmpose.export.parity import check_parity, compare, reference_outputs, run_batches
    from mssh_mmpose.export.runtimes import onnxruntime_function
    from mssh_mmpose.export.speed import all_functions, print_missing, speed_table
    from mssh_mmpose.files import write_whole

    estimator = load_network(args.config, args.checkpoint)
    cfg = estimator.cfg
    check_heatmap_config(cfg)
    network = DeployedNetwork(estimator, cfg.model.data_preprocessor, args.decode)
    names, licence = network.output_names, args.data_licence or NO_LICENCE
    metadata = model_metadata(cfg, estimator.dataset_meta, names, licence)
    images = load_crops(estimator, args)
    model = export_network(network)
    write_metadata(model, dict(metadata, opset=OPSET))
    content = model.SerializeToString()
    outputs = run_batches(onnxruntime_function(content), images)
    differences = compare(outputs, reference_outputs(estimator, images, names), names)
    for name, value in differences.items():
        what = 'largest difference' if name in CONTINUOUS else 'share that differs'
        print(f'{name}, {what} from PyTorch on {len(images)} pictures: {value:.2g}')
    check_parity(differences)
    write_whole(content, args.output)
    print(f'wrote {args.output}: opset {OPSET}, {len(content) / 2**20:.1f} MiB')
    if args.benchmark:
        print(f'\n{torch.get_num_threads()} threads, torch {torch.__version__}')
        functions = all_functions(network, content)
        print(speed_table(functions, images.numpy(), ROUNDS))
        print_missing(functions)


if __name__ == '__main__':
    command.run(parse_args, main)
