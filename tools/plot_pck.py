"""Draw the curves of PCK, PCKh and PCP over their thresholds for several runs in one picture."""

import argparse
import os.path as osp

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mssh_mmpose import checks, config
from mssh_mmpose.cli import errors
from mssh_mmpose.evaluation.keypoint_metric import KeypointMetric
from mssh_mmpose.evaluation.predictions import (
    add_predictions,
    dataset_truth,
    fill_metrics,
    read_predictions,
)
from mssh_mmpose.visualization.curves import plot_pck


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config whose test data set and test_evaluator are used')
    parser.add_argument(
        'predictions', nargs='+', help='LABEL=FILE: .pkl of tools/test.py --dump, .npz or .mat'
    )
    parser.add_argument('--out', default='pck.png', help='picture to write (%(default)s)')
    args = parser.parse_args()
    checks.check_suffix(args.out, '--out', ('.png', '.pdf', '.svg'))
    checks.check_writable(osp.dirname(osp.abspath(args.out)), '--out')
    cfg = Config.fromfile(config.find_config(args.config))
    init_default_scope('mmpose')
    checks.check_datasets(cfg, ('test_dataloader',))
    runs = {}
    try:
        truth = dataset_truth(cfg.test_dataloader.dataset)
        for text in args.predictions:
            label, separator, path = text.rpartition('=')
            label = label if separator else osp.splitext(osp.basename(path))[0]
            if label in runs:
                raise errors.InputError(f'two runs are called {label}: expected LABEL=FILE.')
            metrics = fill_metrics(cfg, add_predictions(truth, read_predictions(path)))
            runs[label] = [metric for metric in metrics if isinstance(metric, KeypointMetric)]
            if not runs[label]:
                raise errors.InputError(f'no test metric of {args.config} has a curve.')
        plot_pck(runs, args.out)
    except (ValueError, FileNotFoundError) as error:
        raise errors.InputError(str(error)) from error
    print(f'Picture: {args.out}')


if __name__ == '__main__':
    errors.run(main, 'tools/plot_pck.py')
