"""How every tool starts and ends: its arguments are read first, everything heavy comes after.

Only the standard library is imported here, so that ``--help`` and wrong arguments are answered at
once. A tool has ``parse_args()``, which uses the types below, and ``main(args)``, which imports
what it needs::

    if __name__ == '__main__':
        command.run(parse_args, main)
"""

import argparse
import math
import os
import os.path as osp
import sys
import tempfile
import traceback
from collections.abc import Callable
from importlib.util import find_spec

TRACEBACK = 'MSSH_TRACEBACK'
# Whoever has set one of these has chosen how OpenMP's threads wait.
_WAITING = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME')
_LARGEST_PIXEL = 1e6


def run(
    parse_args: Callable[[], argparse.Namespace], main: Callable[[argparse.Namespace], None]
) -> None:
    """Run a tool on the arguments of the command line.

    Wrong input ends it with one line and status 2, Ctrl-C with status 130, every other error with
    a short message and status 1. The environment variable MSSH_TRACEBACK=1 shows the traceback.
    """
    set_waiting_policy()
    try:
        main(parse_args())
    except KeyboardInterrupt:
        print(f'{program()}: stopped', file=sys.stderr)
        raise SystemExit(130) from None
    except Exception as error:
        if os.environ.get(TRACEBACK):
            traceback.print_exc()
        raise SystemExit(_report(error)) from None


def set_waiting_policy() -> None:
    """Let OpenMP's threads sleep while they wait, unless the user has chosen; before torch loads.

    By default they spin, which makes a step many times slower where other programs run too.
    """
    if not any(name in os.environ for name in _WAITING):
        os.environ['OMP_WAIT_POLICY'] = 'PASSIVE'


def program() -> str:
    """Return the tool's name for messages, e.g. 'tools/train.py'."""
    return f'tools/{osp.basename(sys.argv[0])}'


def _report(error: Exception) -> int:
    """Print what went wrong and return the exit status."""
    # Imported by the tool, if at all: a parser has no need of the package.
    errors = sys.modules.get('mssh_mmpose.errors')
    if errors and isinstance(error, errors.InputError):
        print(f'{program()}: error: {error}', file=sys.stderr)
        return 2
    if errors and isinstance(error, errors.RunError):
        print(f'{program()}: error: {error}', file=sys.stderr)
        return 1
    print(f'{program()}: error: {type(error).__name__}: {error}', file=sys.stderr)
    if not os.environ.get(TRACEBACK):
        # Hours of training may lie before an error: it must not take another run to explain it.
        with tempfile.NamedTemporaryFile(
            'w', prefix='mssh-traceback-', suffix='.txt', delete=False
        ) as file:
            traceback.print_exception(error, file=file)
        print(f'The traceback is in {file.name}; {TRACEBACK}=1 shows it here.', file=sys.stderr)
    return 1


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def __init__(self, description: str, **settings):
        super().__init__(
            prog=program(),
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **settings,
        )

    def error(self, message: str) -> None:
        # One about an argument's value says itself what was expected.
        hint = '' if message.startswith('argument ') else ' (--help lists the arguments)'
        self.exit(2, f'{self.prog}: error: {message}{hint}\n')


def integer(least: int, most: float = math.inf) -> Callable[[str], int]:
    """Return an argument's type: a whole number from ``least`` to ``most``."""

    def convert(text: str) -> int:
        return _within(int, text, least, most, 'a whole number')

    return convert


def number(least: float = -math.inf, most: float = math.inf) -> Callable[[str], float]:
    """Return an argument's type: a finite number from ``least`` to ``most``."""

    def convert(text: str) -> float:
        return _within(float, text, least, most, 'a finite number')

    return convert


def _within(kind: type, text: str, least: float, most: float, what: str) -> float:
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if least <= value <= most and abs(value) < math.inf:
        return value
    if most < math.inf:
        what += f' from {least:g} to {most:g}'
    elif least > -math.inf:
        what += f' of at least {least:g}'
    raise argparse.ArgumentTypeError(f'expected {what}, got {text}')


