"""Results of a study: a table of runs, the correct joints of every person, and a summary."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..files import write_whole
from .plan import Comparison, Study, Variant, fingerprint
from .statistics import accuracy, direction, paired_bootstrap, spread, verdict

COLUMNS = (
    'variant',
    'seed',
    'fingerprint',
    'epochs',
    'images',
    'parameters',
    'multiply_adds',
    'minutes',
    'commit',
    'torch',
)


class FinishedRun(NamedTuple):
    """One finished run.

    Attributes:
        row: Of the table: ``COLUMNS`` and the metrics, as text.
        people: By metric, correct joints and joints that count, (2, N).
    """

    row: dict[str, str]
    people: dict[str, np.ndarray]


class Results:
    """The files ``results.csv``, ``people.npz`` and ``summary.md`` of a folder.

    A run is added whole or not at all: the table is written last, and says what counts.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.table, self.archive = folder / 'results.csv', folder / 'people.npz'
        self.runs: dict[tuple[str, int], FinishedRun] = {}
        if not self.table.is_file():
            return
        with self.table.open(newline='', encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
        arrays = dict(np.load(self.archive)) if rows else {}
        for row in rows:
            prefix = f'{row["variant"]}/{row["seed"]}/'
            people = {k[len(prefix) :]: a for k, a in arrays.items() if k.startswith(prefix)}
            self.runs[row['variant'], int(row['seed'])] = FinishedRun(row, people)

    def finished(self, variant: Variant, seed: int, fingerprint: str) -> bool:
        """Whether this run is there, of this very config."""
        run = self.runs.get((variant.name, seed))
        return run is not None and run.row['fingerprint'] == fingerprint

    def add(self, run: FinishedRun) -> None:
        """Add or replace a run and write the files."""
        self.runs[run.row['variant'], int(run.row['seed'])] = run
        self.write()

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        runs = [self.runs[key] for key in sorted(self.runs)]
        arrays = {
            f'{run.row["variant"]}/{run.row["seed"]}/{metric}': values.astype(np.uint8)
            for run in runs
            for metric, values in run.people.items()
        }
        archive = io.BytesIO()
        np.savez_compressed(archive, **arrays)
        write_whole(archive.getvalue(), str(self.archive))
        metrics = dict.fromkeys(name for run in runs for name in run.row if name not in COLUMNS)
        table = io.StringIO(newline='')
        writer = csv.DictWriter(table, [*COLUMNS, *metrics], restval='')
        writer.writeheader()
        writer.writerows(run.row for run in runs)
        write_whole(table.getvalue().encode(), str(self.table))

    def select(self, study: Study) -> dict[str, list[FinishedRun]]:
        """By variant, the finished runs of a study by seed; those of other configs are left out."""
        selected: dict[str, list[FinishedRun]] = {variant.name: [] for variant in study.variants}
        for variant in study.variants:
            for seed in sorted(variant.seeds):
                if self.finished(variant, seed, fingerprint(variant.make_config(seed))):
                    selected[variant.name].append(self.runs[variant.name, seed])
        return {name: runs for name, runs in selected.items() if runs}


def scores(runs: Sequence[FinishedRun], metric: str) -> list[float]:
    """Percentage of correct joints of each run."""
    return [accuracy(*run.people[metric].astype(int)) for run in runs]


def summary(study: Study, finished: dict[str, list[FinishedRun]]) -> str:
    """Describe a study as Markdown: each variant's scores, and each comparison.

    Args:
        study: What was to run.
        finished: What :meth:`Results.select` gives.

    Raises:
        InputError: If variants that are compared were tested on different people.
    """
    if not finished:
        return f'# {study.title}\n\nNo run is finished.\n'
    metrics = list(next(iter(finished.values()))[0].people)
    total = sum(len(variant.seeds) for variant in study.variants)
    number = sum(map(len, finished.values()))
    lines = [f'# {study.title}', '']
    lines += [
        f'{number} of {total} runs. Mean and standard deviation over the seeds; minutes of '
        'training, which other jobs on the machine lengthen.',
        '',
    ]
    heads = ['variant', 'runs', *metrics, 'epochs', 'parameters (M)', 'multiply-adds (G)']
    rows = (_variant_row(name, runs, metrics) for name, runs in finished.items())
    lines += _table([*heads, 'minutes'], rows)
    compared = [c for c in study.comparisons if c.variant in finished and c.against in finished]
    if compared:
        lines += ['', '## Comparisons', '']
        lines += [
            'Difference to the other variant in points, with the 95 % interval of a bootstrap over '
            'people, the same for both, and the runs of each. Two or three runs say little of the '
            'spread between seeds: read the intervals as the least that must be doubted. "Paper" '
            'is the direction that the paper reports, for networks of its own size on its own '
            'data.',
            '',
        ]
        rows = (_comparison(c, finished[c.variant], finished[c.against], metrics) for c in compared)
        lines += _table(['question', 'variant', 'against', *metrics, 'paper', 'ours'], rows)
    return '\n'.join(lines) + '\n'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f'| {" | ".join(heads)} |', '|' + ' --- |' * len(heads)]
    return lines + [f'| {" | ".join(row)} |' for row in rows]


def _variant_row(name: str, runs: Sequence[FinishedRun], metrics: Sequence[str]) -> list[str]:
    first = runs[0].row
    minutes = np.mean([float(run.row['minutes']) for run in runs])
    return [
        name,
        str(len(runs)),
        *(spread(scores(runs, metric)) for metric in metrics),
        first['epochs'],
        f'{int(first["parameters"]) / 1e6:.3f}',
        f'{int(first["multiply_adds"]) / 1e9:.3f}',
        f'{minutes:.1f}',
    ]


def _comparison(
    comparison: Comparison,
    runs: Sequence[FinishedRun],
    others: Sequence[FinishedRun],
    metrics: Sequence[str],
) -> list[str]:
    differences = []
    for metric in metrics:
        counts = runs[0].people[metric][1]
        if not all(np.array_equal(run.people[metric][1], counts) for run in [*runs, *others]):
            raise InputError(
                f'runs of {comparison.variant} and {comparison.against} were tested on different '
                f'people or joints by {metric}; train all of them again in a new --out-dir.'
            )
        hits = (np.array([r.people[metric][0] for r in each], int) for each in (runs, others))
        differences.append(paired_bootstrap(*hits, counts.astype(int)))
    # The first metric decides.
    paper = comparison.paper
    ours = verdict(differences[0], paper) if paper else direction(differences[0])
    if 1 in (len(runs), len(others)):
        ours += ' (one run)'  # the interval is that over people alone
    return [
        comparison.question,
        comparison.variant,
        comparison.against,
        *(f'{d.mean:+.1f} [{d.low:+.1f}, {d.high:+.1f}]' for d in differences),
        paper or '-',
        ours,
    ]
