"""Writing checkpoints so that none is lost."""

import os.path as osp
import shutil
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from ..errors import InputError, RunError
from ..files import write_whole
from ..names import is_remote

_BACKEND = 'whole_files'
WRITTEN = 'written'  # in the meta of a checkpoint: when, in seconds since 1970
# The parts that training changes; the rest of a checkpoint only describes it.
_TRAINED = ('state_dict', 'optimizer', 'ema_state_dict')


@register_backend(_BACKEND)
class WholeFileBackend(LocalBackend):
    """Local files that are written whole or not at all."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file.

        Raises:
            RunError: If it cannot be written, for example because the disk is full.
        """
        try:
            write_whole(obj, filepath)
        except OSError as error:
            raise RunError(
                f'{filepath} ({len(obj):,} bytes) cannot be written: {error.strerror}. '
                'The checkpoints before it are whole: make room, then continue with --resume.'
            ) from error


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """``CheckpointHook`` that loses no checkpoint, whenever the run is killed.

    MMEngine's hook removes the oldest checkpoint, or the best before, writes the new one in place,
    and takes any file of the right name for its own. Here checkpoints and ``last_checkpoint`` are
    written to temporary files and renamed; only then is an old one removed. A checkpoint with nan
    or inf is not written. A new training in a folder moves the checkpoints of an earlier one to
    ``earlier_TIME``.

    Applies to local folders; settings are those of ``CheckpointHook``.

    Raises:
        RunError: If a checkpoint is not finite or cannot be written.
    """

    def before_train(self, runner: Runner) -> None:
        if self._is_remote():
            super().before_train(runner)
            return
        self.backend_args = dict(backend=_BACKEND)
        folder = checkpoint_folder(runner.work_dir, self.out_dir)
        continues = _continues(runner, folder)
        _forget_checkpoints_elsewhere(runner.message_hub, folder, continues)
        super().before_train(runner)
        barrier()  # the others may still read load_from there
        if not continues and is_main_process():
            moved = set_aside(Path(folder), Path(runner.work_dir), runner.timestamp, runner.logger)
            if runner._load_from and (path := moved.get(Path(runner._load_from).absolute())):
                runner.logger.warning(
                    f'load_from was one of them; to start from it again: load_from={path}'
                )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        name = find_not_finite(checkpoint)
        if name is not None:
            raise RunError(
                f'{name} holds nan or inf in epoch {runner.epoch + 1}: training has diverged. '
                f'{after_divergence(runner)}'
            )
        # MMEngine's own time is that of the clock on the wall, which is set back in autumn.
        checkpoint['meta'][WRITTEN] = time.time()

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        outdated = self._add_to_kept(runner, step)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if not is_main_process():
            return
        pointer = osp.join(runner.work_dir, 'last_checkpoint')
        WholeFileBackend().put(self.last_ckpt.encode(), pointer)
        for old in outdated:
            path = self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(old))
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best:
            return
        for score in self.key_indicators:
            if score != 'auto' and score not in metrics:
                raise InputError(
                    f'default_hooks.checkpoint.save_best is {score!r}, the validation has '
                    f'{", ".join(metrics)}: name one of these, or None, and go on with --resume.'
                )
        before = self._best()
        self._set_best(dict.fromkeys(before))  # MMEngine's hook would remove them first
        super()._save_best_checkpoint(runner, metrics)
        after = self._best()
        self._set_best({metric: after[metric] or path for metric, path in before.items()})
        for path in {*before.values()} - {*self._best().values(), None}:
            if is_main_process() and self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _best(self) -> dict[str, str | None]:
        """Return the best checkpoint of each metric; '' stands for the only one."""
        return getattr(self, 'best_ckpt_path_dict', None) or {'': self.best_ckpt_path}

    def _set_best(self, paths: dict[str, str | None]) -> None:
        if '' in paths:
            self.best_ckpt_path = paths['']
        else:
            self.best_ckpt_path_dict = paths

    def _add_to_kept(self, runner: Runner, step: int) -> list[int]:
        """Note the new checkpoint; return those that it makes superfluous."""
        # The best score is added to a checkpoint that is already written.
        if self.max_keep_ckpts <= 0 or (self.keep_ckpt_ids and self.keep_ckpt_ids[-1] == step):
            return []
        steps = [*self.keep_ckpt_ids, step]
        # Including those to be removed: if this run is killed first, the next one removes them.
        runner.message_hub.update_info('keep_ckpt_ids', steps)
        self.keep_ckpt_ids = deque(steps, self.max_keep_ckpts)
        return steps[: -self.max_keep_ckpts]

    def _is_remote(self) -> bool:
        other = self.backend_args is not None or self.file_client_args is not None
        return other or is_remote(self.out_dir or '')