def existing_file(text: str, expected: str = 'a file') -> str:
    """Argument type: a file that is there."""
    if not osp.isfile(text):
        problem = 'is a folder' if osp.isdir(text) else 'not found'
        raise argparse.ArgumentTypeError(f'{text} {problem}; expected {expected}')
    return text


def checkpoint_file(text: str) -> str:
    """Argument type: a checkpoint that is there, or elsewhere, as https:// and s3:// say."""
    return text if '://' in text else existing_file(text, 'a checkpoint file or a URL')


def config_file(text: str) -> str:
    """Argument type: a config, by its path or as package::path; returns its path."""
    package, separator, relative = text.partition('::')
    if not separator:
        return existing_file(text, 'a config file or mssh_mmpose::NAME.py')
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None:
        raise argparse.ArgumentTypeError(f'{text}: the package {package} is not installed')
    folder = osp.join(osp.dirname(spec.origin), '.mim', 'configs')
    return existing_file(osp.join(folder, relative), f'a file in {folder}')


def output_file(*suffixes: str) -> Callable[[str], str]:
    """Return an argument's type: a file that can be written."""

    def convert(text: str) -> str:
        if osp.isdir(text):
            raise argparse.ArgumentTypeError(f'{text} is a folder; expected the name of a file')
        _check_suffix(text, suffixes)
        output_folder(osp.dirname(osp.abspath(text)))
        return text

    return convert


def output_folder(text: str) -> str:
    """Argument type: a folder that can be written, or made; nothing is made yet."""
    there = osp.abspath(text)
    while not osp.lexists(there):
        there = osp.dirname(there)
    if not osp.isdir(there):
        raise argparse.ArgumentTypeError(f'{text}: {there} is no folder')
    if not os.access(there, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f'{text}: no permission to write into {there}')
    return text


def _check_suffix(text: str, suffixes: tuple[str, ...]) -> None:
    if suffixes and not text.lower().endswith(suffixes):
        raise argparse.ArgumentTypeError(
            f'{text}: expected a file name ending in {" or ".join(suffixes)}'
        )


class _Box(argparse.Action):
    """Four numbers x1, y1, x2, y2 that enclose something."""

    def __call__(self, parser, namespace, values, option_string=None):
        x1, y1, x2, y2 = values
        if x2 <= x1 or y2 <= y1:
            raise argparse.ArgumentError(
                self, f'expected X1 < X2 and Y1 < Y2, got {x1:g} {y1:g} {x2:g} {y2:g}'
            )
        setattr(namespace, self.dest, values)


def add_box(parser: argparse._ActionsContainer, help: str) -> None:
    """Add ``--bbox X1 Y1 X2 Y2`` in pixels."""
    parser.add_argument(
        '--bbox',
        nargs=4,
        type=number(-_LARGEST_PIXEL, _LARGEST_PIXEL),
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


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the positional arguments config and checkpoint."""
    add_config(parser)
    parser.add_argument('checkpoint', type=checkpoint_file, help='checkpoint file or URL')


def add_config(parser: argparse.ArgumentParser, help: str = 'config file') -> None:
    """Add the positional argument config."""
    parser.add_argument(
        'config', type=config_file, help=f'{help}, or mssh_mmpose::NAME.py for an installed one'
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument('--device', default='auto', help="'cpu', 'cuda:0', ... (%(default)s)")


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
    parser.add_argument('--show', action='store_true', help='show the pictures in a window')
    parser.add_argument(
        '--interval', type=integer(1), default=1, help='draw every n-th person (%(default)s)'
    )
    parser.add_argument(
        '--wait-time', type=number(0), default=1, help='seconds that a window stays (%(default)s)'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        type=setting,
        default=[],
        metavar='KEY=VALUE',
        help='change settings of the config, e.g. train_cfg.max_epochs=10 or key="[a,b]"',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of a distributed run (%(default)s)',
    )
    parser.add_argument('--local_rank', '--local-rank', type=integer(0), default=0)
