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
    from mmengine.registry import init_default_scope

    from mssh_mmpose.checks import check_datasets
    from mssh_mmpose.config import read_config
    from mssh_mmpose.evaluation.comparison import (
        comparison_tables,
        limb_scores,
        limbs_found,
        read_limbs,
    )

    cfg = read_config(args.config)
    init_default_scope('mmpose')
    check_datasets(cfg, ('test_dataloader',))
    dataset = cfg.test_dataloader.dataset
    limbs = {label: read_limbs(path, dataset) for label, path in args.predictions.items()}
    print(comparison_tables({label: limb_scores(*each) for label, each in limbs.items()}))
    if len(limbs) > 1:
        found = {label: limbs_found(*each).sum(axis=1) for label, each in limbs.items()}
        print(f'\n{differences(found)}')


def differences(found: dict) -> str:
    """Compare the first network's numbers of correct joints per person (N,) with the others'."""
    import numpy as np

    from mssh_mmpose.evaluation.comparison import LIMB_JOINTS
    from mssh_mmpose.markdown import markdown_table
    from mssh_mmpose.study.statistics import paired_bootstrap

    (first, ours), *others = found.items()
    counts = np.full(len(ours), len(LIMB_JOINTS))
    rows = [
        [label, str(paired_bootstrap(ours[None], theirs[None], counts))] for label, theirs in others
    ]
    return markdown_table(
        [f'12 joints, {first} against', 'points, 95 % interval over people'], rows
    )


if __name__ == '__main__':
    command.run(parse_args, main)
