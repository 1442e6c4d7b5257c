"""Draw the curves of PCK, PCKh and PCP over their thresholds for several runs in one picture."""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_config(parser, 'config whose test data set and test_evaluator are used')
    arguments.add_labelled(
        parser, 'predictions', arguments.existing_file, '.pkl of tools/test.py --dump, .npz or .mat'
    )
    parser.add_argument(
        '--out',
        type=arguments.output_file(*arguments.FIGURES),
        default='work_dirs/pck.png',
        help='picture to write (%(default)s)',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.evaluation.predictions import (
        add_predictions,
        dataset_joints,
        dataset_truth,
        keypoint_metrics,
        read_predictions,
        read_test_config,
    )
    from mssh_mmpose.pictures import write_figure
    from mssh_mmpose.visualization import plot_pck

    cfg = read_test_config(args.config)
    runs = {}
    dataset = cfg.test_dataloader.dataset
    truth, joints = dataset_truth(dataset), dataset_joints(dataset)
    for label, path in args.predictions.items():
        samples = add_predictions(truth, read_predictions(path, joints))
        runs[label] = keypoint_metrics(cfg, samples)
        if not runs[label]:
            raise InputError(f'no test metric of {args.config} has a curve.')
    write_figure(plot_pck(runs), args.out)
    print(f'Picture: {args.out}')


if __name__ == '__main__':
    command.run(parse_args, main)
