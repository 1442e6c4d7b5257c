"""Convert a checkpoint of the public pytorch-pose stacked hourglass into one of MSSHNet."""

import argparse
from collections.abc import Sequence
from pprint import pformat

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument(
        'source', type=arguments.checkpoint_file, help='checkpoint of pytorch-pose (.pth.tar)'
    )
    parser.add_argument(
        'output',
        type=arguments.output_file(),
        help='checkpoint to write, for tools/test.py and load_from',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    import torch

    from mssh_mmpose import checks
    from mssh_mmpose.engine.checkpoint import read_checkpoint, weights_of
    from mssh_mmpose.files import written_whole
    from mssh_mmpose.models import pytorch_pose

    checks.check_not_input(args.output, args.source)
    weights = weights_of(read_checkpoint(args.source), args.source)
    converted = pytorch_pose.convert_state_dict(weights)
    state_dict = {f'backbone.{key}': value for key, value in converted.items()}
    with written_whole(args.output) as part:
        torch.save(dict(state_dict=state_dict, meta=dict(source='pytorch-pose')), part)
    backbone = dict(type='MSSHNet', **pytorch_pose.network_settings(weights))
    print(f'wrote {args.output}: {len(state_dict)} tensors. A config for it needs')
    print(f'model.backbone = {pformat(backbone, sort_dicts=False)}')
    # Other values would be accepted silently and cost accuracy.
    preprocessor = pformat(pytorch_pose.data_preprocessor(), sort_dicts=False)
    print(f'model.data_preprocessor = {preprocessor}')


if __name__ == '__main__':
    command.run(parse_args, main)
