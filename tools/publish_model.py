"""Publish a checkpoint: weights only, a model card, and a hash in the name.

Writes OUT_DIR/<name>-<hash8>.pth, in float32, which torch.load(weights_only=True), MMPose's
init_model and tools/test.py load, and the card as Markdown next to it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_network(parser)
    parser.add_argument('out_dir', type=arguments.output_folder, help='folder to write into')
    parser.add_argument(
        '--metrics',
        type=arguments.existing_file,
        metavar='FILE.json',
        help='metrics of the checkpoint, a file of tools/test.py --out',
    )
    parser.add_argument(
        '--data-licence',
        metavar='TEXT',
        help='terms of the training data (not stated; see the terms of the data set)',
    )
    parser.add_argument('--name', help="name of the network (the config's)")
    parser.add_argument(
        '--notes',
        type=arguments.existing_file,
        metavar='FILE.md',
        help='further sections of the card: training, failures, ...',
    )
    return parser.parse_args(argv)


def read_metrics(path: str | None) -> dict | None:
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.export.publishing import check_metrics
    from mssh_mmpose.files import read_json

    if path is None:
        return None
    try:
        return check_metrics(read_json(path))
    except ValueError as error:
        raise InputError(f'--metrics {path}: {error}') from error


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import checks
    from mssh_mmpose.config import read_config
    from mssh_mmpose.engine.checkpoint import meta_of, read_checkpoint, weights_of
    from mssh_mmpose.engine.loading import assemble_network, listing, unused_weights
    from mssh_mmpose.engine.stored_config import stored_config
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.export.metadata import NO_LICENCE
    from mssh_mmpose.export.publishing import (
        card_text,
        foreign_parts,
        model_card,
        pack,
        plain,
        weights_only,
    )
    from mssh_mmpose.files import write_all

    checks.check_writable(args.out_dir, 'OUT_DIR')
    metrics = read_metrics(args.metrics)
    notes = Path(args.notes).read_text(encoding='utf-8').strip() if args.notes else ''
    cfg = read_config(args.config)
    checkpoint = read_checkpoint(args.checkpoint)
    network = assemble_network(cfg, checkpoint, args.checkpoint)
    unused = unused_weights(network, weights_of(checkpoint, args.checkpoint))
    if unused:
        raise InputError(
            f'checkpoint {args.checkpoint} has weights that the config does not: {listing(unused)}.'
        )
    if foreign := foreign_parts(cfg):
        raise InputError(
            f'config {args.config}: {listing(foreign)} is registered by a package of your own, '
            'without which nobody can load the file: publish that package, with the checkpoint of '
            'the training.'
        )
    weights = weights_only(network)
    meta = meta_of(checkpoint, args.checkpoint)
    licence = args.data_licence or NO_LICENCE
    card = model_card(cfg, meta, network.dataset_meta, metrics, licence, notes)
    cfg.load_from = None  # where this machine had the starting weights
    try:
        stored_config(cfg.pretty_text, args.config)  # whoever loads the file has nothing else
    except InputError as error:
        raise InputError(f'config {args.config} cannot be stored: {error.__cause__}') from error
    meta = dict(cfg=cfg.pretty_text, dataset_meta=plain(network.dataset_meta), card=card)
    content, digest = pack(weights, meta)
    here = Path(args.out_dir).resolve() == Path('checkpoints').resolve()
    folder = 'checkpoints/' if here else ''
    path = Path(args.out_dir, f'{args.name or card["model"]}-{digest}.pth')
    text = card_text(card, path.name, folder)
    write_all({path: content, path.with_suffix('.md'): text.encode()})
    print(f'wrote {path}: {len(weights)} tensors, {len(content) / 2**20:.1f} MiB')
    print(f'wrote {path.with_suffix(".md")}')


if __name__ == '__main__':
    command.run(parse_args, main)
