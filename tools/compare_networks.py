"""Compare networks of different joints on the limbs' 12 joints that all have, as Markdown tables.

Predictions are what tools/test.py --dump wrote, whose joints are those of the data set, or an
array 'pred' (N, K, 2) in pixels in a .npz file, in the order of the data set, with the joints'
'names'. An entry that is not finite is wrong. The last table compares the first network with the
others, person by person.
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
    from mssh_mmpose.evaluation.comparison import (
        comparison_tables,
        difference_table,
        limb_scores,
        limbs_found,
        read_limbs,
    )
    from mssh_mmpose.evaluation.predictions import read_test_config

    dataset = read_test_config(args.config).test_dataloader.dataset
    limbs = {label: read_limbs(path, dataset) for label, path in args.predictions.items()}
    print(comparison_tables({label: limb_scores(*each) for label, each in limbs.items()}))
    if len(limbs) > 1:
        found = {label: limbs_found(*each).sum(axis=1) for label, each in limbs.items()}
        print(f'\n{difference_table(found)}')


if __name__ == '__main__':
    command.run(parse_args, main)
