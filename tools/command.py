"""How every tool starts and ends: its arguments are read first, everything heavy comes after.

Only the standard library is imported here, so that ``--help`` and wrong arguments are answered at
once. A tool has ``parse_args()``, which uses the types of arguments.py, and ``main(args)``, which
imports what it needs::

    if __name__ == '__main__':
        command.run(parse_args, main)

A Python that is too old ends with a line and status 2 when this module is imported, before the
tool's own functions, which it may not understand.
"""

from __future__ import annotations

import argparse
import os
import os.path as osp
import sys
import tempfile
import traceback
from collections.abc import Callable

from pythons import is_too_old, tested_pythons, this_python

TRACEBACK = 'MSSH_TRACEBACK'
# How OpenMP's threads wait: GNU's runtime (about 2.5 microseconds of spinning), then Intel's and
# LLVM's. Measured by tools/benchmark.py waiting; the table is in docs/troubleshooting.md.
WAITING = dict(GOMP_SPINCOUNT='250', KMP_BLOCKTIME='0')
# A missing file, a full disk, a missing package: the message says enough.
_NOT_OURS = (OSError, ImportError)


def run(
    parse_args: Callable[[], argparse.Namespace], main: Callable[[argparse.Namespace], None]
) -> None:
    """Run a tool on the arguments of the command line.

    Wrong input (``mssh_mmpose.errors.InputError``) and files and packages that fail end it with one
    line and status 2, Ctrl-C with status 130, every other error with a short message and status 1.
    The environment variable MSSH_TRACEBACK=1 shows the traceback.
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
    """Let OpenMP's threads soon sleep while they wait, unless the user has chosen.

    By default they spin for milliseconds, which makes a step many times slower while other programs
    run. The settings are read when torch is imported.
    """
    if not any(name in os.environ for name in ('OMP_WAIT_POLICY', *WAITING)):
        os.environ.update(WAITING)


def program() -> str:
    """Return the tool's name for messages, e.g. 'tools/train.py'."""
    return f'tools/{osp.basename(sys.argv[0])}'


def _report(error: Exception) -> int:
    """Print what went wrong and return the exit status."""
    # Imported by the tool, if at all: its parser has no need of the package.
    errors = sys.modules.get('mssh_mmpose.errors')
    wrong = (*_NOT_OURS, errors.InputError) if errors else _NOT_OURS
    if isinstance(error, wrong) or errors and isinstance(error, errors.RunError):
        print(f'{program()}: error: {_text(error)}', file=sys.stderr)
        return 2 if isinstance(error, wrong) else 1
    print(f'{program()}: error: {type(error).__name__}: {_text(error)}', file=sys.stderr)
    if not os.environ.get(TRACEBACK):
        # The error may come after hours of work; seeing its traceback must not take as long again.
        with tempfile.NamedTemporaryFile(
            'w', prefix='mssh-traceback-', suffix='.txt', delete=False
        ) as file:
            traceback.print_exception(error, file=file)
        print(f'The traceback is in {file.name}; {TRACEBACK}=1 shows it here.', file=sys.stderr)
    return 1


def _text(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno and error.filename:
        return f'{error.filename}: {error.strerror}'
    if isinstance(error, ImportError) and error.name == 'mssh_mmpose':
        return f'{error}; "pip install -e ." adds the project to the environment'
    return str(error)


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
        # Messages about a value already say what was expected.
        hint = '' if message.startswith('argument ') else ' (--help lists the arguments)'
        self.exit(2, f'{self.prog}: error: {message}{hint}\n')


def check_python() -> None:
    """End the tool if this interpreter is too old for it."""
    if is_too_old():
        print(
            f'{program()}: error: Python {this_python()} is too old; {tested_pythons()} are '
            'tested. "make env" makes an environment of one of them, or says how to get one; then '
            f'run ".venv/bin/python {program()}".',
            file=sys.stderr,
        )
        raise SystemExit(2)


check_python()
