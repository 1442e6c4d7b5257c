"""Turn a checkpoint of the public pytorch-pose stacked hourglass into one of MSSHNet."""

import argparse
from pathlib import Path
from pprint import pformat

import torch
from mmengine.runner import CheckpointLoader

from mssh_mmpose.checks import check_file
from mssh_mmpose.cli.errors import run
from mssh_mmpose.errors import InputError
from mssh_mmpose.models import pytorch_pose


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='checkpoint of pytorch-pose (.pth.tar)')
    parser.add_argument('output', help='checkpoint to write, for tools/test.py and load_from')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    check_file(args.source, 'checkpoint', 'a file of pytorch-pose')
    checkpoint = CheckpointLoader.load_checkpoint(args.source, map_location='cpu')
    weights = checkpoint.get('state_dict', checkpoint)
    try:
        converted = pytorch_pose.convert_state_dict(weights)
    except ValueError as error:
        raise InputError(f'{args.source}: {error}') from error
    state_dict = {f'backbone.{key}': value for key, value in converted.items()}
    Path(args.output).parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=state_dict, meta=dict(source='pytorch-pose')), args.output)
    backbone = dict(type='MSSHNet', **pytorch_pose.network_settings(weights))
    print(f'wrote {args.output}: {len(state_dict)} tensors. A config for it needs')
    print(f'model.backbone = {pformat(backbone, sort_dicts=False)}')
    # Other values would be accepted silently and cost accuracy.
    preprocessor = pformat(pytorch_pose.data_preprocessor(), sort_dicts=False)
    print(f'model.data_preprocessor = {preprocessor}')


if __name__ == '__main__':
    run(main, 'tools/convert_pytorch_pose.py')
