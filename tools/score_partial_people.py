"""Score a network on LSP's test people in portraits, cut-off and crowded pictures.

The pictures are made from those of upright people; docs/inference.md says how.
"""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_any_network(parser)
    arguments.add_data_root(parser, 'data/lsp')
    parser.add_argument(
        '--count',
        type=arguments.integer(2),
        default=1000,
        help='test people, evenly chosen (%(default)s)',
    )
    arguments.add_device(parser)
    return parser.parse_intermixed_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import load_model
    from mssh_mmpose.datasets import LSPDataset
    from mssh_mmpose.evaluation.labelled import read_labelled
    from mssh_mmpose.evaluation.partial_people import score_views
    from mssh_mmpose.markdown import markdown_table

    model = load_model(args.config, args.checkpoint, args.device)
    people = read_labelled(LSPDataset(split='test', data_root=args.data_root), args.count)
    scores = score_views(model.predict, model.joints, people)
    heads = ['picture', 'people', 'PCK@0.2', 'the same joints, whole person', 'warned (%)']
    rows = [
        [kind, str(of.people), *(f'{v:.1f}' for v in (of.correct, of.correct_whole, of.warned))]
        for kind, of in scores.items()
    ]
    print(markdown_table(heads, rows, 'lrrrr'))


if __name__ == '__main__':
    command.run(parse_args, main)
