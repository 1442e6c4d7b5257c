"""Training and test of one run of a study, in separate processes.

A killed process loses its work since the last checkpoint. The next start of the study resumes there
and ends with the same numbers.
"""

import functools
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import torch
from mmpose.registry import DATASETS

from ..analysis import ModelCost
from ..config import PACKAGE, tool_path
from ..engine.commit import current_commit
from ..engine.logs import read_log
from ..engine.resuming import newest_checkpoint, read_training
from ..errors import RunError
from ..files import write_whole
from .identity import fingerprint
from .locks import hold, write_holder
from .plan import Variant

SECONDS_TO_STOP = 30


class JobFailed(RunError):
    """A run's training or test ended with an error, which is in its log."""


class Job:
    """One training with its test, in its own folder.

    Args:
        variant: One of the study.
        seed: One of the variant's.
        cost: Cost of the variant's network.
        folder: Holds the folders of all runs.
        threads: Threads for this run.

    Attributes:
        units: Cost of the training, in epochs times multiply-adds of an image.
    """

    def __init__(self, variant: Variant, seed: int, cost: ModelCost, folder: Path, threads: int):
        self.variant, self.seed, self.cost, self.threads = variant, seed, cost, threads
        self.cfg = variant.make_config(seed)
        self.epochs = self.cfg.train_cfg.max_epochs
        self.units = float(self.epochs * cost.multiply_adds)
        self.fingerprint = fingerprint(self.cfg)
        # Each training has its own folder, so that none resumes from another.
        self.folder = folder / variant.name / f'seed{seed}-{self.fingerprint.training}'
        self.work_dir, self.test_dir = self.folder / 'work', self.folder / 'test'
        self.metrics_file = self.folder / 'metrics.json'
        self.predictions_file = self.folder / 'predictions.pkl'
        self._process: subprocess.Popen | None = None
        self._testing = False
        self._lock: IO[str] | None = None

    @property
    def commit(self) -> str:
        """Return the commits with which the training was started and resumed."""
        return self._noted('commit')

    @property
    def torch_version(self) -> str:
        """Return the versions of torch that trained."""
        return self._noted('torch')

    def start(self) -> None:
        """Start or resume the training, or start the test if the training is done.

        Raises:
            InputError: If another process is working in the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        doing = f'is working in {self.folder}: a run that outlived its study, or one of another'
        self._lock = hold(self.folder / 'lock', doing)
        self.cfg.dump(self.folder / 'config.py')
        start, trained = self._newest()
        if trained >= self.epochs:
            self._test()
        else:
            self._note('commit', current_commit())
            self._note('torch', torch.__version__)
            resume = ['--resume', start] if start else []
            self._run('train', '--work-dir', self.work_dir, *resume)

    def poll(self) -> bool:
        """Return whether training and test are done; start the test after the training.

        Raises:
            JobFailed: If one of them ended with an error.
        """
        status = self._process.poll()
        if status is None:
            return False
        if status:
            raise JobFailed(
                f'{self.variant.name}, seed {self.seed}, ended with status {status}; see '
                f'{self.folder / "output.log"}.'
            )
        if self._testing:
            self._lock.close()
            return True
        self._test()
        return False

    def terminate(self) -> None:
        """Ask the process to end, if one is running."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Wait until the process has ended; kill it if it does not."""
        if self._process is not None:
            try:
                self._process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._lock is not None:
            self._lock.close()

    def progress(self) -> float:
        """Share of the training that is done, in [0, 1]."""
        try:
            train = read_log(self.work_dir).train
        except (FileNotFoundError, ValueError):
            return 0.0
        return min(1.0, train[-1]['iter'] / self.iterations)

    @functools.cached_property
    def images_per_epoch(self) -> int:
        """Number of images in an epoch of the training."""
        loader = self.cfg.train_dataloader
        images = len(DATASETS.build(loader.dataset))
        return images - images % loader.batch_size * loader.get('drop_last', False)

    @property
    def iterations(self) -> int:
        """Number of iterations of the whole training."""
        return math.ceil(self.images_per_epoch / self.cfg.train_dataloader.batch_size) * self.epochs

    def _note(self, name: str, value: str) -> None:
        path = self.folder / f'{name}.txt'
        known = path.read_text().split() if path.is_file() else []
        write_whole('\n'.join(dict.fromkeys([*known, value])), path)

    def _noted(self, name: str) -> str:
        path = self.folder / f'{name}.txt'
        return ', '.join(path.read_text().split()) if path.is_file() else 'unknown'

    def _newest(self) -> tuple[str | None, int]:
        """Return the newest whole checkpoint and its epochs; None and 0 if there is none."""
        found, _ = newest_checkpoint(str(self.work_dir), str(self.work_dir))
        return found, read_training(found)['meta']['epoch'] if found else 0

    def _test(self) -> None:
        self._testing = True
        checkpoint, trained = self._newest()
        if checkpoint is None:
            raise JobFailed(
                f'{self.variant.name}, seed {self.seed}, left no whole checkpoint epoch_N.pth in '
                f'{self.work_dir}; see default_hooks.checkpoint of {self.variant.config}.'
            )
        if trained != self.epochs:
            raise JobFailed(
                f'{self.variant.name}, seed {self.seed}, ended with {checkpoint}, expected '
                f'{self.epochs} epochs; a study cannot compare trainings that stop early.'
            )
        outputs = ['--out', self.metrics_file, '--dump', self.predictions_file]
        self._run('test', checkpoint, '--work-dir', self.test_dir, *outputs)

    def _run(self, tool: str, *args: object) -> None:
        config = self.folder / 'config.py'
        command = [sys.executable, tool_path(tool), config, *args]
        path = os.pathsep.join(filter(None, [str(PACKAGE.parent), os.environ.get('PYTHONPATH')]))
        env = dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS=str(self.threads))
        with (self.folder / 'output.log').open('a') as log:
            self._process = subprocess.Popen(
                list(map(str, command)),
                stdout=log,
                stderr=log,
                env=dict(env, MSSH_TRACEBACK='1'),
                # The child holds it, too: no other study starts this run while the child lives.
                pass_fds=[self._lock.fileno()],
            )
        write_holder(self._lock, self._process.pid)
