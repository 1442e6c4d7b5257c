"""Weights of the public ``pytorch-pose`` stacked hourglass, renamed to those of MSSHNet.

The mapping is written from the structure of that network and the names of its weights:
``hg.I.hg.D.K.0`` is stack I, level D (0 the lowest resolution) and position K (0 beside the level,
1 after the pooling, 2 before the upsampling, 3 at the bottom of level 0).
"""

import re

import torch
from torch import Tensor

from ..errors import InputError
from .mssh import MSSHNet

_POSITIONS = ('skip', 'down', 'up', 'inner')
_BLOCK = {
    'bn1': 'reduce.norm',
    'conv1': 'reduce.conv',
    'bn2': 'conv.norm',
    'conv2': 'conv.conv',
    'bn3': 'expand.norm',
    'conv3': 'expand.conv',
    'downsample.0': 'skip',
}
_SECOND_BLOCK = re.compile(r'(layer\d|res\.\d+|hg\.\d+\.hg\.\d+\.\d+)\.[1-9]\d*\.')
# That project feeds RGB in 0-1 minus this mean; ours feeds 0-255, hence 255 times both.
_MEAN = (0.4404, 0.4440, 0.4327)


def convert_state_dict(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a ``pytorch-pose`` hourglass to those of the equal ``MSSHNet``.

    Args:
        state_dict: Its weights, with or without the ``module.`` of ``DataParallel``.
            ``num_batches_tracked``, which old files lack, may be missing.

    Returns:
        The state dict of ``MSSHNet(**network_settings(state_dict))``; the tensors are shared.

    Raises:
        InputError: If weights are missing, unexpected or of another shape; all are listed.
    """
    theirs = _strip(state_dict)
    settings = network_settings(theirs)
    with torch.device('meta'):
        expected = MSSHNet(**settings).state_dict()
    names = {ours: name for name, ours in _modules(theirs, len(settings['stage_strides'])).items()}
    converted, problems, used = {}, [], set()
    for key, value in expected.items():
        module, leaf = key.rsplit('.', 1)
        name = f'{names[module]}.{leaf}'
        used.add(name)
        if name not in theirs:
            if leaf == 'num_batches_tracked':
                converted[key] = torch.zeros((), dtype=torch.long)
            else:
                problems.append(f'{name} is missing')
        elif theirs[name].shape != value.shape:
            found, wanted = tuple(theirs[name].shape), tuple(value.shape)
            problems.append(f'{name} has shape {found}, expected {wanted}')
        else:
            converted[key] = theirs[name]
    problems += [f'{name} is unexpected' for name in theirs if name not in used]
    if problems:
        raise InputError('not a stacked hourglass of pytorch-pose:\n  ' + '\n  '.join(problems))
    return converted


def network_settings(state_dict: dict[str, Tensor]) -> dict:
    """Read the settings of the equal ``MSSHNet`` from the names and shapes of the weights.

    Raises:
        InputError: If the network is of another kind or has several blocks per position.
    """
    theirs = _strip(state_dict)
    if 'score.0.weight' not in theirs:
        raise InputError(
            'not a stacked hourglass of pytorch-pose: expected score.0.weight among the weights, '
            f'got {", ".join(list(theirs)[:5])} ...'
        )
    repeated = [key for key in theirs if _SECOND_BLOCK.match(key)]
    if repeated:
        raise InputError(
            f'the network has several blocks per position ({repeated[0]}), expected one: '
            'MSSHNet has no such setting.'
        )
    num_keypoints, width = theirs['score.0.weight'].shape[:2]
    # The lowest map has 4 pixels, and the stacks work at stride 4.
    side = 16 * 2 ** _depth(theirs)
    return dict(
        num_keypoints=num_keypoints,
        input_size=(side, side),
        stage_strides=(4,) * len(_numbers(theirs, r'score\.(\d+)\.weight')),
        feat_channels=width,
        block='PreActBottleneck',
    )


def data_preprocessor() -> dict:
    """Return the ``data_preprocessor`` that feeds the network the values it was trained with."""
    return dict(
        type='PoseDataPreprocessor',
        mean=[round(255 * value, 3) for value in _MEAN],
        std=[255.0] * 3,
        bgr_to_rgb=True,
    )


def _strip(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    return {re.sub(r'^module\.', '', key): value for key, value in state_dict.items()}


def _numbers(theirs: dict[str, Tensor], pattern: str) -> list[int]:
    found = (re.match(pattern, key) for key in theirs)
    return sorted({int(match[1]) for match in found if match})


def _depth(theirs: dict[str, Tensor]) -> int:
    return len(_numbers(theirs, r'hg\.0\.hg\.(\d+)\.'))


def _modules(theirs: dict[str, Tensor], num_stacks: int) -> dict[str, str]:
    """Return our names of all their modules that may hold weights."""
    blocks = {'layer1.0': 'stem.block'}
    blocks.update({f'layer{i + 2}.0': f'neck.branches.4.{i}' for i in range(2)})
    modules = {'conv1': 'stem.conv', 'bn1': 'stem.norm'}
    depth = _depth(theirs)
    for i in range(num_stacks):
        stack = f'stacks.{i}'
        for level in range(depth):
            hourglass = '.'.join([stack, 'hourglass'] + ['inner'] * (depth - 1 - level))
            for k, position in enumerate(_POSITIONS if level == 0 else _POSITIONS[:3]):
                blocks[f'hg.{i}.hg.{level}.{k}.0'] = f'{hourglass}.{position}'
        blocks[f'res.{i}.0'] = f'{stack}.block'
        modules.update(
            {
                f'fc.{i}.0': f'{stack}.feature.conv',
                f'fc.{i}.1': f'{stack}.feature.norm',
                f'score.{i}': f'{stack}.score',
                f'fc_.{i}': f'{stack}.feature_remap',
                f'score_.{i}': f'{stack}.score_remap',
            }
        )
    for name, ours in blocks.items():
        modules.update({f'{name}.{a}': f'{ours}.{b}' for a, b in _BLOCK.items()})
    return modules
