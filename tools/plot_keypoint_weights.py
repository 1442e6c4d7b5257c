"""Draw the adaptive loss's weights over training, per stack and joint."""

import argparse

from mssh_mmpose.cli import errors
from mssh_mmpose.engine.logs import read_keypoint_weights
from mssh_mmpose.visualization import plot_keypoint_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('log', help='work dir of a training run, or its scalars.json')
    parser.add_argument('--out', default='keypoint_weights.png', help='picture to write')
    args = parser.parse_args()
    try:
        figure = plot_keypoint_weights(*read_keypoint_weights(args.log))
    except (OSError, ValueError) as error:
        raise errors.InputError(str(error)) from error
    figure.savefig(args.out, dpi=150)
    print(args.out)


if __name__ == '__main__':
    errors.run(main, 'tools/plot_keypoint_weights.py')
