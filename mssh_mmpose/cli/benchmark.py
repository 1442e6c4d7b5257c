"""What tools/benchmark.py measures."""

import argparse
import time
from functools import partial

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, MODELS, TRANSFORMS
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .. import checks
from ..config import read_config
from ..errors import InputError
from ..timing import fastest

BATCH = {'step': 16, 'loss': 4, 'targets': 16, 'data': 16, 'seconds': 16}
NUM_IMAGES = 800  # read per measurement


def random_targets(cfg: Config, batch: int) -> list[Tensor]:
    """Heatmaps of the config's stacks with one random peak each, (B, K, H_j, W_j)."""
    keypoints = cfg.model.backbone.num_keypoints
    width, height = cfg.model.backbone.input_size
    targets = []
    for stride in cfg.model.backbone.stage_strides:
        maps = torch.zeros(batch, keypoints, height // stride * (width // stride))
        maps.scatter_(2, torch.randint(maps.shape[2], (batch, keypoints, 1)), 1.0)
        targets.append(maps.view(batch, keypoints, height // stride, width // stride))
    return targets


class Step:
    """One training step of a config's backbone on random data: forward, loss, backward."""

    def __init__(self, cfg: Config, batch: int, channels_last: bool = False, bf16: bool = False):
        layout = torch.channels_last if channels_last else torch.contiguous_format
        width, height = cfg.model.backbone.input_size
        self.backbone = MODELS.build(cfg.model.backbone).train().to(memory_format=layout)
        self.images = torch.randn(batch, 3, height, width)
        self.targets = random_targets(cfg, batch)
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


def step(cfg: Config, args: argparse.Namespace) -> None:
    """Print the training step's time per memory format and precision."""
    variants = {
        f'{layout}, {precision}': Step(cfg, args.batch, layout == 'channels_last', bf16)
        for precision, bf16 in (('float32', False), ('bfloat16', True))
        for layout in ('contiguous', 'channels_last')
    }
    times = fastest(variants, args.rounds)
    base = times['contiguous, float32']
    print(f'| training step, batch {args.batch} | seconds | speed-up |\n| --- | ---: | ---: |')
    for name, seconds in times.items():
        print(f'| {name} | {seconds:.3f} | {base / seconds:.2f} |')


def loss(cfg: Config, args: argparse.Namespace) -> None:
    """Print the time of the adaptive loss, of MMPose's loss, and of the step."""
    targets = random_targets(cfg, args.batch)
    preds = [torch.rand_like(target, requires_grad=True) for target in targets]
    weights = [torch.ones(target.shape[:2]) for target in targets]
    num_stages, num_keypoints = len(targets), targets[0].shape[1]
    adaptive = MODELS.build(
        dict(type='AdaptiveWeightedHeatmapLoss', num_stages=num_stages, num_keypoints=num_keypoints)
    )
    plain = MODELS.build(dict(type='KeypointMSELoss', use_target_weight=True))

    def plain_losses() -> list[Tensor]:
        return [plain(*stage) for stage in zip(preds, targets, weights)]

    times = fastest(
        {
            'step': Step(cfg, args.batch, channels_last=True),
            'KeypointMSELoss': lambda: sum(plain_losses()).backward(),
            'adaptive': lambda: sum(adaptive(preds, targets, weights)).backward(),
        },
        args.rounds,
    )
    print(
        f'training step, batch {args.batch}: {1000 * times.pop("step"):.1f} ms (its loss included)'
    )
    for name, seconds in times.items():
        print(f'{name}, forward and backward: {1000 * seconds:.2f} ms')


def targets(cfg: Config, args: argparse.Namespace) -> None:
    """Print the time of drawing a batch's targets and of the step."""
    pipeline = cfg.train_dataloader.dataset.pipeline
    generate = TRANSFORMS.build(next(step for step in pipeline if 'encoder' in step))
    num_keypoints = cfg.model.backbone.num_keypoints
    points = np.random.default_rng(0).uniform(
        0, cfg.model.backbone.input_size[0], (1, num_keypoints, 2)
    )
    person = dict(
        keypoints=points.astype(np.float32),
        keypoints_visible=np.ones((1, num_keypoints, 2), dtype=np.float32),
    )
    times = fastest(
        {
            'step': Step(cfg, args.batch, channels_last=True),
            'targets': lambda: [generate(dict(person)) for _ in range(args.batch)],
        },
        args.rounds,
    )
    print(
        f'training step, batch {args.batch}: {1000 * times["step"]:.1f} ms; its targets: '
        f'{1000 * times["targets"]:.2f} ms, {100 * times["targets"] / times["step"]:.1f} % of it, '
        f'{1000 * times["targets"] / args.batch:.2f} ms per image'
    )


def read(loader: DataLoader, num_images: int) -> None:
    """Take batches until there are that many images, starting over at the end."""
    seen = 0
    while seen < num_images:
        for batch in loader:
            seen += len(batch['inputs'])
            if seen >= num_images:
                break


def time_transforms(dataset: BaseDataset, num_images: int) -> dict[str, float]:
    """Seconds per image of each step of the pipeline."""
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


def data(cfg: Config, args: argparse.Namespace) -> None:
    """Print images per second of the loader by worker processes, and of the step they feed."""
    checks.check_datasets(cfg, ('train_dataloader',))
    cv2.setNumThreads(0)  # as in training
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    print('| step of the pipeline | ms per image |\n| --- | ---: |')
    for name, seconds in time_transforms(dataset, NUM_IMAGES).items():
        print(f'| {name} | {1000 * seconds:.2f} |')

    loaders = {
        f'loader, {workers} workers': DataLoader(
            dataset,
            args.batch,
            shuffle=True,
            num_workers=workers,
            persistent_workers=workers > 0,
            collate_fn=pseudo_collate,
        )
        for workers in (0, 1, 2)
    }
    variants = {name: partial(read, loader, NUM_IMAGES) for name, loader in loaders.items()}
    times = fastest(variants, args.rounds)
    rates = {name: NUM_IMAGES / seconds for name, seconds in times.items()}
    step_time = fastest({'step': Step(cfg, args.batch, channels_last=True)}, args.rounds)['step']
    rates['training step, which they feed'] = args.batch / step_time
    print('\n| | images/s |\n| --- | ---: |')
    for name, rate in rates.items():
        print(f'| {name} | {rate:.0f} |')


def benchmark(args: argparse.Namespace) -> None:
    """Measure what the arguments of ``tools/benchmark.py`` name."""
    cfg = prepare(args)
    print(f'torch {torch.__version__}, {torch.get_num_threads()} threads')
    {'step': step, 'loss': loss, 'targets': targets, 'data': data}[args.what](cfg, args)


def prepare(args: argparse.Namespace) -> Config:
    """Read the config and set the batch; raise InputError if it is of no MSSHNet."""
    cfg = read_config(args.config)
    init_default_scope('mmpose')
    if cfg.model.backbone.type != 'MSSHNet':
        raise InputError(f'{args.config} has a {cfg.model.backbone.type}, not an MSSHNet.')
    args.batch = args.batch or BATCH[args.what]
    return cfg
