"""Print parameters, multiply-adds and output sizes of every config as a Markdown table."""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument(
        'configs',
        nargs='*',
        type=arguments.config_file,
        help="config files (all of the project's)",
    )
    return parser.parse_args(argv)


def stage_sizes(outputs: list) -> str:
    """Describe the outputs' heights, e.g. '32 x3, 64 x3, 128 x2'."""
    sides = [height for _, height, _ in outputs]
    return ', '.join(f'{side} x{sides.count(side)}' for side in dict.fromkeys(sides))


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose.analysis import model_cost
    from mssh_mmpose.config import CONFIGS, config_name, read_config
    from mssh_mmpose.markdown import markdown_table

    paths = args.configs or [
        path for path in sorted(CONFIGS.resolve().rglob('*.py')) if '_base_' not in path.parts
    ]
    rows = []
    for path in paths:
        cost = model_cost(read_config(str(path)))
        stacks = ', '.join(f'{count / 1e9:.2f}' for count in cost.per_stage) or '-'
        sizes = f'{cost.parameters / 1e6:.2f}', f'{cost.multiply_adds / 1e9:.2f}'
        rows.append([config_name(path), *sizes, stacks, stage_sizes(cost.outputs)])
    head = ['config', 'parameters (M)', 'multiply-adds (G)', 'per stack (G)', 'heatmaps (px)']
    print(markdown_table(head, rows, 'lrrll'))


if __name__ == '__main__':
    command.run(parse_args, main)
