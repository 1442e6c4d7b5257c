"""Draw loss, accuracy, validation metric and learning rate of one or more work dirs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument(
        'work_dir', nargs='+', metavar='[LABEL=]WORK_DIR', help='work dirs of tools/train.py'
    )
    parser.add_argument(
        '--out',
        type=arguments.output_file(*arguments.FIGURES),
        metavar='FILE',
        help='picture to write (training.png in the first work dir)',
    )
    return parser.parse_args(argv)


def labelled(texts: list[str]) -> dict[str, Path]:
    """Work dirs by label: the one given before '=', or their names where those differ."""
    given = [text.partition('=') for text in texts]
    pairs = [
        (label, path) if path and not Path(text).exists() else (Path(text).resolve().name, text)
        for text, (label, _, path) in zip(texts, given)
    ]
    names = [label for label, _ in pairs]
    labels = names if len(set(names)) == len(names) else texts
    return {label: Path(path) for label, (_, path) in zip(labels, pairs)}


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose.engine.logs import read_log
    from mssh_mmpose.pictures import write_figure
    from mssh_mmpose.visualization import plot_training

    work_dirs = labelled(args.work_dir)
    out = Path(args.out or next(iter(work_dirs.values())) / 'training.png')
    logs = {label: read_log(path) for label, path in work_dirs.items()}
    write_figure(plot_training(logs), out)
    print(out)


if __name__ == '__main__':
    command.run(parse_args, main)
