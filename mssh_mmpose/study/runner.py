"""Runs the jobs of a study and collects their results."""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from mmengine.registry import init_default_scope
from tqdm import tqdm

from ..engine.logs import read_log
from ..evaluation.keypoint_metric import KeypointMetric
from ..evaluation.predictions import (
    add_predictions,
    dataset_truth,
    keypoint_metrics,
    read_predictions,
)
from ..files import read_json
from .job import Job
from .plan import Study
from .preconditions import check_study, metric_name
from .results import FinishedRun, Results

POLL_SECONDS = 2.0


def run_study(study: Study, results: Results, folder: Path, jobs: int, threads: int) -> None:
    """Train and test the runs that are not in the results yet, ``jobs`` at a time.

    Args:
        study: What to run.
        results: Where finished runs are added.
        folder: Where runs keep their checkpoints.
        jobs: Runs at a time.
        threads: Threads per run.

    Raises:
        JobFailed: If a run ends with an error; the others are stopped, and can be resumed.
        InputError: If the variants cannot be trained or compared, or if another process adds to
            the results.
    """
    init_default_scope('mmpose')
    costs = check_study(study)
    everything = [Job(v, seed, costs[v.name], folder, threads) for v, seed in study.runs()]
    with results.held():
        _run(study.name, everything, results, jobs)


def _run(title: str, everything: Sequence[Job], results: Results, jobs: int) -> None:
    waiting = [j for j in everything if not results.finished(j.variant, j.seed, j.fingerprint)]
    finished = len(everything) - len(waiting)
    kept = ', and kept (a new --out-dir and --work-dir train them again)' if finished else ''
    print(f'{len(everything)} runs, {finished} of them finished before{kept}', flush=True)
    total = sum(job.units for job in waiting)
    running: list[Job] = []
    with _stopping(running), tqdm(total=100, unit='%', desc=title, dynamic_ncols=True) as bar:
        done = 0.0
        # Progress of earlier starts does not count for the speed.
        bar.n = bar.initial = _percent(waiting, done, total)
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(waiting.pop(0))
                running[-1].start()
            time.sleep(POLL_SECONDS)
            for job in list(running):
                if not job.poll():
                    continue
                running.remove(job)
                done += job.units
                run = collect(job)
                results.add(run)
                found = ', '.join(f'{name} {run.score(name):.1f}' for name in run.people)
                bar.write(f'{job.variant.name}, seed {job.seed}: {found}', file=sys.stdout)
                sys.stdout.flush()
            bar.n = _percent([*running, *waiting], done, total)
            bar.set_postfix_str(', '.join(f'{j.variant.name}/{j.seed}' for j in running))


def collect(job: Job) -> FinishedRun:
    """Read the results of a finished job."""
    log = read_log(job.work_dir).train
    seconds = np.mean([record['time'] for record in log]) * job.iterations
    metrics = read_json(job.metrics_file)
    row = dict(
        variant=job.variant.name,
        seed=job.seed,
        fingerprint=job.fingerprint,
        epochs=job.epochs,
        images=job.images_per_epoch * job.epochs,
        parameters=job.cost.parameters,
        multiply_adds=job.cost.multiply_adds,
        minutes=f'{seconds / 60:.2f}',
        commit=job.commit,
        torch=job.torch_version,
        **{name: f'{value:.4f}' for name, value in metrics.items()},
    )
    return FinishedRun({name: str(value) for name, value in row.items()}, correct_people(job))


def correct_people(job: Job) -> dict[str, np.ndarray]:
    """Return, by metric, each test person's correct and counted joints (PCP: sticks), (2, N)."""
    truth = dataset_truth(job.cfg.test_dataloader.dataset)
    samples = add_predictions(truth, read_predictions(job.predictions_file))
    metrics = keypoint_metrics(job.cfg, samples)
    return {metric_name(metric): correct_joints(metric) for metric in metrics}


def correct_joints(metric: KeypointMetric) -> np.ndarray:
    """Return each person's correct joints at the first threshold, and joints that count: (2, N).

    Args:
        metric: Has processed the people.
    """
    errors = metric.errors(metric.stack(metric.results))
    scored = list(metric.scored)
    labelled = errors.labelled[:, scored]
    correct = labelled & (errors.values[:, scored] <= metric.thresholds[0])
    return np.stack([correct.sum(axis=1), labelled.sum(axis=1)])


def _percent(unfinished: Sequence[Job], done: float, total: float) -> float:
    partly = sum(job.units * job.progress() for job in unfinished)
    return round(100 * (done + partly) / total, 2) if total else 100.0


@contextlib.contextmanager
def _stopping(running: list[Job]) -> Iterator[None]:
    """Stop the processes at the end, whatever the reason."""
    try:
        yield
    finally:
        for job in running:
            job.terminate()
        for job in running:
            job.wait()
