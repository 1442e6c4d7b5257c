"""Arguments that tools share: types that check values at once, and whole options.

Only the standard library is imported here; see command.py.
"""

from __future__ import annotations  # an older Python is to get as far as command.py, which says so

import argparse
import math
import os
import os.path as osp
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

_LARGEST_PIXEL = 1e6
FIGURES = ('.png', '.pdf', '.svg')  # what matplotlib writes


def integer(least: int, most: float = math.inf) -> Callable[[str], int]:
    """Return an argument's type: a whole number from ``least`` to ``most``."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = math.nan
        if least <= value <= most:
            return value
        limits = f'from {least} to {most}' if most < math.inf else f'of at least {least}'
        raise argparse.ArgumentTypeError(f'expected a whole number {limits}, got {text}')

    return convert


def number(least: float = -math.inf, above: float = -math.inf) -> Callable[[str], float]:
    """Return an argument's type: a finite number of at least ``least``, above ``above``."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if least <= value and above < value < math.inf:
            return value
        limits = f' of at least {least:g}' if least > -math.inf else ''
        limits += f' above {above:g}' if above > -math.inf else ''
        raise argparse.ArgumentTypeError(f'expected a finite number{limits}, got {text}')

    return convert


def existing(text: str) -> str:
    """Argument type: a file or folder that is there."""
    if not osp.exists(text):
        raise argparse.ArgumentTypeError(f'{text} not found')
    return text


def existing_file(text: str, expected: str = 'a file') -> str:
    """Argument type: a file that is there."""
    if not osp.isfile(text):
        problem = 'is a folder' if osp.isdir(text) else 'not found'
        raise argparse.ArgumentTypeError(f'{text} {problem}; expected {expected}')
    return text


def file_or_url(text: str) -> str:
    """Argument type: a file that is there, or one elsewhere."""
    return text if '://' in text else existing_file(text, 'a file or a URL')


def checkpoint_file(text: str) -> str:
    """Argument type: a checkpoint, by its file, URL or the name of a shipped network."""
    return _named(lambda names: names.find_checkpoint(text))


def config_file(text: str) -> str:
    """Argument type: a config, by its path or as package::path; returns its path."""
    return _named(lambda names: names.find_config(text))


