"""Score saved predictions with the metrics of a config, without a network and without images.

Predictions are what tools/test.py --dump wrote (matched by the number of the person), or an array
'pred' (N, K, 2) in pixels in a .npz or .mat file (in the order of the data set).
"""

import argparse
import os.path as osp

import mmengine
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mssh_mmpose import checks, config
from mssh_mmpose.cli import errors
from mssh_mmpose.evaluation.predictions import (
    add_predictions,
    dataset_truth,
    fill_metrics,
    mpii_truth,
    read_predictions,
)
from mssh_mmpose.evaluation.tables import results_table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config whose test data set and test_evaluator are used')
    parser.add_argument('predictions', help='.pkl, .npz or .mat')
    parser.add_argument(
        '--ground-truth', metavar='MAT', help="MPII's mpii_gt_val.mat instead of the data set"
    )
    parser.add_argument(
        '--one-based', action='store_true', help='the predictions count pixels from 1'
    )
    parser.add_argument('--out', metavar='FILE', help='save the metrics (.json, .yaml, .pkl)')
    parser.add_argument('--table', metavar='FILE.md', help='save the table that is printed')
    args = parser.parse_args()
    for option, suffixes in (('out', ('.json', '.yaml', '.pkl')), ('table', ('.md',))):
        path = getattr(args, option)
        if path:
            checks.check_suffix(path, f'--{option}', suffixes)
            checks.check_writable(osp.dirname(osp.abspath(path)), f'--{option}')
    cfg = Config.fromfile(config.find_config(args.config))
    init_default_scope('mmpose')
    try:
        predictions = read_predictions(args.predictions, args.one_based)
        if args.ground_truth:
            truth = mpii_truth(args.ground_truth)
        else:
            checks.check_datasets(cfg, ('test_dataloader',))
            truth = dataset_truth(cfg.test_dataloader.dataset)
        samples = add_predictions(truth, predictions)
        metrics = fill_metrics(cfg, samples)
        scores = {}
        for metric in metrics:
            scores.update(metric.evaluate(len(samples)))
    except (ValueError, FileNotFoundError) as error:
        raise errors.InputError(str(error)) from error
    table = results_table(scores)
    print(table)
    if args.out:
        mmengine.dump(scores, args.out)
    if args.table:
        with open(args.table, 'w', encoding='utf-8') as file:
            file.write(table + '\n')


if __name__ == '__main__':
    errors.run(main, 'tools/evaluate_predictions.py')
