"""Run tools in forks of the test's process: everything is imported, and nothing stays behind.

A start of Python with all imports takes seconds, a fork some milliseconds. What a tool does to its
process (the working folder, signals, loggers, a crash of compiled code) ends with the fork.
"""

import os
import runpy
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

TOOLS = Path(__file__).parents[1] / 'tools'


class Ended(NamedTuple):
    """How a fork ended: exit status (negative: the signal that killed it) and what it printed."""

    status: int
    out: str
    err: str


def forked(function: Callable[[], None], seconds: int = 60) -> Ended:
    """Call a function in a fork of this process, which is killed after so many seconds.

    An exception that the function lets out ends the fork with its traceback and status 70.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _run_child(function, seconds, out.fileno(), err.fileno())
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode('utf-8', 'replace'))
    return Ended(os.waitstatus_to_exitcode(status), *texts)


def forked_tool(name: str, *args: object, cwd: Path | str = '.', seconds: int = 60) -> Ended:
    """Run ``tools/<name>.py`` in a fork, in a folder; tracebacks of unexpected errors go there."""

    def run() -> None:
        os.chdir(cwd)
        tempfile.tempdir = os.getcwd()
        path = str(TOOLS / f'{name}.py')
        sys.argv = [path, *map(str, args)]
        sys.path.insert(0, str(TOOLS))
        runpy.run_path(path, run_name='__main__')

    return forked(run, seconds)


def _run_child(function: Callable[[], None], seconds: int, out: int, err: int) -> None:
    """Run the function on these streams and end the process, whatever happens."""
    status = 70
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)  # noqa: SIM115
        function()
        status = 0
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # No handlers, no buffers of the test's process: they belong to that.
        os._exit(status)
