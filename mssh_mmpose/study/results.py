"""The files of a study's results: a table of runs, and the correct joints of every person."""

import contextlib
import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..evaluation.statistics import accuracy
from ..files import write_whole
from .identity import Fingerprint, fingerprint
from .locks import hold
from .plan import Study, Variant

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
        row: Row of the table: ``COLUMNS`` and the metrics, as text.
        people: By metric, correct joints and joints that count, (2, N).
    """

    row: dict[str, str]
    people: dict[str, np.ndarray]

    def score(self, metric: str) -> float:
        """Percentage of correct joints."""
        return accuracy(*self.people[metric].astype(int))


class Results:
    """The files ``results.csv`` and ``people.npz`` of a folder.

    A run is added whole or not at all: the table is written last, and decides which runs exist.

    Raises:
        InputError: If the files are not those of a study.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.table, self.archive = folder / 'results.csv', folder / 'people.npz'
        self.runs = self._read()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from adding runs; reads what they have added before.

        Raises:
            InputError: If another process holds the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        doing = f'runs a study whose results go to {self.folder}; choose another --out-dir'
        with hold(self.folder / '.lock', doing):
            self.runs = self._read()
            yield

    def finished(self, variant: Variant, seed: int, identity: Fingerprint) -> bool:
        """Return whether this run is there with these settings."""
        run = self.runs.get((variant.name, seed))
        return run is not None and run.row['fingerprint'] == str(identity)

    def add(self, run: FinishedRun) -> None:
        """Add or replace a run and write the files."""
        key = run.row['variant'], int(run.row['seed'])
        if self.runs.pop(key, None):
            self._write_table()  # without the replaced run, before its people are replaced
        self.runs[key] = run
        self.write()

    def write(self) -> None:
        """Write all runs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        runs = self._sorted()
        arrays = {
            f'{run.row["variant"]}/{run.row["seed"]}/{metric}': values.astype(np.uint8)
            for run in runs
            for metric, values in run.people.items()
        }
        archive = io.BytesIO()
        np.savez_compressed(archive, **arrays)
        write_whole(archive.getvalue(), self.archive)
        self._write_table()

    def _sorted(self) -> list[FinishedRun]:
        return [self.runs[key] for key in sorted(self.runs)]

    def _write_table(self) -> None:
        runs = self._sorted()
        metrics = dict.fromkeys(name for run in runs for name in run.row if name not in COLUMNS)
        table = io.StringIO(newline='')
        writer = csv.DictWriter(table, [*COLUMNS, *metrics], restval='')
        writer.writeheader()
        writer.writerows(run.row for run in runs)
        write_whole(table.getvalue(), self.table)

    def select(self, study: Study) -> dict[str, list[FinishedRun]]:
        """By variant, a study's finished runs by seed; those of other settings are left out."""
        selected: dict[str, list[FinishedRun]] = {variant.name: [] for variant in study.variants}
        for variant in study.variants:
            for seed in sorted(variant.seeds):
                if self.finished(variant, seed, fingerprint(variant.make_config(seed))):
                    selected[variant.name].append(self.runs[variant.name, seed])
        return {name: runs for name, runs in selected.items() if runs}

    def _read(self) -> dict[tuple[str, int], FinishedRun]:
        if not self.table.is_file():
            return {}
        runs = {}
        try:
            with self.table.open(newline='', encoding='utf-8') as file:
                rows = list(csv.DictReader(file))
            arrays = dict(np.load(self.archive)) if rows else {}
            for row in rows:
                prefix = f'{row["variant"]}/{row["seed"]}/'
                people = {k[len(prefix) :]: a for k, a in arrays.items() if k.startswith(prefix)}
                if not people:
                    raise KeyError(f'{prefix}*')
                runs[row['variant'], int(row['seed'])] = FinishedRun(row, people)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise InputError(
                f'{self.table} and {self.archive.name} beside it are not the results of a study '
                f'({error}); choose another --out-dir, or move them away.'
            ) from error
        return runs
