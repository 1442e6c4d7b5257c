"""The estimator of this project's configs."""

import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS

from ..config import default_arguments, model_class
from ..errors import InputError
from .agreement import check_agreement
from .mssh import MSSHNet, stack_widths
from .multi_stage_head import MultiStageHead


@MODELS.register_module()
class MultiStagePoseEstimator(TopdownPoseEstimator):
    """``TopdownPoseEstimator`` whose :class:`MultiStageHead` is configured by the backbone.

    Without a neck in between, a :class:`MSSHNet` sets the head's ``num_stages``, ``out_channels``
    and ``in_channels``. If they are given, they must agree.

    Args:
        backbone: Config of the backbone.
        neck: Config of a neck, or None.
        head: Config of the head.
        channels_last: Keeps weights and feature maps in channels-last memory order, which is faster
            on CPUs and with mixed precision on GPUs. Results and checkpoints stay the same.
        kwargs: Other arguments of ``TopdownPoseEstimator``.

    Raises:
        InputError: If backbone and head disagree on stacks, keypoints, widths or heatmap size, or
            ``test_cfg`` asks for stacks that do not exist.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict | None = None,
        head: dict | None = None,
        *,
        channels_last: bool = False,
        **kwargs,
    ):
        multi_stage = head is not None and _is(head, MultiStageHead)
        direct = head is not None and neck is None and _is(backbone, MSSHNet)
        if direct and multi_stage:
            head = {**head_settings(backbone), **head}
        super().__init__(backbone, neck, head, **kwargs)
        if direct:
            check_agreement(self.backbone, self.head)
        if multi_stage:
            self.head.check_test_cfg(self.test_cfg)
        if channels_last:
            self.to(memory_format=torch.channels_last)


def _is(cfg: dict, kind: type) -> bool:
    """Whether a config describes an object of this class or of one derived from it."""
    found = model_class(cfg)
    return isinstance(found, type) and issubclass(found, kind)


def head_settings(backbone: dict) -> dict:
    """Return the settings of a :class:`MultiStageHead` that its backbone's config decides.

    >>> head_settings(dict(type='MSSHNet', stage_strides=(4, 4), num_keypoints=14))
    {'num_stages': 2, 'out_channels': 14}

    Raises:
        InputError: If the strides are no list.
    """
    settings = default_arguments(model_class(backbone)) | backbone
    strides = settings['stage_strides']
    if not isinstance(strides, (list, tuple)):
        raise InputError(f'stage_strides must be a list, one per stack, got {strides!r}.')
    if settings['num_keypoints'] is None:
        widths = stack_widths(settings['feat_channels'], len(strides))
        return dict(num_stages=len(strides), in_channels=widths[-1])
    return dict(num_stages=len(strides), out_channels=settings['num_keypoints'])
