"""Tables in Markdown."""

from collections.abc import Iterable, Sequence

from .errors import InputError

_RULES = {'l': '---', 'r': '---:'}


def markdown_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], align: str | None = None
) -> str:
    """Write a table.

    Args:
        head: Titles of the columns.
        rows: Cells, as many as there are titles.
        align: 'l' or 'r' for each column; by default numbers follow a name: 'lrr...'.

    Raises:
        InputError: If a row has another length than the head.

    >>> print(markdown_table(['joint', 'PCK'], [['hip', '70.1']]))
    | joint | PCK |
    | --- | ---: |
    | hip | 70.1 |
    """
    align = align or 'l' + 'r' * (len(head) - 1)
    lines = [head, [_RULES[side] for side in align], *rows]
    for line in lines:
        if len(line) != len(head):
            raise InputError(f'expected rows of {len(head)} cells, got {list(line)}.')
    return '\n'.join(f'| {" | ".join(map(str, line))} |' for line in lines)
