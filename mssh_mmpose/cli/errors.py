"""Errors of the user's input, as opposed to errors of the program."""

import sys
from typing import Callable


class UsageError(Exception):
    """Wrong input: the message says what came, what was expected and what to do."""


def run(main: Callable[[], None], program: str) -> None:
    """Run a command; wrong input ends it with one line on stderr and exit status 2."""
    try:
        main()
    except UsageError as error:
        print(f'{program}: error: {error}', file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print(f'{program}: stopped', file=sys.stderr)
        raise SystemExit(130) from None
