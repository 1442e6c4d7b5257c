"""The scalars that MMEngine's runs leave in a work dir."""

import json
from collections.abc import Iterator
from pathlib import Path


def read_runs(path: str | Path) -> list[list[dict]]:
    """Read the records of every run of a work dir, or of one ``scalars.json``.

    The last line of a run may be cut off, as it is when training was killed or still goes on.

    Args:
        path: A work dir, or a ``scalars.json``.

    Returns:
        Per run, in the order of their start, its records.

    Raises:
        FileNotFoundError: If there is no log.
        ValueError: If a line is not JSON.
    """
    path = Path(path)
    files = [path] if path.is_file() else sorted(path.glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(
            f'no log in {path}; expected a work dir of tools/train.py, with a file '
            'DATE_TIME/vis_data/scalars.json, or such a file.'
        )
    return [list(_records(file)) for file in files]


def _records(file: Path) -> Iterator[dict]:
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise ValueError(f'line {number} of {file} is not JSON: {error}') from error


def drop_from(records: list[dict], key: str, first: int) -> None:
    """Remove the records that a run resumed at ``first`` repeats."""
    records[:] = [record for record in records if record[key] < first]