def checkpoint_folder(work_dir: str, out_dir: str | None = None) -> str:
    """Return where MMEngine's hook writes: a folder of ``out_dir`` named after the work dir.

    >>> checkpoint_folder('work_dirs/a/'), checkpoint_folder('work_dirs/a/', 'big')
    ('work_dirs/a/', 'big/a')
    """
    if out_dir is None or out_dir == work_dir:
        return work_dir
    return osp.join(out_dir, osp.basename(work_dir.rstrip(osp.sep)))


def set_aside(folder: Path, work_dir: Path, timestamp: str, logger: Any) -> dict[Path, Path]:
    """Move another training's checkpoints, and the note of the last, to ``folder/earlier_TIME``.

    Returns:
        The new path of each file that was moved, by its absolute old one.
    """
    note = work_dir / 'last_checkpoint'
    found = [path for path in (*folder.glob('*.pth'), note) if path.is_file()]
    if not any(path.suffix == '.pth' for path in found):
        return {}
    earlier = folder / f'earlier_{timestamp}'
    while earlier.exists():
        earlier = earlier.with_name(f'{earlier.name}_')
    earlier.mkdir()
    moved = {}
    for path in found:
        old = path.absolute()
        moved[old] = Path(shutil.move(path, earlier / path.name))  # the note may be on another disk
    logger.info(
        f'{folder} held checkpoints of another training, and this one starts afresh (see '
        f'--resume): they are now in {earlier.name}.'
    )
    return moved


def find_not_finite(checkpoint: dict) -> str | None:
    """Return the name of a tensor of weights or optimiser that holds nan or inf, or None.

    >>> find_not_finite(dict(state_dict=dict(a=torch.zeros(2), b=torch.tensor([0, torch.inf]))))
    'state_dict.b'
    """
    for part in _TRAINED:
        for name, tensor in _tensors(checkpoint.get(part), part):
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                return name
    return None


def after_divergence(runner: Runner) -> str:
    """Say what is left, and what to do, after a training has diverged."""
    pointer = Path(runner.work_dir, 'last_checkpoint')
    last = pointer.read_text() if pointer.is_file() else None
    left = f'The last checkpoint, {last}, is finite' if last else 'No checkpoint was written'
    rate = max(max(rates) for rates in runner.optim_wrapper.get_lr().values())
    return (
        f'{left}. Train again with a lower learning rate than {rate:g}, or limit the gradients '
        '(optim_wrapper.clip_grad.max_norm=1).'
    )


def _tensors(value: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _tensors(item, f'{name}.{key}')
    elif isinstance(value, (list, tuple)):
        for key, item in enumerate(value):
            yield from _tensors(item, f'{name}.{key}')


def _continues(runner: Runner, folder: str) -> bool:
    """Whether the run has resumed from a checkpoint of this folder."""
    if not runner._resume or runner.iter == 0:
        return False
    start = runner._load_from
    return start is None or osp.realpath(osp.dirname(start)) == osp.realpath(folder)


def _forget_checkpoints_elsewhere(hub: MessageHub, folder: str, continues: bool) -> None:
    """Forget checkpoints of another folder, which MMEngine's hook would remove in time."""
    if not continues:
        hub.update_info('keep_ckpt_ids', [])
    for key, path in list(hub.runtime_info.items()):
        elsewhere = key.startswith('best_ckpt') and osp.dirname(path or '') != folder
        if elsewhere:
            hub.pop_info(key)
