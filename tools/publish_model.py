"""Make a checkpoint ready for others: weights only, a model card, and a hash in the name.

Writes OUT_DIR/<name>-<hash8>.pth, in float32, which torch.load(weights_only=True), MMPose's
init_model and tools/test.py load, and the card as Markdown beside it.
"""

import argparse
import json
from pathlib import Path

from mssh_mmpose import checks
from mssh_mmpose.cli import errors
from mssh_mmpose.config import find_checkpoint, read_config
from mssh_mmpose.engine.checkpoint import read_checkpoint, weights_of
from mssh_mmpose.engine.loading import assemble_network, listing, unused_weights
from mssh_mmpose.export.metadata import NO_LICENCE
from mssh_mmpose.export.publishing import (
    card_text,
    check_metrics,
    model_card,
    pack,
    plain,
    weights_only,
)
from mssh_mmpose.files import write_whole


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file, or mssh_mmpose::NAME.py')
    parser.add_argument('checkpoint', help='checkpoint of this config')
    parser.add_argument('out_dir', help='folder to write into')
    parser.add_argument(
        '--metrics', metavar='FILE.json', help='its metrics, as tools/test.py --out writes them'
    )
    parser.add_argument(
        '--data-licence', default=NO_LICENCE, metavar='TEXT', help='terms of the training data'
    )
    parser.add_argument('--name', help='of the network (that of the config)')
    parser.add_argument(
        '--notes', metavar='FILE.md', help='further sections of the card: training, failures, ...'
    )
    return parser.parse_args()


def read_metrics(path: str | None) -> dict | None:
    if path is None:
        return None
    checks.check_file(path, '--metrics', 'a file of tools/test.py --out')
    try:
        return check_metrics(json.loads(Path(path).read_text(encoding='utf-8')))
    except ValueError as error:
        raise errors.InputError(f'--metrics {path}: {error}') from error


def main() -> None:
    args = parse_args()
    checks.check_writable(args.out_dir, 'OUT_DIR')
    metrics = read_metrics(args.metrics)
    if args.notes:
        checks.check_file(args.notes, '--notes', 'a Markdown file')
    notes = Path(args.notes).read_text(encoding='utf-8').strip() if args.notes else ''
    cfg = read_config(args.config)
    checkpoint = read_checkpoint(find_checkpoint(args.checkpoint))
    network = assemble_network(cfg, checkpoint, args.checkpoint)
    unused = unused_weights(network, weights_of(checkpoint, args.checkpoint))
    if unused:
        raise errors.InputError(
            f'checkpoint {args.checkpoint} holds what the config has not: {listing(unused)}.'
        )
    weights = weights_only(network)
    meta = checkpoint.get('meta') or {}
    card = model_card(cfg, meta, network.dataset_meta, metrics, args.data_licence, notes)
    meta = dict(cfg=cfg.pretty_text, dataset_meta=plain(network.dataset_meta), card=card)
    content, digest = pack(weights, meta)
    path = Path(args.out_dir, f'{args.name or card["model"]}-{digest}.pth')
    write_whole(content, str(path))
    write_whole(card_text(card, path.name).encode(), str(path.with_suffix('.md')))
    print(f'wrote {path}: {len(weights)} tensors, {len(content) / 2**20:.1f} MiB')
    print(f'wrote {path.with_suffix(".md")}')


if __name__ == '__main__':
    errors.run(main, 'tools/publish_model.py')
