"""Make synthetic people, train the small network on them, test it and draw the results.

Then a shipped network, trained on photographs, predicts the same people.

Rerunning keeps the data, and resumes or keeps the training unless the code changed.
"""

import argparse
import hashlib
import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import arguments
import command
import test
import train

CONFIG = 'mssh_mmpose::mssh-s_synthetic_128x128.py'
EXPECTED = 70.0
TOTAL = 'mpii/PCKh@0.5'
STEPS = 5
# Of the estimate: seconds of starting and drawing results, what reading adds to a step, and images
# that are forwarded in the time of training on one.
STARTING, READING, FORWARD, PICTURES = 25, 1.2, 3, 4


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument(
        '--work-dir',
        type=arguments.output_folder,
        default='work_dirs/demo',
        help='folder (%(default)s)',
    )
    parser.add_argument(
        '--train', type=arguments.integer(1), default=1000, help='training images (%(default)s)'
    )
    parser.add_argument(
        '--val', type=arguments.integer(1), default=200, help='validation images (%(default)s)'
    )
    arguments.add_cfg_options(parser)
    return parser.parse_args(argv)


def say(step: int, text: str) -> None:
    print(f'\n=== demo {step}/{STEPS}: {text}', flush=True)


def data_options(root: Path) -> list[str]:
    """Point the config to the data."""
    loaders = ('train', 'val', 'test')
    return [f'{loader}_dataloader.dataset.data_root={str(root)!r}' for loader in loaders]


def estimate(args: argparse.Namespace) -> float:
    """Estimate the demo's seconds on this machine from a few pictures and training steps."""
    import torch
    from mmpose.registry import MODELS

    from mssh_mmpose.cli.run_config import read_options
    from mssh_mmpose.config import merge_options, read_config
    from mssh_mmpose.datasets.synthetic import default_workers, write_dataset
    from mssh_mmpose.timing import fastest

    cfg = read_config(CONFIG)
    merge_options(cfg, read_options(args.cfg_options))
    batch, epochs = cfg.train_dataloader.batch_size, cfg.train_cfg.max_epochs
    network = MODELS.build(cfg.model.backbone).to(memory_format=torch.channels_last)
    images = torch.randn(batch, 3, *cfg.model.backbone.input_size[::-1])

    def step() -> None:
        sum(maps.square().mean() for maps in network(images)).backward()

    def pictures() -> None:
        with tempfile.TemporaryDirectory() as folder:
            write_dataset(Path(folder, 'data'), PICTURES, 0)

    times = fastest({'step': step, 'pictures': pictures}, 3)
    drawing = (args.train + args.val) * times['pictures'] / PICTURES / default_workers()
    training = epochs * (args.train + args.val / FORWARD) / batch * times['step']
    return STARTING + drawing + READING * training


def print_estimate(args: argparse.Namespace) -> None:
    minutes = math.ceil(estimate(args) / 60)
    print(f'About {minutes} minute{"s" * (minutes > 1)} on this machine, by a few steps each.')


def fingerprint(args: argparse.Namespace) -> str:
    """Hash of what the training depends on: the code, the config and the options."""
    from mssh_mmpose.config import PACKAGE, find_config

    code = hashlib.sha256(repr((args.train, args.val, args.cfg_options)).encode())
    for path in [Path(find_config(CONFIG)), *sorted(PACKAGE.rglob('*.py'))]:
        code.update(path.read_bytes())
    return code.hexdigest()


def prepare(training: Path, stamp: str) -> list[str]:
    """Return the options that continue an earlier training of this stamp; remove any other.

    Raises:
        InputError: If the folder holds something else than a training of the demo.
    """
    from mssh_mmpose.errors import InputError

    file = training / 'fingerprint.txt'
    if file.is_file():
        if file.read_text() == stamp:
            return ['--resume']
        shutil.rmtree(training)
    elif training.exists() and any(training.iterdir()):
        raise InputError(
            f"--work-dir: {training} is not a training of the demo's, which would remove it; name "
            'another folder.'
        )
    training.mkdir(parents=True, exist_ok=True)
    file.write_text(stamp)
    return []


