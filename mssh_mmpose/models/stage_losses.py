"""What a :class:`MultiStageHead` asks of its losses."""

from mmpose.utils.typing import MultiConfig
from torch import nn

from ..config import model_class, type_name
from ..errors import InputError


def with_sizes(loss: MultiConfig, num_stages: int, num_keypoints: int) -> MultiConfig:
    """Add the numbers of stacks and keypoints to the config of a loss of all stacks.

    Raises:
        InputError: If a list of losses contains a loss of all stacks.
    """
    if not isinstance(loss, dict):
        for each in loss:
            if getattr(model_class(each), 'takes_all_stages', False):
                name = type_name(each)
                raise InputError(f'{name} compares all stacks: give it alone, not in a list.')
        return loss
    if not getattr(model_class(loss), 'takes_all_stages', False):
        return loss
    return {'num_stages': num_stages, 'num_keypoints': num_keypoints, **loss}


def check_losses(loss_module: nn.Module, decoder: object, out_channels: int) -> None:
    """Check that the losses fit the decoder and the number of channels.

    Args:
        loss_module: One loss, or a ``ModuleList`` with one per stack.
        decoder: Codec of the last stack, or None.
        out_channels: Channels of each stack's maps.

    Raises:
        InputError: If they do not fit.
    """
    combined = getattr(decoder, 'heatmap_type', None) == 'combined'
    for loss in loss_module if isinstance(loss_module, nn.ModuleList) else [loss_module]:
        name = type(loss).__name__
        if (name == 'CombinedTargetMSELoss') != combined and decoder is not None:
            raise InputError(
                "CombinedTargetMSELoss and UDPHeatmap(heatmap_type='combined') need each "
                f'other; the head has {name} and {type(decoder).__name__}, combined: {combined}.'
            )
        if getattr(loss, 'topk', 0) > out_channels:
            raise InputError(
                f'{name} keeps topk={loss.topk} keypoints of {out_channels}: give it at most as '
                'many.'
            )
    if combined and out_channels % 3:
        raise InputError(
            'combined targets have three channels for each keypoint: num_keypoints of the '
            f'backbone must be 3 K, got {out_channels}.'
        )
