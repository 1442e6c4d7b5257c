"""Writing of results."""

import os
from pathlib import Path


def write_whole(content: bytes, path: str) -> None:
    """Write a file whole or not at all."""
    part = Path(f'{path}.part')
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
