"""Print the adaptive loss's weights in a trained network, for each normalisation of the errors."""

import argparse
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_network(parser)
    parser.add_argument(
        '--images', type=arguments.integer(1), default=64, help='images in the batch (%(default)s)'
    )
    return parser.parse_args(argv)


def load_batch(cfg, num_images: int) -> tuple[dict, list[str]]:
    """Return the first training images, augmented by a fixed seed, and the joints' names."""
    from mmengine.runner import Runner, set_random_seed

    from mssh_mmpose.datasets.metainfo import joint_names

    set_random_seed(0)
    loader = Runner.build_dataloader(
        dict(
            batch_size=num_images,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=cfg.train_dataloader.dataset,
        )
    )
    return next(iter(loader)), joint_names(loader.dataset.metainfo)


def describe(weights) -> str:
    """Return the range of a stack's weights in multiples of the equal weight."""
    relative = weights * len(weights)
    return f'{relative.min():.3f}-{relative.max():.3f}'


def main(args: argparse.Namespace) -> None:
    import torch

    from mssh_mmpose import checks
    from mssh_mmpose.config import read_config, type_name
    from mssh_mmpose.engine.loading import load_network
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.markdown import markdown_table
    from mssh_mmpose.models.adaptive_loss import (
        NORMALIZATIONS,
        adaptive_weights,
        error_statistics,
        normalized_errors,
    )
    from mssh_mmpose.models.levels import match_targets

    cfg = read_config(args.config)
    if (kind := type_name(cfg.model.head)) != 'MultiStageHead':
        raise InputError(f'{args.config} has a {kind}, not a MultiStageHead.')
    checks.check_datasets(cfg, ('train_dataloader',))
    model = load_network(cfg, args.checkpoint)

    batch, joints = load_batch(cfg, args.images)
    data = model.data_preprocessor(batch, training=False)
    with torch.no_grad():
        preds = model.head(model.extract_feat(data['inputs']))

    rows = []
    _, sums, labelled = error_statistics(preds, *match_targets(preds, data['data_samples']))
    for normalize in NORMALIZATIONS:
        normalized = normalized_errors(*sums, normalize)
        weights = adaptive_weights(normalized, labelled)
        mean_errors = (weights * normalized).sum(dim=1)
        order = [joints[k] for k in weights[-1].argsort(descending=True)]
        if torch.allclose(weights[-1], weights[0]):
            order = ['-']  # all weigh the same
        cells = [f'{error:.4f}' for error in mean_errors], map(describe, weights)
        rows.append([normalize, *map(', '.join, (*cells, order[:4], order[-4:]))])
    head = ['normalize', 'L of the stacks', 'weights per stack', 'hardest', 'easiest']
    print(markdown_table(head, rows, 'lllll'))


if __name__ == '__main__':
    command.run(parse_args, main)
