"""How a command ends."""

import sys
from collections.abc import Callable

from ..errors import InputError, RunError


def run(main: Callable[[], None], program: str) -> None:
    """Run a command; wrong input ends it with one line on stderr and exit status 2.

    A run that cannot go on ends with one line, too, and status 1.
    """
    try:
        main()
    except InputError as error:
        print(f'{program}: error: {error}', file=sys.stderr)
        raise SystemExit(2) from None
    except RunError as error:
        print(f'{program}: error: {error}', file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print(f'{program}: stopped', file=sys.stderr)
        raise SystemExit(130) from None
