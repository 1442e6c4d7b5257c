"""Whether a :class:`MSSHNet` and the head behind it fit, checked before the first batch."""

from mmpose.models.heads import CPMHead
from torch import nn

from ..errors import InputError
from .mssh import MSSHNet
from .multi_stage_head import MultiStageHead


def check_agreement(backbone: MSSHNet, head: nn.Module) -> None:
    """Raise InputError, naming both values, where backbone and head do not fit.

    The head is :class:`MultiStageHead` or one of MMPose's: ``HeatmapHead``, ``CPMHead``,
    ``RTMCCHead``, ``SimCCHead``. Of others only the attributes that they share with these are
    compared.
    """
    if isinstance(head, MultiStageHead):
        pairs = _stage_pairs(backbone, head)
    else:
        _check_stages(backbone, head)
        pairs = _feature_pairs(backbone, head)
    decoder = getattr(head, 'decoder', None)
    if hasattr(decoder, 'input_size'):
        pairs['input size'] = (backbone.input_size, tuple(decoder.input_size))
    if hasattr(decoder, 'heatmap_size'):
        size = tuple(side * _upsampling(head) for side in _map_size(backbone))
        pairs['heatmap size of the last stack'] = (size, tuple(decoder.heatmap_size))
    for name, (of_backbone, of_head) in pairs.items():
        if of_backbone != of_head:
            raise InputError(
                f'backbone and head disagree on the {name}: the backbone has {of_backbone}, '
                f'the head {of_head}.'
            )


def _stage_pairs(backbone: MSSHNet, head: MultiStageHead) -> dict[str, tuple]:
    """Return what our head must share with the backbone: (the backbone's, the head's)."""
    width = backbone.widths[-1] if backbone.num_keypoints is None else None
    pairs = {
        'number of stacks': (len(backbone.stage_strides), head.num_stages),
        'width of the features (None: heatmaps)': (width, head.feature_channels),
    }
    if backbone.num_keypoints is not None:
        pairs['number of keypoints'] = (backbone.num_keypoints, head.out_channels)
    return pairs


def _feature_pairs(backbone: MSSHNet, head: nn.Module) -> dict[str, tuple]:
    """Return what a head of MMPose must share with the backbone, in the same form."""
    width = backbone.num_keypoints or backbone.widths[-1]
    found = getattr(head, 'in_channels', width)
    # MMPose's heads also take several maps, with a list of widths.
    pairs = {'number of channels': (width, found)} if isinstance(found, int) else {}
    if hasattr(head, 'in_featuremap_size'):
        sizes = (_map_size(backbone), tuple(head.in_featuremap_size))
        pairs['size (w, h) of the last map'] = sizes
    return pairs


def _check_stages(backbone: MSSHNet, head: nn.Module) -> None:
    """Raise InputError where only :class:`MultiStageHead` fits."""
    if getattr(getattr(head, 'loss_module', None), 'takes_all_stages', False):
        raise InputError(
            f'{type(head.loss_module).__name__} compares the stacks with each other, '
            f'{type(head).__name__} calls its loss for one map: use MultiStageHead.'
        )
    if not isinstance(head, CPMHead):
        return
    strides = backbone.stage_strides
    if head.num_stages != len(strides) or len(set(strides)) > 1:
        raise InputError(
            f'CPMHead compares its {head.num_stages} stages with one target, the backbone has '
            f'{len(strides)} stacks of strides {strides}: give as many stacks of one stride, or '
            'use MultiStageHead.'
        )


def _map_size(backbone: MSSHNet) -> tuple[int, int]:
    """Return the size (w, h) of the last stack's maps."""
    return tuple(side // backbone.stage_strides[-1] for side in backbone.input_size)


def _upsampling(head: nn.Module) -> int:
    """Return the factor by which a head of MMPose enlarges the last map."""
    layers = getattr(head, 'deconv_layers', None)
    if layers is None:
        layers = getattr(head, 'multi_deconv_layers', [nn.Identity()])[-1]
    return 2 ** sum(isinstance(layer, nn.ConvTranspose2d) for layer in layers.modules())
