"""Score saved predictions with the metrics of a config, without a network.

The data set's images must be there, but are not opened.

Predictions are what tools/test.py --dump wrote (matched by the number of the person), or an array
'pred' (N, K, 2) in pixels in a .npz or .mat file (in the order of the data set). A .npz with the
'names' of the joints may have them in another order.
"""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_config(parser, 'config whose test data set and test_evaluator are used')
    parser.add_argument('predictions', type=arguments.existing_file, help='.pkl, .npz or .mat')
    parser.add_argument(
        '--ground-truth',
        type=arguments.existing_file,
        metavar='MAT',
        help="score against MPII's mpii_gt_val.mat instead of the data set",
    )
    parser.add_argument(
        '--one-based', action='store_true', help='the predictions count pixels from 1'
    )
    arguments.add_metrics_files(parser)
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import checks
    from mssh_mmpose.datasets.mpii_meta import MPII_JOINTS
    from mssh_mmpose.evaluation.predictions import (
        add_predictions,
        dataset_joints,
        dataset_truth,
        fill_metrics,
        mpii_truth,
        read_predictions,
        read_test_config,
    )
    from mssh_mmpose.evaluation.tables import results_table, save_scores
    from mssh_mmpose.files import write_whole

    for output in filter(None, (args.out, args.table)):
        checks.check_not_input(output, args.predictions)
    cfg = read_test_config(args.config, needs_people=not args.ground_truth)
    if args.ground_truth:
        truth, joints = mpii_truth(args.ground_truth), MPII_JOINTS
    else:
        dataset = cfg.test_dataloader.dataset
        truth, joints = dataset_truth(dataset), dataset_joints(dataset)
    predictions = read_predictions(args.predictions, joints, one_based=args.one_based)
    samples = add_predictions(truth, predictions)
    scores = {}
    for metric in fill_metrics(cfg, samples):
        scores.update(metric.evaluate(len(samples)))
    table = results_table(scores)
    print(table)
    if args.out:
        save_scores(scores, args.out)
    if args.table:
        write_whole(table + '\n', args.table)


if __name__ == '__main__':
    command.run(parse_args, main)
