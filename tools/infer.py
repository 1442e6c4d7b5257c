"""Predict the people in pictures and videos, draw them, and save the predictions."""

import argparse
import glob
import math
import os.path as osp
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(
        __doc__,
        epilog='For NAME.jpg: DIR/visualizations/NAME.jpg and DIR/predictions/NAME.json, the\n'
        "people in the format of MMPose's inferencer; for videos a list of frames.",
    )
    arguments.add_any_network(
        parser, 'inputs', 'INPUT', count=math.inf, help='picture, video, folder, glob, or webcam:0'
    )
    parser.add_argument(
        '--out-dir',
        type=arguments.output_folder,
        default='infer_results',
        metavar='DIR',
        help='folder of the results (%(default)s)',
    )
    add_places(parser)
    arguments.add_device(parser)
    parser.add_argument(
        '--batch-size', type=arguments.integer(1), default=16, help='people at once (%(default)s)'
    )
    parser.add_argument(
        '--no-flip-test',
        dest='flip_test',
        action='store_const',
        const=False,
        help='twice as fast, slightly less accurate',
    )
    parser.add_argument(
        '--threshold',
        type=arguments.number(),
        default=0.3,
        help='lowest score that is drawn (%(default)s)',
    )
    arguments.add_max_pixels(
        parser, 'larger pictures are skipped before they are decoded (%(default)s)'
    )
    parser.add_argument(
        '--max-frames', type=arguments.integer(1), help='frames after which a video or webcam stops'
    )
    args = parser.parse_intermixed_args(argv)
    if not any(map(is_there, args.inputs)):
        parser.error(f'argument INPUT: no picture and no video in {", ".join(args.inputs)}')
    return args


def is_there(name: str) -> bool:
    """Whether a name is that of a file or folder, a pattern of some, or a webcam."""
    return name.startswith('webcam:') or osp.exists(name) or bool(glob.glob(name, recursive=True))


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the people are."""
    where = parser.add_mutually_exclusive_group()
    arguments.add_box(
        where, 'box of the person in every picture, pixels (default: the whole picture)'
    )
    where.add_argument(
        '--boxes',
        type=arguments.existing_file,
        metavar='FILE.json',
        help='{"NAME.jpg": [[x1, y1, x2, y2], ...], ...}',
    )
    arguments.add_detector(where)
    parser.add_argument(
        '--detector-threshold',
        type=arguments.number(),
        default=0.5,
        help='lowest score of a detected box (%(default)s)',
    )


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose.cli.infer import infer

    raise SystemExit(1 if infer(args) else 0)


if __name__ == '__main__':
    command.run(parse_args, main)
