"""Writing files whole or not at all, and reading files."""

import json
import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .errors import InputError

# NAME.HOST.PROCESS.mssh-part, with a suffix for programs that choose the format by it.
_PART = re.compile(r'\.(?P<host>[\w-]+)\.(?P<process>\d+)\.mssh-part(\.\w+)?$')
_HOST = re.sub(r'[^\w-]', '-', platform.node()) or 'host'
_DAY = 24 * 60 * 60
_cleared: set[Path] = set()


@contextmanager
def written_whole(path: str | Path, suffix: str = '') -> Iterator[Path]:
    """Yield a temporary path to write to, which is renamed to ``path`` at the end.

    If there is an error, or the process is killed, ``path`` does not change. A link stays a link.
    Folders are created; unfinished files of killed processes in the folder are removed.

    Args:
        path: The file.
        suffix: End of the yielded path, such as '.mp4'.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        yield path  # /dev/stdout and the like
        return
    part = part_of(path, suffix)
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: str | Path, suffix: str = '') -> Path:
    """Return the path that :func:`written_whole` yields, for writers that rename it themselves."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent not in _cleared:
        _cleared.add(path.parent)
        remove_unfinished(path.parent)
    return path.with_name(f'{path.name}.{_HOST}.{os.getpid()}.mssh-part{suffix}')


def write_whole(content: bytes | str, path: str | Path) -> None:
    """Write a file whole or not at all; text in UTF-8. See :func:`written_whole`."""
    with written_whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_all(contents: dict[Path, bytes]) -> None:
    """Write several files, each of them whole, and none unless all could be prepared."""
    with ExitStack() as stack:
        parts = [stack.enter_context(written_whole(path)) for path in contents]
        for part, content in zip(parts, contents.values()):
            part.write_bytes(content)


def remove_unfinished(folder: Path) -> None:
    """Remove the parts of files whose writers are no longer running, where that is allowed."""
    with suppress(OSError):
        for path in folder.iterdir():
            match = _PART.search(path.name)
            if match and not _is_written(path, match['host'], int(match['process'])):
                path.unlink(missing_ok=True)


def _is_written(path: Path, host: str, process: int) -> bool:
    try:
        if host != _HOST:  # another machine or container, whose processes are not seen here
            return time.time() - path.stat().st_mtime < _DAY
        os.kill(process, 0)
    except (FileNotFoundError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except RecursionError as error:
        raise InputError(f'{path} is nested too deeply.') from error
    except ValueError as error:
        raise InputError(f'{path} is not a whole JSON file: {error}') from error


@contextmanager
def named_for_opencv(path: str | Path) -> Iterator[str]:
    """Yield a name in UTF-8 of a file or folder, for OpenCV, which crashes at other names.

    It is absolute: FFmpeg takes what comes before a colon for a protocol.
    """
    path = Path(path).absolute()
    if readable(str(path)) == str(path):
        yield str(path)
        return
    with TemporaryDirectory() as folder:
        link = Path(folder, f'link{readable(path.suffix)}')
        link.symlink_to(path)
        yield str(link)


def free_stem(name: str, taken: set[str]) -> str:
    """Return a file's name without suffix for its results, with a number if it is taken.

    Some file systems do not tell capitals from small letters, and few take more than 255 bytes.

    Args:
        name: The file, or another source such as 'webcam:0'.
        taken: Names that have been given, in small letters; the new one is added.

    >>> taken = set()
    >>> [free_stem(name, taken) for name in ('a/x.jpg', 'b/x.png', 'webcam:0')]
    ['x', 'x_2', 'webcam0']
    """
    base = stem = Path(readable(name).replace(':', '')).stem.encode()[:150].decode(errors='ignore')
    number = 1
    while stem.casefold() in taken:
        number += 1
        stem = f'{base}_{number}'
    taken.add(stem.casefold())
    return stem


def readable(name: str) -> str:
    """Return a file name with bytes that are not UTF-8 written as %E9, for example.

    >>> readable(os.fsdecode(b'caf\\xe9.jpg'))
    'caf%E9.jpg'
    """
    return ''.join(f'%{ord(c) & 255:02X}' if 0xD800 <= ord(c) < 0xE000 else c for c in name)
