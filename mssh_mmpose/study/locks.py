"""Files that one process at a time can hold."""

import fcntl
import os
from pathlib import Path
from typing import IO

from ..errors import InputError


def hold(path: Path, doing: str) -> IO[str]:
    """Open a lock file and hold it until it is closed, also by the end of the process.

    Args:
        path: The lock file; it holds the number of the process and stays behind.
        doing: What the holder does, for the message.

    Raises:
        InputError: If another process holds it; names that process. If the file system has no
            locks.
    """
    lock = path.open('a+')
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        owner = lock.read() or 'another'
        lock.close()
        raise InputError(f'process {owner} {doing}. Wait until it ends, or end it.') from error
    except OSError as error:
        lock.close()
        raise InputError(
            f'{path} cannot be locked: {error.strerror}. Choose a folder on another file system.'
        ) from error
    write_holder(lock, os.getpid())
    return lock


def write_holder(lock: IO[str], process: int) -> None:
    """Write which process holds the lock."""
    lock.truncate(0)
    lock.write(str(process))
    lock.flush()
