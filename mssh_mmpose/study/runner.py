"""Training and testing of a study's runs in processes of their own.

A process that is killed loses what it did since its last checkpoint; the next start of the study
resumes there, to the same numbers.
"""

import contextlib
import fcntl
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

import numpy as np
import torch
from mmengine.registry import init_default_scope
from tqdm import tqdm

from ..analysis import model_cost
from ..evaluation.keypoint_metric import KeypointMetric
from ..evaluation.predictions import (
    add_predictions,
    dataset_truth,
    fill_metrics,
    read_predictions,
)
from ..export.publishing import current_commit
from ..visualization.curves import iterations_per_epoch, read_log
from .plan import Study, Variant, fingerprint
from .results import Results

POLL_SECONDS = 2.0


class RunFailed(Exception):
    """A training or test ended with an error; its output is in the log that is named."""


class Run:
    """One training with its test, in a folder of its own.

    Attributes:
        units: Cost of the training, in epochs times multiply-adds of an image.

    Raises:
        RunFailed: If the config describes no network.
    """

    def __init__(self, variant: Variant, seed: int, folder: Path, threads: int):
        self.variant, self.seed = variant, seed
        self.cfg = variant.make_config(seed)
        self.fingerprint = fingerprint(self.cfg)
        # Another config trains in another folder, so that nothing is resumed from it.
        self.folder = folder / variant.name / f'seed{seed}-{self.fingerprint}'
        self.threads = threads
        self.epochs = self.cfg.train_cfg.max_epochs
        try:
            self.cost = model_cost(self.cfg)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise RunFailed(
                f'variant {variant.name}: no network can be built from {variant.config} with '
                f'{variant.options}: {error}'
            ) from error
        self.units = float(self.epochs * self.cost.multiply_adds)
        self._process: Optional[subprocess.Popen] = None
        self._todo: List[str] = []
        self._lock = None

    def start(self) -> None:
        """Start with the first step that is not done.

        Raises:
            RunFailed: If another process is working in the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / 'lock').open('w')
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunFailed(f'another process is working in {self.folder}.') from error
        self.cfg.dump(self.folder / 'config.py')
        self._todo = ['train', 'test']
        self._next()

    def poll(self) -> bool:
        """Whether training and test are done; starts the test after the training.

        Raises:
            RunFailed: If one of them ended with an error.
        """
        status = self._process.poll()
        if status is None:
            return False
        if status:
            raise RunFailed(
                f'{self.variant.name}, seed {self.seed}, ended with status {status}; see '
                f'{self.folder / "output.log"}.'
            )
        return self._next()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        if self._lock is not None:
            self._lock.close()

    def progress(self) -> float:
        """Share of the training that is done, in [0, 1]."""
        try:
            train = read_log(self.folder / 'work').train
        except (FileNotFoundError, ValueError):
            return 0.0
        return min(1.0, train[-1]['iter'] / iterations_per_epoch(train) / self.epochs)

    def row(self) -> Dict[str, object]:
        """The run's entry in the table."""
        log = read_log(self.folder / 'work')
        images = self._images_per_epoch() * self.epochs
        seconds = np.mean([record['time'] for record in log.train]) * log.train[-1]['iter']
        metrics = json.loads((self.folder / 'metrics.json').read_text())
        return dict(
            variant=self.variant.name,
            seed=self.seed,
            fingerprint=self.fingerprint,
            epochs=self.epochs,
            images=images,
            parameters=self.cost.parameters,
            multiply_adds=self.cost.multiply_adds,
            minutes=f'{seconds / 60:.2f}',
            commit=current_commit(),
            torch=torch.__version__,
            **{name: f'{value:.4f}' for name, value in metrics.items()},
        )

    def people(self) -> Dict[str, np.ndarray]:
        """By metric, correct joints of each test person and joints that count, (2, N)."""
        truth = dataset_truth(self.cfg.test_dataloader.dataset)
        predictions = read_predictions(self.folder / 'predictions.pkl')
        metrics = fill_metrics(self.cfg, add_predictions(truth, predictions))
        metrics = [metric for metric in metrics if isinstance(metric, KeypointMetric)]
        return {f'{m.name}@{m.thresholds[0]:g}': correct_joints(m) for m in metrics}

    def _images_per_epoch(self) -> int:
        train = read_log(self.folder / 'work').train
        return round(iterations_per_epoch(train) * self.cfg.train_dataloader.batch_size)

    def _next(self) -> bool:
        """Start the next step; True if there is none."""
        if not self._todo:
            self._lock.close()
            return True
        config, work = str(self.folder / 'config.py'), self.folder / 'work'
        if self._todo.pop(0) == 'train':
            start = last_whole_checkpoint(work)
            if start and epoch_of(start) >= self.epochs:
                return self._next()
            resume = ['--resume', str(start)] if start else []
            self._run('train', config, '--work-dir', str(work), *resume)
        else:
            outputs = ['--out', 'metrics.json', '--dump', 'predictions.pkl']
            paths = [str(self.folder / o) if not o.startswith('--') else o for o in outputs]
            work = str(self.folder / 'test')
            checkpoint = str(last_whole_checkpoint(self.folder / 'work'))
            self._run('test', config, checkpoint, '--work-dir', work, *paths)
        return False

    def _run(self, tool: str, *args: str) -> None:
        command = [sys.executable, '-m', f'mssh_mmpose.cli.{tool}', *args]
        environment = dict(os.environ, OMP_NUM_THREADS=str(self.threads))
        with (self.folder / 'output.log').open('a') as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=environment,
                # Held by the child too: nobody else starts this run while it lives.
                pass_fds=[self._lock.fileno()],
            )


