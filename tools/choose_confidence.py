"""Count how often low scores reveal a wrong box, on training people, and choose the threshold.

With this threshold tools/infer.py and the page warn about boxes without one whole person. See
docs/inference.md.
"""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_any_network(parser)
    parser.add_argument(
        '--dataset', choices=['lsp', 'mpii'], default='lsp', help='data set (%(default)s)'
    )
    arguments.add_data_root(parser)
    parser.add_argument(
        '--count',
        type=arguments.integer(1),
        default=150,
        help='training people, evenly chosen (%(default)s)',
    )
    parser.add_argument(
        '--most',
        type=arguments.number(0),
        default=0.02,
        help='share of good boxes that may get a warning (%(default)s)',
    )
    arguments.add_device(parser)
    return parser.parse_intermixed_args(argv)


def read_people(dataset: str, root: str, count: int):
    """Yield training people, evenly over a data set."""
    from mssh_mmpose.datasets import LSPDataset, MPIIOcclusionDataset
    from mssh_mmpose.evaluation.labelled import read_labelled

    if dataset == 'lsp':
        return read_labelled(LSPDataset(split='train', data_root=root), count)
    return read_labelled(MPIIOcclusionDataset('annotations/mpii_train.json', data_root=root), count)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import load_model
    from mssh_mmpose.evaluation.confidence import (
        GOOD,
        THRESHOLDS,
        choose_threshold,
        predict_boxes,
        warning_rates,
    )
    from mssh_mmpose.markdown import markdown_table

    model = load_model(args.config, args.checkpoint, args.device)
    root = arguments.data_root(args)
    found = predict_boxes(model.predict, read_people(args.dataset, root, args.count))
    shares = {kind: warning_rates(people) for kind, people in found.items()}
    heads = [f'{kind} ({len(people)})' for kind, people in found.items()]
    rows = [
        [f'{least:.2f}', *(f'{100 * share[i]:.1f}' for share in shares.values())]
        for i, least in enumerate(THRESHOLDS)
    ]
    print(markdown_table(['threshold', *heads], rows))
    print(f'Chosen: {choose_threshold(shares[GOOD], args.most):g}')


if __name__ == '__main__':
    command.run(parse_args, main)
