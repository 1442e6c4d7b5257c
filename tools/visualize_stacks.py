"""Draw each stack's heatmaps of one person, coarse to fine: how the stages refine a joint."""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_any_network(parser, 'image', 'IMAGE', arguments.existing_file, 1, 'picture')
    arguments.add_box(parser, 'box of the person, pixels (the whole picture)')
    parser.add_argument(
        '--joints',
        nargs='+',
        metavar='NAME',
        help='joints to draw (all together, right elbow, wrist, knee, ankle)',
    )
    parser.add_argument(
        '--out',
        type=arguments.output_file(*arguments.FIGURES),
        default='work_dirs/stacks.png',
        help='picture to write (%(default)s)',
    )
    arguments.add_device(parser)
    return parser.parse_intermixed_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import checks, load_model
    from mssh_mmpose.pictures import write_figure
    from mssh_mmpose.visualization.stacks import default_rows, draw_stacks

    checks.check_not_input(args.out, args.image)
    model = load_model(args.config, args.checkpoint, args.device)
    found = model.stack_heatmaps(args.image, args.bbox)
    rows = args.joints or default_rows(model.joints)
    write_figure(draw_stacks(found, model.joints, rows), args.out)
    print(f'Picture: {args.out}')


if __name__ == '__main__':
    command.run(parse_args, main)
