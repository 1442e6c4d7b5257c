"""What tools/benchmark.py prints."""

import argparse

import cv2
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from .. import checks
from ..config import read_config, type_name
from ..errors import InputError
from ..markdown import markdown_table
from ..timing import loading_rates, time_losses, time_steps, time_targets, time_transforms

BATCH = {'step': 16, 'loss': 4, 'targets': 16, 'data': 16, 'seconds': 16}
NUM_IMAGES = 800  # read per measurement


def step(cfg: Config, batch: int, rounds: int) -> None:
    """Print the training step's time per memory format and precision."""
    times = time_steps(cfg, batch, rounds)
    base = times['contiguous, float32']
    rows = [(name, f'{time:.3f}', f'{base / time:.2f}') for name, time in times.items()]
    print(markdown_table([f'training step, batch {batch}', 'seconds', 'speed-up'], rows))


def loss(cfg: Config, batch: int, rounds: int) -> None:
    """Print the time of the adaptive loss, of MMPose's loss, and of the step."""
    times = time_losses(cfg, batch, rounds)
    print(f'training step, batch {batch}: {1000 * times.pop("step"):.1f} ms (its loss included)')
    for name, seconds in times.items():
        print(f'{name}, forward and backward: {1000 * seconds:.2f} ms')


def targets(cfg: Config, batch: int, rounds: int) -> None:
    """Print the time of drawing a batch's targets and of the step."""
    times = time_targets(cfg, batch, rounds)
    print(
        f'training step, batch {batch}: {1000 * times["step"]:.1f} ms; its targets: '
        f'{1000 * times["targets"]:.2f} ms, {100 * times["targets"] / times["step"]:.1f} % of it, '
        f'{1000 * times["targets"] / batch:.2f} ms per image'
    )


def data(cfg: Config, batch: int, rounds: int) -> None:
    """Print images per second of the loader, by worker processes, and of the training step."""
    checks.check_datasets(cfg, ('train_dataloader',))
    cv2.setNumThreads(0)  # as in training
    steps = time_transforms(DATASETS.build(cfg.train_dataloader.dataset), NUM_IMAGES)
    rows = [(name, f'{1000 * seconds:.2f}') for name, seconds in steps.items()]
    print(markdown_table(['step of the pipeline', 'ms per image'], rows))
    rates = loading_rates(cfg, batch, rounds, NUM_IMAGES)
    rows = [(name, f'{rate:.0f}') for name, rate in rates.items()]
    print('\n' + markdown_table(['', 'images/s'], rows))


def benchmark(args: argparse.Namespace) -> None:
    """Run the measurement that the arguments of ``tools/benchmark.py`` name."""
    cfg = prepare(args)
    print(f'torch {torch.__version__}, {torch.get_num_threads()} threads')
    modes = dict(step=step, loss=loss, targets=targets, data=data)
    modes[args.what](cfg, args.batch, args.rounds)


def prepare(args: argparse.Namespace) -> Config:
    """Read the config and set the batch size; raise InputError if it has no MSSHNet."""
    cfg = read_config(args.config)
    init_default_scope('mmpose')
    if (kind := type_name(cfg.model.backbone)) != 'MSSHNet':
        raise InputError(f'{args.config} has a {kind}, not an MSSHNet.')
    if args.what != 'data' and cfg.model.backbone.get('num_keypoints', 0) is None:
        raise InputError(f'{args.config} has num_keypoints=None, no heatmaps whose loss is timed.')
    args.batch = args.batch or BATCH[args.what]
    return cfg