def epoch_of(checkpoint: Path) -> int:
    return int(re.search(r'\d+', checkpoint.stem)[0])


def last_whole_checkpoint(work_dir: Path) -> Optional[Path]:
    """The checkpoint of the latest epoch that was written to its end, or None."""
    found = sorted(work_dir.glob('epoch_*.pth'), key=epoch_of, reverse=True)
    # A file of torch.save is a zip archive, whose directory comes last.
    return next((path for path in found if zipfile.is_zipfile(path)), None)


def correct_joints(metric: KeypointMetric) -> np.ndarray:
    """Correct joints of each person at the first threshold, and joints that count: (2, N).

    Args:
        metric: Has processed the people.
    """
    errors = metric.errors(metric.stack(metric.results))
    scored = list(metric.scored)
    labelled = errors.labelled[:, scored]
    correct = labelled & (errors.values[:, scored] <= metric.thresholds[0])
    return np.stack([correct.sum(axis=1), labelled.sum(axis=1)])


def run_study(study: Study, results: Results, folder: Path, jobs: int, threads: int) -> None:
    """Train and test what is not in the results yet, ``jobs`` runs at a time.

    Args:
        study: What to run.
        results: Where finished runs are added.
        folder: Where runs keep their checkpoints.
        jobs: Runs at a time.
        threads: Of each run.

    Raises:
        RunFailed: If a run ends with an error; the others are stopped, and can be resumed.
    """
    init_default_scope('mmpose')
    runs = [Run(variant, seed, folder, threads) for variant, seed in study.runs()]
    waiting = [r for r in runs if not results.finished(r.variant, r.seed, r.fingerprint)]
    print(f'{len(runs)} runs, {len(runs) - len(waiting)} of them finished before', flush=True)
    total = sum(run.units for run in waiting)
    running: List[Run] = []
    with _stopping(running), tqdm(total=100, unit='%', desc=study.name, dynamic_ncols=True) as bar:
        done = 0.0
        # Progress of earlier starts is no measure of speed.
        bar.n = bar.initial = _percent(waiting, done, total)
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(waiting.pop(0))
                running[-1].start()
            time.sleep(POLL_SECONDS)
            for run in [run for run in running if run.poll()]:
                running.remove(run)
                done += run.units
                results.add(run.row(), run.people())
                bar.write(f'{run.variant.name}, seed {run.seed}: {_scores(run)}', file=sys.stdout)
                sys.stdout.flush()
            bar.n = _percent([*running, *waiting], done, total)
            bar.set_postfix_str(', '.join(f'{r.variant.name}/{r.seed}' for r in running))


def _percent(unfinished: Sequence[Run], done: float, total: float) -> float:
    partly = sum(run.units * run.progress() for run in unfinished)
    return round(100 * (done + partly) / total, 2) if total else 100.0


def _scores(run: Run) -> str:
    people = run.people().items()
    return ', '.join(f'{name} {100 * hits.sum() / n.sum():.1f}' for name, (hits, n) in people)


@contextlib.contextmanager
def _stopping(running: List[Run]) -> Iterator[None]:
    """Stop the processes on the way out, whatever the reason."""
    try:
        yield
    finally:
        for run in running:
            run.stop()
