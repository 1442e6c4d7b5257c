"""Results as Markdown tables in the paper's column order, with the paper's row under ours."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.fileio import dump

from ..datasets.lsp_meta import LSP_GROUPS
from ..datasets.mpii_meta import MPII_GROUPS
from ..files import write_whole
from ..markdown import markdown_table
from .pcp import lsp_sticks


class PaperTable(NamedTuple):
    """Columns of a metric; the paper's row and the threshold it is for."""

    columns: Sequence[str]
    threshold: str
    row: Sequence[float]
    source: str


_STICKS = tuple(lsp_sticks())
PAPER = {
    'PCKh': PaperTable(
        tuple(MPII_GROUPS),
        '0.5',
        (98.0, 96.4, 91.8, 87.5, 90.4, 87.8, 84.2, 91.2),
        "the paper's, on the test set (Table 1)",
    ),
    'PCK': PaperTable(
        tuple(LSP_GROUPS),
        '0.2',
        (96.9, 92.5, 87.7, 85.2, 92.7, 93.3, 91.7, 91.4),
        "the paper's (Table 2)",
    ),
    'PCK-box': PaperTable(tuple(LSP_GROUPS), '', (), ''),
    'PCP': PaperTable(
        _STICKS, '0.5', (97.9, 94.3, 91.4, 86.6, 78.5, 95.7, 89.5), "the paper's (Table 3)"
    ),
    'PCP-mean': PaperTable(_STICKS, '', (), ''),
}

_KEY = re.compile(r'(?P<prefix>.*/)?(?P<name>[A-Za-z-]+)@(?P<threshold>[\d.]+)')


def save_scores(scores: dict[str, float], path: str | Path) -> None:
    """Write scores as .json, .yaml or .pkl, whole or not at all."""
    plain = {n: v.item() if isinstance(v, np.generic) else v for n, v in scores.items()}
    write_whole(dump(plain, file_format=Path(path).suffix[1:].lower()), path)


def results_table(scores: dict[str, float]) -> str:
    """Return an evaluation's scores as Markdown.

    Args:
        scores: Values by the names of this package's metrics; others are listed at the end.

    >>> print(results_table({'PCKAccuracy/PCK': 0.5}))
    | metric | value |
    | --- | ---: |
    | PCKAccuracy/PCK | 0.5 |
    """
    left = dict(scores)
    tables = []
    for key in scores:
        match = _KEY.fullmatch(key)
        if match and match['name'] in PAPER:
            tables.append(_metric_table(left, key, match))
    rest = [(name, f'{value:g}') for name, value in left.items()]
    if rest:
        tables.append(markdown_table(['metric', 'value'], rest))
    return '\n\n'.join(tables)


def _metric_table(left: dict[str, float], key: str, match: re.Match) -> str:
    """Make the table of one metric at one threshold; its scores are removed from ``left``."""
    prefix, name, threshold = match['prefix'] or '', match['name'], match['threshold']
    paper = PAPER[name]
    cells: list[tuple[str, str]] = []
    for column in paper.columns:
        cells.append((column, f'{prefix}{column} {name}@{threshold}'))
    cells.append(('Total', key))
    for split in ('visible', 'occluded'):
        cells.append((split, f'{key} ({split})'))
    cells.append(('AUC 0-0.5', f'{prefix}{name} AUC@0-0.5'))
    cells = [(title, source) for title, source in cells if source in left]
    # Only the first table of a metric has the area.
    values = [left.pop(source) for _, source in cells]
    titles = [title for title, _ in cells]
    rows = [['ours', *(f'{value:.1f}' for value in values)]]
    if paper.threshold == threshold:
        known = dict(zip((*paper.columns, 'Total'), paper.row))
        rows.append([paper.source, *(f'{known[t]:.1f}' if t in known else '' for t in titles)])
    return markdown_table([f'{prefix}{name}@{threshold}', *titles], rows)
