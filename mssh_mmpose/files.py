"""Writing of results, whole or not at all, and reading of what others wrote."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# NAME.PROCESS.part, with a suffix for programs that choose the format by it.
_PART = re.compile(r'\.(?P<process>\d+)\.part(\.\w+)?$')
_cleared: set[Path] = set()


@contextmanager
def written_whole(path: str | Path, suffix: str = '') -> Iterator[Path]:
    """Yield a path beside ``path`` to write to, which is renamed at the end.

    An error, or the end of the process, leaves at ``path`` what was there before. Folders are
    made; what killed processes left unfinished in the folder is removed.

    Args:
        path: The file.
        suffix: What the name to write to ends in, such as '.mp4'.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent not in _cleared:
        _cleared.add(path.parent)
        remove_unfinished(path.parent)
    part = path.with_name(f'{path.name}.{os.getpid()}.part{suffix}')
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(content: bytes | str, path: str | Path) -> None:
    """Write a file whole or not at all; text in UTF-8. See :func:`written_whole`."""
    with written_whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def remove_unfinished(folder: Path) -> None:
    """Remove the parts of files whose writers are no longer running."""
    for path in folder.iterdir():
        match = _PART.search(path.name)
        if match and not _is_running(int(match['process'])):
            path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except RecursionError as error:
        raise ValueError(f'{path} is nested too deeply.') from error
    except ValueError as error:
        raise ValueError(f'{path} is not a whole JSON file: {error}') from error


def readable(name: str) -> str:
    """Return a file name in which bytes that are not UTF-8 are written as %E9.

    >>> readable(os.fsdecode(b'caf\\xe9.jpg'))
    'caf%E9.jpg'
    """
    return ''.join(f'%{ord(c) & 255:02X}' if 0xD800 <= ord(c) < 0xE000 else c for c in name)
