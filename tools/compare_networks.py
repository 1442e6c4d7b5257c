"""Compare networks of different joints on the limbs' 12 joints that all have, as Markdown tables.

Predictions are what tools/test.py --dump wrote, whose joints are those of the data set, or an
array 'pred' (N, K, 2) in pixels in a .npz file, in the order of the data set, with the joints'
'names'. An entry that is not finite is wrong.
"""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_config(parser, 'config whose test data set is used')
    arguments.add_labelled(parser, 'predictions', arguments.existing_file, '.pkl or .npz')
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mmengine.registry import init_default_scope

    from mssh_mmpose.checks import check_datasets
    from mssh_mmpose.config import read_config
    from mssh_mmpose.evaluation.comparison import comparison_tables, limb_scores, read_limbs

    cfg = read_config(args.config)
    init_default_scope('mmpose')
    check_datasets(cfg, ('test_dataloader',))
    dataset = cfg.test_dataloader.dataset
    scores = {
        label: limb_scores(*read_limbs(path, dataset)) for label, path in args.predictions.items()
    }
    print(comparison_tables(scores))


if __name__ == '__main__':
    command.run(parse_args, main)
