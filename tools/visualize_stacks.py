"""Draw each stack's heatmaps of one person, coarse to fine: how the stages refine a joint."""

import argparse
import os.path as osp

from mssh_mmpose import checks
from mssh_mmpose.apis import load_model
from mssh_mmpose.cli import errors
from mssh_mmpose.visualization.stacks import default_rows, draw_stacks


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file, or mssh_mmpose::NAME.py for an installed one')
    parser.add_argument('checkpoint', help='checkpoint file or URL')
    parser.add_argument('image', help='picture')
    parser.add_argument(
        '--bbox',
        nargs=4,
        type=float,
        metavar=('X1', 'Y1', 'X2', 'Y2'),
        help='box of the person, pixels (default: the whole picture)',
    )
    parser.add_argument(
        '--joints',
        nargs='+',
        metavar='NAME',
        help='(all together, right elbow, wrist, knee, ankle)',
    )
    parser.add_argument('--out', default='stacks.png', help='picture to write (%(default)s)')
    parser.add_argument('--device', default='auto', help="'cpu', 'cuda:0', ... (%(default)s)")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    checks.check_suffix(args.out, '--out', ('.png', '.pdf', '.svg'))
    checks.check_writable(osp.dirname(osp.abspath(args.out)), '--out')
    model = load_model(args.config, args.checkpoint, args.device)
    try:
        found = model.stack_heatmaps(args.image, args.bbox)
        rows = args.joints or default_rows(model.joints)
        draw_stacks(found, model.joints, rows).savefig(args.out, dpi=110)
    except (OSError, ValueError) as error:
        raise errors.InputError(str(error)) from error
    print(f'Picture: {args.out}')


if __name__ == '__main__':
    errors.run(main, 'tools/visualize_stacks.py')