def print_table(metrics: dict) -> None:
    from mssh_mmpose.datasets.mpii_meta import MPII_GROUPS

    names = [*MPII_GROUPS, 'Total']
    values = [metrics[f'mpii/{name} PCKh@0.5'] for name in MPII_GROUPS] + [metrics[TOTAL]]
    print('\nPCKh@0.5 on the validation images:')
    print(' '.join(f'{name:>8}' for name in names))
    print(' '.join(f'{value:8.1f}' for value in values))


def draw(samples: list[dict], folder: Path, training: Path, score: float) -> list[Path]:
    """Draw predictions and training curves; return the paths of the pictures."""
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    from mssh_mmpose.datasets.mpii_meta import MPII_METAINFO
    from mssh_mmpose.engine.logs import read_log
    from mssh_mmpose.pictures import write_figure, write_picture
    from mssh_mmpose.visualization import contact_sheet, plot_training

    predictions, curves = folder / 'predictions.jpg', folder / 'training.png'
    title = f'validation people; lines: predicted (PCKh@0.5 {score:.1f}), rings: true joints'
    metainfo = parse_pose_metainfo(MPII_METAINFO)
    write_picture(contact_sheet(samples, metainfo, title), predictions)
    write_figure(plot_training({'demo': read_log(training)}), curves)
    return [predictions, curves]


def use_shipped_network(samples: list[dict], folder: Path) -> list[Path]:
    """Draw the default network's predictions for these people."""
    from mssh_mmpose import load_model
    from mssh_mmpose.names import DEFAULT_NETWORK
    from mssh_mmpose.pictures import write_picture
    from mssh_mmpose.visualization import contact_sheet

    model = load_model(DEFAULT_NETWORK)
    people = [model.predict(sample['img_path'], [box(sample)])[0] for sample in samples]
    shown = [
        {**sample, 'pred_instances': {'keypoints': person.keypoints[None]}}
        for sample, person in zip(samples, people)
    ]
    picture = folder / 'shipped_network.png'
    title = f'{DEFAULT_NETWORK}, trained on photographs, on synthetic people; rings: true joints'
    write_picture(contact_sheet(shown, model.metainfo, title), picture)
    return [picture]


def box(sample: dict) -> list[float]:
    """x1, y1, x2, y2 of a sample's person in pixels, without padding."""
    import numpy as np

    from mssh_mmpose.datasets.pipelines import PADDING

    center, size = np.ravel(sample['input_center']), np.ravel(sample['input_scale']) / PADDING
    return [*(center - size / 2), *(center + size / 2)]


def main(args: argparse.Namespace) -> None:
    import mmengine

    from mssh_mmpose.datasets.synthetic import default_workers, write_dataset

    start = time.time()
    print_estimate(args)
    folder = Path(args.work_dir).resolve()
    data, training = folder / 'data', folder / 'training'
    resume = prepare(training, fingerprint(args))

    say(1, f'{args.train} + {args.val} pictures of synthetic people in {data}')
    made = write_dataset(data, args.train, args.val, num_workers=default_workers())
    print('drawn' if made else 'already there, kept')
    options = ['--cfg-options', *data_options(data), *args.cfg_options]

    say(2, f'training {CONFIG}')
    train.main(train.parse_args([CONFIG, '--work-dir', str(training), *resume, *options]))

    say(3, 'testing the last checkpoint')
    checkpoint = (training / 'last_checkpoint').read_text()
    results = ['--out', str(folder / 'metrics.json'), '--dump', str(folder / 'predictions.pkl')]
    words = [CONFIG, checkpoint, '--work-dir', str(folder / 'test'), *results, *options]
    test.main(test.parse_args(words))

    say(4, 'drawing')
    metrics = mmengine.load(folder / 'metrics.json')
    samples = mmengine.load(folder / 'predictions.pkl')
    chosen = samples[:: max(1, len(samples) // 12)][:12]
    pictures = draw(chosen, folder, training, metrics[TOTAL])

    say(5, 'predicting the same people with a network trained on photographs')
    pictures += use_shipped_network(chosen, folder)
    print_table(metrics)
    print(f'\ndone in {time.time() - start:.0f} s; checkpoint {checkpoint}')
    failed = metrics[TOTAL] < EXPECTED
    if failed:
        print(f'FAILED: expected a total of at least {EXPECTED:g}, got {metrics[TOTAL]:.1f}')
    print(*pictures, sep='\n')
    raise SystemExit(int(failed))


if __name__ == '__main__':
    command.run(parse_args, main)
