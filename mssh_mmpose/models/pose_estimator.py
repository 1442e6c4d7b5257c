"""The estimator of this project's configs."""

import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS

from .mssh import MSSHNet
from .multi_stage_head import MultiStageHead


@MODELS.register_module()
class MultiStagePoseEstimator(TopdownPoseEstimator):
    """``TopdownPoseEstimator`` that checks, when built, that backbone and head agree.

    Args:
        channels_last: Keeps the weights, hence the maps, in channels-last memory order, which is
            faster on CPUs and with mixed precision on GPUs. Results and checkpoints stay the same.
        kwargs: Arguments of ``TopdownPoseEstimator``.

    Raises:
        ValueError: If backbone and head disagree on stacks, keypoints, widths or heatmap size, or
            ``test_cfg`` asks for stacks that are not there.
    """

    def __init__(self, *args, channels_last: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        head = getattr(self, 'head', None)
        # A neck in between may change widths and sizes.
        if (
            isinstance(self.backbone, MSSHNet)
            and isinstance(head, MultiStageHead)
            and not self.with_neck
        ):
            check_agreement(self.backbone, head)
        if isinstance(head, MultiStageHead):
            head.check_stacks((self.test_cfg or {}).get('stacks'))
        if channels_last:
            self.to(memory_format=torch.channels_last)


def check_agreement(backbone: MSSHNet, head: MultiStageHead) -> None:
    """Raise ValueError, naming both values, where backbone and head do not fit."""
    width = backbone.feat_channels if backbone.num_keypoints is None else None
    pairs = {
        'number of stacks': (len(backbone.stage_strides), head.num_stages),
        'width of the features (None: heatmaps)': (width, head.feature_channels),
    }
    if backbone.num_keypoints is not None:
        pairs['number of keypoints'] = (backbone.num_keypoints, head.out_channels)
    if head.decoder is not None:
        stride = backbone.stage_strides[-1]
        pairs['input size'] = (backbone.input_size, tuple(head.decoder.input_size))
        pairs['heatmap size of the last stack'] = (
            tuple(side // stride for side in backbone.input_size),
            tuple(head.decoder.heatmap_size),
        )
    for name, (of_backbone, of_head) in pairs.items():
        if of_backbone != of_head:
            raise ValueError(
                f'backbone and head disagree on the {name}: the backbone has {of_backbone}, '
                f'the head {of_head}.'
            )
