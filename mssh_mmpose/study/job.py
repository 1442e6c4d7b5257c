"""Training and test of one run of a study, in processes of their own.

A process that is killed loses what it did since its last checkpoint; the next start of the study
resumes there, to the same numbers.
"""

import fcntl
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from ..analysis import model_cost
from ..config import PACKAGE, tool_path
from ..engine.commit import current_commit
from ..engine.logs import iterations_per_epoch, read_log
from ..errors import InputError
from ..files import write_whole
from .plan import Variant, fingerprint

SECONDS_TO_STOP = 30


class JobFailed(InputError):
    """A run cannot start, or its training or test ended with an error."""


class Job:
    """One training with its test, in a folder of its own.

    Attributes:
        units: Cost of the training, in epochs times multiply-adds of an image.

    Raises:
        JobFailed: If the config describes no network, or does not count epochs.
    """

    def __init__(self, variant: Variant, seed: int, folder: Path, threads: int):
        self.variant, self.seed = variant, seed
        self.cfg = variant.make_config(seed)
        self.fingerprint = fingerprint(self.cfg)
        # Another config trains in another folder, so that nothing is resumed from it.
        self.folder = folder / variant.name / f'seed{seed}-{self.fingerprint}'
        self.work_dir, self.test_dir = self.folder / 'work', self.folder / 'test'
        self.metrics_file = self.folder / 'metrics.json'
        self.predictions_file = self.folder / 'predictions.pkl'
        self.threads = threads
        checkpoint_hook = (self.cfg.get('default_hooks') or {}).get('checkpoint') or {}
        if 'max_epochs' not in self.cfg.train_cfg or not checkpoint_hook.get('by_epoch', True):
            raise JobFailed(
                f'variant {variant.name}: {variant.config} must train by epochs and write its '
                'checkpoints by epochs; set train_cfg.max_epochs.'
            )
        self.epochs = self.cfg.train_cfg.max_epochs
        try:
            self.cost = model_cost(self.cfg)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise JobFailed(
                f'variant {variant.name}: no network can be built from {variant.config} with '
                f'{variant.options}: {error}'
            ) from error
        self.units = float(self.epochs * self.cost.multiply_adds)
        self._process: subprocess.Popen | None = None
        self._testing = False
        self._lock = None

    @property
    def commit(self) -> str:
        """Commit of the code with which the training was started."""
        return (self.folder / 'commit.txt').read_text()

    def start(self) -> None:
        """Start the training, from its last checkpoint if there is one, or else the test.

        Raises:
            JobFailed: If another process is working in the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = self._take_lock()
        self.cfg.dump(self.folder / 'config.py')
        if not (self.folder / 'commit.txt').is_file():
            write_whole(current_commit().encode(), str(self.folder / 'commit.txt'))
        start = last_whole_checkpoint(self.work_dir)
        if start and epoch_of(start) >= self.epochs:
            self._test()
        else:
            resume = ['--resume', start] if start else []
            self._run('train', '--work-dir', self.work_dir, *resume)

    def poll(self) -> bool:
        """Whether training and test are done; starts the test after the training.

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
        return min(1.0, train[-1]['iter'] / iterations_per_epoch(train) / self.epochs)

    def _take_lock(self):
        """Open a file that one process at a time can hold."""
        lock = (self.folder / 'lock').open('a+')
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            owner = lock.read() or 'another'
            lock.close()
            raise JobFailed(
                f'process {owner} is working in {self.folder}: a run that outlived its study, or '
                'one of another tools/study.py. Wait until it ends, or end it.'
            ) from error
        return lock

    def _test(self) -> None:
        self._testing = True
        checkpoint = last_whole_checkpoint(self.work_dir)
        if checkpoint is None:
            raise JobFailed(
                f'{self.variant.name}, seed {self.seed}, left no whole checkpoint epoch_N.pth in '
                f'{self.work_dir}; see default_hooks.checkpoint of {self.variant.config}.'
            )
        outputs = ['--out', self.metrics_file, '--dump', self.predictions_file]
        self._run('test', checkpoint, '--work-dir', self.test_dir, *outputs)

    def _run(self, tool: str, *args: object) -> None:
        config = self.folder / 'config.py'
        command = [sys.executable, tool_path(tool), config, *args]
        path = os.pathsep.join([str(PACKAGE.parent), os.environ.get('PYTHONPATH', '')])
        env = dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS=str(self.threads))
        with (self.folder / 'output.log').open('a') as log:
            self._process = subprocess.Popen(
                list(map(str, command)),
                stdout=log,
                stderr=log,
                env=dict(env, MSSH_TRACEBACK='1'),
                # Held by the child too: nobody else starts this run while it lives.
                pass_fds=[self._lock.fileno()],
            )
        self._lock.truncate(0)
        self._lock.write(str(self._process.pid))
        self._lock.flush()


def epoch_of(checkpoint: Path) -> int:
    return int(re.search(r'\d+', checkpoint.stem)[0])


def last_whole_checkpoint(work_dir: Path) -> Path | None:
    """The checkpoint of the latest epoch that was written to its end, or None."""
    found = sorted(work_dir.glob('epoch_*.pth'), key=epoch_of, reverse=True)
    # A file of torch.save is a zip archive, whose directory comes last.
    return next((path for path in found if zipfile.is_zipfile(path)), None)
