"""MMEngine hooks."""

import os.path as osp
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import mmcv
import torch
from mmengine import fileio
from mmengine.dataset import worker_init_fn
from mmengine.dist import all_reduce, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner, set_random_seed
from mmengine.visualization import Visualizer
from mmpose.engine.hooks import PoseVisualizationHook
from mmpose.registry import HOOKS
from mmpose.structures import PoseDataSample, merge_data_samples

from ..errors import InputError, RunError
from .whole_checkpoints import after_divergence


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed every epoch's augmentation by the run's seed and the epoch's number.

    MMEngine seeds the loader's workers equally in every epoch, so their random numbers repeat. With
    ``num_workers=0`` a resumed run draws other numbers than an uninterrupted one. This hook
    prevents both.

    Raises:
        InputError: If the training loader's workers are seeded only once: persistent ones, and all
            in a training by iterations, whose loop starts them before its hooks.
    """

    def before_train(self, runner: Runner) -> None:
        if runner.train_dataloader.persistent_workers:
            raise InputError(
                'EpochSeedHook cannot seed persistent workers: set '
                'train_dataloader.persistent_workers to False, it is True.'
            )
        workers = runner.train_dataloader.num_workers
        if workers and isinstance(runner.train_loop, IterBasedTrainLoop):
            raise InputError(
                'EpochSeedHook cannot seed workers in a training by iterations: set '
                f'train_dataloader.num_workers to 0, it is {workers}, or count epochs.'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        rank = get_rank()
        # Workers add their number to the seed; a prime step keeps epochs and ranks apart.
        seed = (runner.seed + 10007 * (runner.epoch + 1)) % 2**31
        set_random_seed(seed + rank)
        loader = runner.train_dataloader
        loader.worker_init_fn = partial(
            worker_init_fn, num_workers=loader.num_workers, rank=rank, seed=seed
        )


@HOOKS.register_module()
class RankMeanHook(Hook):
    """Averages the losses of an iteration over the ranks, for the log and for other hooks.

    MMEngine logs only the losses of the first rank. With this hook the log is that of one process
    with all people, and a loss of nan on one rank stops all ranks.
    """

    # Before the hook that puts them into the log.
    priority = 'HIGHEST'

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict = None, outputs: dict = None
    ) -> None:
        if get_world_size() == 1 or not outputs:
            return
        values = torch.stack([value.detach().float() for value in outputs.values()])
        all_reduce(values, 'mean')
        outputs.update(zip(outputs, values))


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops a training whose loss is nan or inf, before its weights are saved.

    Raises:
        RunError: After an iteration with such a loss.
    """

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict = None, outputs: dict = None
    ) -> None:
        # MMEngine has waited for the same numbers already, to log them.
        for name, value in (outputs or {}).items():
            if 'loss' in name and not torch.isfinite(value).all():
                raise RunError(
                    f'{name} is {value.item():g} in iteration {runner.iter + 1} (epoch '
                    f'{runner.epoch + 1}): training has diverged. {after_divergence(runner)}'
                )


@HOOKS.register_module()
class SampleVisualizationHook(PoseVisualizationHook):
    """``PoseVisualizationHook`` that draws every ``interval``-th person into ``out_dir``.

    MMPose's hook ignores ``interval`` in tests and ``out_dir`` in validations. Here both work in
    both. Validations draw into ``out_dir/epoch_N``, or ``iter_N`` in a training by iterations. A
    file is named after the image and the person, so that a second run overwrites it. Of several
    processes the first draws its people. Without ``out_dir`` this is MMPose's hook.

    With ``show``, MMPose's hook takes the visualizer's log away, so that no picture is stored. Here
    the log is gone only while it draws.
    """

    def __init__(self, *args, **kwargs):
        backends = Visualizer.get_current_instance()._vis_backends
        super().__init__(*args, **kwargs)
        self._visualizer._vis_backends = backends

    @contextmanager
    def _storing_nothing_shown(self) -> Iterator[None]:
        backends = self._visualizer._vis_backends
        if self.show:
            self._visualizer._vis_backends = {}
        try:
            yield
        finally:
            self._visualizer._vis_backends = backends

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict,
        outputs: Sequence[PoseDataSample],
    ) -> None:
        if self.out_dir is None:
            with self._storing_nothing_shown():
                super().after_val_iter(runner, batch_idx, data_batch, outputs)
        elif self.enable:
            self._visualizer.set_dataset_meta(runner.val_evaluator.dataset_meta)
            by_iterations = isinstance(runner.train_loop, IterBasedTrainLoop)
            name = f'iter_{runner.iter}' if by_iterations else f'epoch_{runner.epoch}'
            self._draw(batch_idx, outputs, osp.join(self.out_dir, name))

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict,
        outputs: Sequence[PoseDataSample],
    ) -> None:
        if self.out_dir is None:
            with self._storing_nothing_shown():
                super().after_test_iter(runner, batch_idx, data_batch, outputs)
        elif self.enable:
            self._visualizer.set_dataset_meta(runner.test_evaluator.dataset_meta)
            self._draw(batch_idx, outputs, self.out_dir)

    def _draw(self, batch_idx: int, outputs: Sequence[PoseDataSample], folder: str) -> None:
        first = self._seen if batch_idx else 0
        self._seen = first + len(outputs)
        for number, sample in enumerate(outputs, first):
            if number % self.interval:
                continue
            stem, extension = osp.splitext(osp.basename(sample.img_path))
            content = fileio.get(sample.img_path, backend_args=self.backend_args)
            # MMCV creates the folder.
            self._visualizer.add_datasample(
                stem,
                mmcv.imfrombytes(content, channel_order='rgb'),
                data_sample=merge_data_samples([sample]),
                draw_gt=False,
                draw_heatmap=True,
                show=self.show,
                wait_time=self.wait_time,
                kpt_thr=self.kpt_thr,
                out_file=osp.join(folder, f'{stem}_{sample.id}{extension}'),
            )