def _named(find: Callable[[ModuleType], Any]) -> Any:
    """Call a function of mssh_mmpose/names.py, which is loaded without the rest of the package."""
    package = find_spec('mssh_mmpose')
    if package is None:
        raise ModuleNotFoundError("No module named 'mssh_mmpose'", name='mssh_mmpose')
    spec = spec_from_file_location('names', Path(package.origin).with_name('names.py'))
    names = module_from_spec(spec)
    spec.loader.exec_module(names)
    try:
        return find(names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def output_file(*suffixes: str) -> Callable[[str], str]:
    """Return an argument's type: a file that can be written; its folder is made."""

    def convert(text: str) -> str:
        if osp.isdir(text):
            raise argparse.ArgumentTypeError(f'{text} is a folder; expected the name of a file')
        if suffixes and not text.lower().endswith(suffixes):
            endings = ' or '.join(suffixes)
            raise argparse.ArgumentTypeError(f'{text}: expected a file name ending in {endings}')
        os.makedirs(output_folder(osp.dirname(osp.abspath(text))), exist_ok=True)
        return text

    return convert


def output_folder(text: str) -> str:
    """Argument type: a folder that can be written, or made; nothing is made yet."""
    there = osp.abspath(text)
    while not osp.lexists(there):
        there = osp.dirname(there)
    if not osp.isdir(there):
        raise argparse.ArgumentTypeError(f'{text} cannot be written: {there} is no folder')
    if not os.access(there, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f'{text} cannot be written: no permission in {there}')
    return text


class _Box(argparse.Action):
    """Four numbers x1, y1, x2, y2 that enclose something."""

    def __call__(self, parser, namespace, values, option_string=None):
        x1, y1, x2, y2 = values
        if not all(-_LARGEST_PIXEL < a < b < _LARGEST_PIXEL for a, b in ((x1, x2), (y1, y2))):
            raise argparse.ArgumentError(
                self, f'expected X1 < X2 and Y1 < Y2 up to 1e6, got {x1:g} {y1:g} {x2:g} {y2:g}'
            )
        setattr(namespace, self.dest, values)


def add_box(parser: argparse._ActionsContainer, help: str) -> None:
    """Add ``--bbox X1 Y1 X2 Y2`` in pixels."""
    parser.add_argument(
        '--bbox',
        nargs=4,
        type=number(),
        action=_Box,
        metavar=('X1', 'Y1', 'X2', 'Y2'),
        help=help,
    )


def setting(text: str) -> str:
    """Argument type of --cfg-options: KEY=VALUE, whose value is read with the config."""
    key, separator, _ = text.partition('=')
    if not separator or not key:
        raise argparse.ArgumentTypeError(f'expected key=value, got {text}')
    return text


class _Labelled(argparse.Action):
    """Sets ``dest`` to paths by label, the one given in LABEL=PATH or the path's name."""

    def __init__(self, *args, kind: Callable[[str], str], **kwargs):
        super().__init__(*args, nargs='+', **kwargs)
        self.kind = kind

    def __call__(self, parser, namespace, values, option_string=None):
        pairs = [_split_label(word) for word in values]
        names = [_name_of(path) for label, path in pairs if label is None]
        found = {}
        for label, path in pairs:
            if label is None:
                label = _name_of(path) if names.count(_name_of(path)) == 1 else path
            if label in found:
                raise argparse.ArgumentError(self, f'two are called {label}; expected LABEL=PATH')
            try:
                found[label] = self.kind(path)
            except argparse.ArgumentTypeError as error:
                raise argparse.ArgumentError(self, str(error)) from error
        setattr(namespace, self.dest, found)


def _split_label(word: str) -> tuple[str | None, str]:
    """Return label and path; a path that is there has no label before it."""
    label, separator, path = word.partition('=')
    return (label, path) if separator and not osp.exists(word) else (None, word)


def _name_of(path: str) -> str:
    """Return the name of a folder, or of a file without its suffix."""
    there = Path(path).resolve()
    return there.name if there.is_dir() else there.stem


def add_labelled(
    parser: argparse.ArgumentParser, dest: str, kind: Callable[[str], str], help: str
) -> None:
    """Add the positional argument LABEL=PATH, once or more: ``dest`` is paths by label."""
    parser.add_argument(dest, action=_Labelled, kind=kind, metavar='LABEL=PATH', help=help)


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the positional arguments config and checkpoint."""
    add_config(parser)
    parser.add_argument('checkpoint', type=checkpoint_file, help='checkpoint file or URL')


class _Network(argparse.Action):
    """Sets ``config`` and ``checkpoint`` by the first words, and ``dest`` to those after them."""

    def __init__(self, *args, kind: Callable[[str], str], count: float, **kwargs):
        super().__init__(*args, nargs='*', **kwargs)
        self.kind, self.count = kind, count

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            network, rest = _named(lambda names: names.split_network(values))
            rest = [self.kind(word) for word in rest]
        except argparse.ArgumentTypeError as error:
            parser.error(str(error))
        namespace.config, namespace.checkpoint = network
        if len(rest) > self.count or self.count and not rest:
            given = ' '.join(rest) or 'nothing'
            text = f'expected {self.metavar}, got {given} after the network {network.checkpoint}'
            parser.error(text)
        setattr(namespace, self.dest, rest[0] if self.count == 1 else rest)


def add_any_network(
    parser: argparse.ArgumentParser,
    dest: str = 'rest',
    metavar: str = '',
    kind: Callable[[str], str] = str,
    count: float = 0,
    help: str = '',
) -> None:
    """Add the positional arguments [NETWORK] and ``count`` others; use parse_intermixed_args.

    Args:
        parser: Gets ``config`` (None for the one in the checkpoint) and ``checkpoint``.
        dest: Where the others go: a list, or with ``count`` 1 one value.
        metavar: What the others are called.
        kind: Type of the others.
        count: How many others there may be at most; none is wrong unless it is 0.
        help: What the others are.
    """
    words = f'[NETWORK] {metavar}'.strip()
    default = _named(lambda names: names.DEFAULT_NETWORK)
    parser.usage = f'%(prog)s [options] {words}{" ..." if count > 1 else ""}'
    parser.add_argument(
        dest,
        action=_Network,
        kind=kind,
        count=count,
        metavar=words,
        help='network: name of a shipped one '
        f'({default}), a checkpoint with its config inside, or CONFIG CHECKPOINT'
        + (f'; {metavar}: {help}' if metavar else ''),
    )


class _Detector(argparse.Action):
    """A config and a checkpoint."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            setattr(namespace, self.dest, (config_file(values[0]), checkpoint_file(values[1])))
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from error


def add_detector(parser: argparse._ActionsContainer) -> None:
    """Add ``--detector CONFIG WEIGHTS``."""
    parser.add_argument(
        '--detector',
        nargs=2,
        action=_Detector,
        metavar=('CONFIG', 'WEIGHTS'),
        help='network of MMDetection; its config may be mmdet::PATH',
    )


def add_config(parser: argparse.ArgumentParser, help: str = 'config file') -> None:
    """Add the positional argument config."""
    parser.add_argument(
        'config', type=config_file, help=f'{help}, or mssh_mmpose::NAME.py for an installed one'
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument('--device', default='auto', help="'cpu', 'cuda:0', ... (%(default)s)")


def add_data_root(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add ``--data-root``; without a default the tool takes the folder of its ``--dataset``."""
    parser.add_argument(
        '--data-root',
        type=existing,
        default=default,
        metavar='DIR',
        help=f'folder of the data set ({default or "data/DATASET"})',
    )


def data_root(args: argparse.Namespace) -> str:
    """Return ``--data-root``, or the folder of ``--dataset``."""
    return args.data_root or f'data/{args.dataset}'


def add_metrics_files(parser: argparse.ArgumentParser) -> None:
    """Add ``--out`` and ``--table``, which save metrics."""
    parser.add_argument(
        '--out',
        type=output_file('.json', '.yaml', '.yml', '.pkl', '.pickle'),
        metavar='FILE',
        help='save the metrics (.json, .yaml, .pkl)',
    )
    parser.add_argument(
        '--table',
        type=output_file('.md'),
        metavar='FILE.md',
        help="save the metrics as a table with the paper's row below",
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what training and testing share, named as MMPose names it."""
    parser.add_argument(
        '--work-dir',
        type=output_folder,
        metavar='DIR',
        help='folder of logs and results (work_dirs/<config name>)',
    )
    parser.add_argument(
        '--show-dir',
        type=output_folder,
        metavar='DIR',
        help='save pictures of predictions and heatmaps in this folder',
    )
    parser.add_argument('--show', action='store_true', help='show the pictures in windows')
    parser.add_argument(
        '--interval', type=integer(1), default=1, help='draw every n-th person (%(default)s)'
    )
    parser.add_argument(
        '--wait-time', type=number(0), default=1, help='seconds that a window stays (%(default)s)'
    )
    add_cfg_options(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of a distributed run (%(default)s)',
    )
    parser.add_argument('--local_rank', '--local-rank', type=integer(0), default=0)


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``, MMEngine's way to change settings."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        type=setting,
        default=[],
        metavar='KEY=VALUE',
        help='change settings of the config, e.g. train_dataloader.batch_size=8 or key="[a,b]"',
    )


def add_max_pixels(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add ``--max-pixels``: width times height of the largest picture that is decoded."""
    parser.add_argument('--max-pixels', type=integer(1), default=25_000_000, help=meaning)
