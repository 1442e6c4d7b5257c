"""Running times of a training's parts, as ratios within one run."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmpose.registry import DATASETS, MODELS, TRANSFORMS
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .dataset_config import pipeline_of


def fastest(
    variants: dict[str, Callable[[], object]], rounds: int, calls: int = 1
) -> dict[str, float]:
    """Run the variants in turn and return each one's shortest time in seconds.

    Taking turns and using the minimum reduce the effect of other programs.

    Args:
        variants: Functions by name.
        rounds: Turns of each.
        calls: In a row at each turn. The first of several absorbs after-effects of the function
            before, such as threads that still wait for work.

    Examples:
        >>> times = fastest({'short': lambda: sum(range(9)), 'long': lambda: sum(range(99999))}, 3)
        >>> min(times, key=times.get)
        'short'
    """
    times = {name: [] for name in variants}
    for function in variants.values():
        function()  # warms up
    for _ in range(rounds):
        for name, function in variants.items():
            for _ in range(calls):
                start = time.perf_counter()
                function()
                times[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in times.items()}


def random_targets(backbone: nn.Module, batch: int) -> list[Tensor]:
    """Heatmaps of an MSSHNet's stacks with one random peak each, (B, K, H_j, W_j)."""
    keypoints = backbone.num_keypoints
    width, height = backbone.input_size
    targets = []
    for stride in backbone.stage_strides:
        maps = torch.zeros(batch, keypoints, height // stride * (width // stride))
        maps.scatter_(2, torch.randint(maps.shape[2], (batch, keypoints, 1)), 1.0)
        targets.append(maps.view(batch, keypoints, height // stride, width // stride))
    return targets


class TrainingStep:
    """One training step of a config's MSSHNet on random data: forward, loss, backward.

    Args:
        cfg: The config.
        batch: Images.
        channels_last: Memory order of weights and maps.
        bf16: Compute in bfloat16 where autocast does.
    """

    def __init__(self, cfg: Config, batch: int, channels_last: bool = True, bf16: bool = False):
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.backbone = MODELS.build(cfg.model.backbone).train().to(memory_format=layout)
        width, height = self.backbone.input_size
        self.images = torch.randn(batch, 3, height, width)
        self.targets = random_targets(self.backbone, batch)
        self.bf16 = bf16

    def __call__(self) -> None:
        with torch.autocast('cpu', torch.bfloat16, enabled=self.bf16):
            preds = self.backbone(self.images)
        loss = sum(
            nn.functional.mse_loss(pred.float(), target)
            for pred, target in zip(preds, self.targets)
        )
        loss.backward()
        self.backbone.zero_grad()


def time_steps(cfg: Config, batch: int, rounds: int) -> dict[str, float]:
    """Return the seconds of a training step by memory format and precision."""
    variants = {
        f'{layout}, {precision}': TrainingStep(cfg, batch, layout == 'channels_last', bf16)
        for precision, bf16 in (('float32', False), ('bfloat16', True))
        for layout in ('contiguous', 'channels_last')
    }
    return fastest(variants, rounds)


def time_losses(cfg: Config, batch: int, rounds: int) -> dict[str, float]:
    """Return the seconds of a training step and, with gradients, of MMPose's and our loss."""
    step = TrainingStep(cfg, batch)
    targets = step.targets
    preds = [torch.rand_like(target, requires_grad=True) for target in targets]
    weights = [torch.ones(target.shape[:2]) for target in targets]
    num_stages, num_keypoints = len(targets), targets[0].shape[1]
    adaptive = MODELS.build(
        dict(type='AdaptiveWeightedHeatmapLoss', num_stages=num_stages, num_keypoints=num_keypoints)
    )
    plain = MODELS.build(dict(type='KeypointMSELoss', use_target_weight=True))

    def plain_losses() -> list[Tensor]:
        return [plain(*stage) for stage in zip(preds, targets, weights)]

    variants = {
        'step': step,
        'KeypointMSELoss': lambda: sum(plain_losses()).backward(),
        'adaptive': lambda: sum(adaptive(preds, targets, weights)).backward(),
    }
    return fastest(variants, rounds)


def time_targets(cfg: Config, batch: int, rounds: int) -> dict[str, float]:
    """Return the seconds of a training step and of drawing its targets."""
    pipeline = pipeline_of(cfg.train_dataloader.dataset)
    generate = TRANSFORMS.build(next(step for step in pipeline if 'encoder' in step))
    step = TrainingStep(cfg, batch)
    shape = (1, step.backbone.num_keypoints, 2)
    points = np.random.default_rng(0).uniform(0, step.backbone.input_size[0], shape)
    person = dict(
        keypoints=points.astype(np.float32),
        keypoints_visible=np.ones(shape, dtype=np.float32),
    )
    variants = {
        'step': step,
        'targets': lambda: [generate(dict(person)) for _ in range(batch)],
    }
    return fastest(variants, rounds)


def time_transforms(dataset: BaseDataset, num_images: int) -> dict[str, float]:
    """Return the seconds per image of each step of a data set's pipeline."""
    while not hasattr(dataset, 'pipeline'):  # MMEngine's wrappers have none
        dataset = dataset.dataset if hasattr(dataset, 'dataset') else dataset.datasets[0]
    times = dict.fromkeys(
        ['annotation', *(type(t).__name__ for t in dataset.pipeline.transforms)], 0
    )
    for i in range(num_images):
        start = time.perf_counter()
        item = dataset.get_data_info(i % len(dataset))
        times['annotation'] += time.perf_counter() - start
        for transform in dataset.pipeline.transforms:
            start = time.perf_counter()
            item = transform(item)
            times[type(transform).__name__] += time.perf_counter() - start
    return {name: seconds / num_images for name, seconds in times.items()}


def loading_rates(cfg: Config, batch: int, rounds: int, num_images: int) -> dict[str, float]:
    """Return images per second of the loader, by worker processes, and of the training step."""
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    loaders = {
        f'loader, {workers} workers': DataLoader(
            dataset,
            batch,
            shuffle=True,
            num_workers=workers,
            persistent_workers=workers > 0,
            collate_fn=pseudo_collate,
        )
        for workers in (0, 1, 2)
    }
    variants = {name: partial(_read, loader, num_images) for name, loader in loaders.items()}
    times = fastest(variants, rounds)
    rates = {name: num_images / seconds for name, seconds in times.items()}
    step = fastest({'step': TrainingStep(cfg, batch)}, rounds)['step']
    return {**rates, 'training step, which they feed': batch / step}


def _read(loader: DataLoader, num_images: int) -> None:
    """Take batches until there are that many images, starting over at the end."""
    seen = 0
    while seen < num_images:
        for batch in loader:
            seen += len(batch['inputs'])
            if seen >= num_images:
                break
