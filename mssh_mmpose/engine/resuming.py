"""Continuing a training where it was interrupted."""

import os.path as osp
import time
import zipfile
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpose.registry import HOOKS

from ..errors import InputError
from .checkpoint import load_from_local
from .whole_checkpoints import WRITTEN, find_not_finite


def newest_checkpoint(folder: str, work_dir: str) -> tuple[str | None, list[str]]:
    """Find the checkpoint of a folder from which to continue.

    The newest by the time inside the files, which copying does not change. Files without the state
    of a training, such as the best checkpoint, are ignored.

    Args:
        folder: Where the checkpoints are.
        work_dir: Where MMEngine notes the last one; ``folder``, unless the hook has an ``out_dir``.

    Returns:
        The checkpoint or None, and which files were skipped and why.
    """
    found, skipped = [], []
    for path in sorted(Path(folder).glob('*.pth')):
        try:
            meta = read_training(path)['meta']
        except _NotTraining:
            continue
        except InputError as error:
            skipped.append(str(error))
        else:
            found.append((_seconds(meta), meta['iter'], path))
    for _, _, path in sorted(found, reverse=True):
        name = find_not_finite(read_training(path))
        if name is None:
            return str(path), [*skipped, *_pointer_faults(Path(work_dir))]
        skipped.append(f'{path} is not finite ({name})')
    return None, skipped


def _seconds(meta: dict) -> float:
    """Return when a checkpoint was written; those of MMEngine's own hook have only local time."""
    return meta.get(WRITTEN) or time.mktime(time.strptime(meta['time'], '%Y%m%d_%H%M%S'))


def read_training(path: str | Path) -> dict:
    """Read a checkpoint to continue from; its tensors are read when they are used.

    Raises:
        InputError: If it is not whole, or holds no state of a training.
    """
    size = Path(path).stat().st_size
    if size == 0:
        raise InputError(f'{path} is empty')
    if not zipfile.is_zipfile(path):
        raise InputError(f'{path} is truncated, or no checkpoint ({size} bytes)')
    checkpoint = load_from_local(str(path), mmap=True)
    if not _is_training(checkpoint):
        raise _NotTraining(
            f'{path} holds no state of a training to continue (optimiser, epoch); to start a new '
            f'training from its weights, use --cfg-options load_from={path}'
        )
    return checkpoint


def _is_training(checkpoint: Any) -> bool:
    if not isinstance(checkpoint, dict) or not {'message_hub', 'optimizer'} <= set(checkpoint):
        return False
    meta = checkpoint.get('meta')
    kinds = dict(epoch=int, iter=int, time=str)
    return isinstance(meta, dict) and all(isinstance(meta.get(k), t) for k, t in kinds.items())


class _NotTraining(InputError):
    """Raised for a checkpoint that has only weights."""


def _pointer_faults(folder: Path) -> list[str]:
    """Return what is wrong with MMEngine's note of the last checkpoint."""
    pointer = folder / 'last_checkpoint'
    if not pointer.is_file():
        return [f'{pointer} is missing']
    name = pointer.read_text(errors='replace').strip()
    if not name:
        return [f'{pointer} is empty']
    return [] if osp.isfile(name) else [f'{name}, named by {pointer}, is missing']


@HOOKS.register_module()
class ResumedValidationHook(Hook):
    """Starts a resumed training with the validation that follows its checkpoint.

    A checkpoint is written before the validation of its epoch. If the run is killed in between,
    MMEngine continues with the next epoch, and that validation is lost, with what depends on it
    (the best checkpoint, schedules by plateau, early stopping). The validation also runs again if
    it had finished, because the checkpoint does not record it.
    """

    # The other hooks are ready then.
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        loop, (step, last) = runner.train_loop, _progress(runner)
        done = runner.message_hub.runtime_info.get('last_validation')
        if not runner._resume or step == 0 or step == done or runner.val_loop is None:
            return
        loop._decide_current_val_interval()
        if step >= loop.val_begin and (step % loop.val_interval == 0 or step == last):
            runner.logger.info('Validation of the checkpoint that training continues from')
            runner.val_loop.run()

    def before_val(self, runner: Runner) -> None:
        # For checkpoints that are written after a validation, as one with the best score.
        runner.message_hub.update_info('last_validation', _progress(runner)[0])


def _progress(runner: Runner) -> tuple[int, int]:
    """Return how much is done, and the total, in epochs, or else in iterations."""
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        return runner.epoch, runner.max_epochs
    return runner.iter, runner.max_iters
