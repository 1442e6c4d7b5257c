"""Head for networks that predict heatmaps several times, possibly at several sizes."""

from collections.abc import Sequence

import torch
from mmengine.structures import PixelData
from mmpose.evaluation.functional import pose_pck_accuracy
from mmpose.models.heads import CPMHead
from mmpose.models.utils.tta import flip_heatmaps
from mmpose.registry import MODELS
from mmpose.utils.tensor_utils import to_numpy
from mmpose.utils.typing import (
    Features,
    MultiConfig,
    OptConfigType,
    OptSampleList,
    Predictions,
)
from torch import Tensor, nn

from ..codecs.signed_heatmap import merge_signed
from ..errors import InputError
from ..grid import Grid
from .levels import grid_of, match_targets, resize_heatmaps
from .stage_losses import check_losses, with_sizes


@MODELS.register_module()
class MultiStageHead(CPMHead):
    """One loss per stack against the target of its size; prediction from the last stack.

    MMPose's ``CPMHead`` compares every stage with one target. Here the targets may come in several
    sizes (:class:`GenerateMultilevelTarget`, or MMPose's ``GenerateTarget(multilevel=True)``), and
    each stack finds the one of its own size, so no table of levels has to match the network.
    Heatmaps leave the head in float32, also under mixed precision.

    Args:
        num_stages: Number of stacks. :class:`MultiStagePoseEstimator` fills it in, like
            ``out_channels`` and ``in_channels``, from :class:`MSSHNet`.
        out_channels: Number of keypoints K.
        in_channels: Width of the features if the backbone returns features: a 1x1 convolution per
            stack makes the heatmaps. None if the backbone returns heatmaps (:class:`MSSHNet` with
            ``num_keypoints``, MMPose's ``CPM``).
        loss: A loss of all stacks (:class:`AdaptiveWeightedHeatmapLoss`), one of MMPose's heatmap
            losses for every stack, or a list with one per stack. One with ``takes_all_stages`` is
            also given ``num_stages`` and ``num_keypoints``.
        decoder: Codec of the last stack's heatmaps. If it has ``signed_peaks``
            (:class:`SignedHeatmap`), flip test and accuracy respect the sign. MMPose's
            ``UDPHeatmap(heatmap_type='combined')`` needs ``CombinedTargetMSELoss`` and three
            channels in ``out_channels`` for each keypoint.
        init_cfg: MMEngine's initialisation config.

    Raises:
        InputError: If ``num_stages`` or ``out_channels`` is missing or differs from the loss's, or
            if loss and decoder do not fit.
        ValueError: If a list of losses does not have ``num_stages`` entries.
    """

    def __init__(
        self,
        num_stages: int | None = None,
        out_channels: int | None = None,
        in_channels: int | None = None,
        loss: MultiConfig = dict(type='KeypointMSELoss', use_target_weight=True),
        decoder: OptConfigType = None,
        init_cfg: OptConfigType = None,
    ):
        if num_stages is None or out_channels is None:
            raise InputError(
                f'MultiStageHead has num_stages={num_stages} and out_channels={out_channels}: give '
                'both, or use MultiStagePoseEstimator with MSSHNet(num_keypoints=K) and no neck, '
                'which fills them in.'
            )
        super().__init__(
            in_channels=out_channels if in_channels is None else in_channels,
            out_channels=out_channels,
            num_stages=num_stages,
            deconv_out_channels=None,
            final_layer=None if in_channels is None else dict(kernel_size=1),
            loss=with_sizes(loss, num_stages, out_channels),
            decoder=decoder,
            init_cfg=init_cfg,
        )
        for name, own in (('num_stages', num_stages), ('num_keypoints', out_channels)):
            of_loss = getattr(self.loss_module, name, own)
            if of_loss != own:
                raise InputError(f'the head has {name}={own}, its loss {name}={of_loss}.')
        self.feature_channels = in_channels
        self.signed_peaks = getattr(self.decoder, 'signed_peaks', False)
        self.combined = getattr(self.decoder, 'heatmap_type', None) == 'combined'
        check_losses(self.loss_module, self.decoder, out_channels)

    def forward(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """Return the stacks' heatmaps.

        Args:
            feats: One tensor per stack, (B, C, H_j, W_j).

        Returns:
            Per stack (B, K, H_j, W_j), float32.

        Raises:
            InputError: If the number of tensors or their widths are not the head's.
        """
        expected = self.feature_channels or self.out_channels
        if len(feats) != self.num_stages or any(x.shape[1] != expected for x in feats):
            raise InputError(
                f'the head has {self.num_stages} stages of {expected} channels, the backbone '
                f'gave {len(feats)} of {[x.shape[1] for x in feats]}.'
            )
        return [heatmaps.float() for heatmaps in super().forward(feats)]

    def loss(
        self,
        feats: Sequence[Tensor],
        batch_data_samples: OptSampleList,
        train_cfg: OptConfigType = {},
    ) -> dict:
        """Compute the losses of a batch.

        Args:
            feats: One tensor per stack, as for :meth:`forward`.
            batch_data_samples: Samples with ``gt_fields.heatmaps`` (one level or several) and
                ``gt_instance_labels.keypoint_weights``.
            train_cfg: Unused; part of MMPose's interface.

        Returns:
            ``loss_stack1`` ... ``loss_stackJ``, which MMEngine adds up, and ``acc_pose``, the
            share of keypoints whose peak in the last stack lies within 5 % of the map's size; not
            with combined targets, which have no peaks.

        Raises:
            InputError: If the sizes of maps, targets, images and decoder do not fit.
        """
        preds = self.forward(feats)
        self._check_sizes(preds[-1], batch_data_samples)
        targets, target_weights = match_targets(preds, batch_data_samples)
        losses = {
            f'loss_stack{j + 1}': loss
            for j, loss in enumerate(self._stage_losses(preds, targets, target_weights))
        }
        if self.combined:
            return losses
        output, target = preds[-1].detach(), targets[-1]
        if self.signed_peaks:
            output, target = output.abs(), target.abs()
        _, accuracy, _ = pose_pck_accuracy(
            to_numpy(output), to_numpy(target), to_numpy(target_weights[-1]) > 0
        )
        losses['acc_pose'] = output.new_tensor(accuracy)
        return losses

    def _stage_losses(
        self, preds: list[Tensor], targets: list[Tensor], target_weights: list[Tensor]
    ) -> Sequence[Tensor]:
        module = self.loss_module
        if getattr(module, 'takes_all_stages', False):
            return module(preds, targets, target_weights)
        modules = module if isinstance(module, nn.ModuleList) else [module] * self.num_stages
        return [loss(*stage) for loss, *stage in zip(modules, preds, targets, target_weights)]

    def predict(
        self,
        feats: Features,
        batch_data_samples: OptSampleList,
        test_cfg: OptConfigType = {},
    ) -> Predictions:
        """Predict keypoints from the last stack's heatmaps, or from the mean of several stacks'.

        Args:
            feats: One tensor per stack, as for :meth:`forward`; with flip test a list of two such
                sequences, for the images and for the flipped images.
            batch_data_samples: Samples with ``flip_indices``.
            test_cfg: ``flip_test``, ``flip_mode``, ``shift_heatmap``, ``output_heatmaps``;
                ``stacks``, numbers of the stacks to average, from 1, brought to the last one's
                size.

        Returns:
            Per sample, ``keypoints`` (1, K, 2) in input pixels, ``keypoint_scores`` (1, K) and,
            with signed heatmaps, ``keypoints_visible`` (1, K); with ``output_heatmaps`` also the
            heatmaps (K, H, W).

        Raises:
            InputError: If ``test_cfg`` does not fit the head (:meth:`check_test_cfg`), or the sizes
                of maps, images and decoder do not fit.
        """
        self.check_test_cfg(test_cfg)
        heatmaps = self._averaged_heatmaps(feats, batch_data_samples, test_cfg)
        self._check_sizes(heatmaps, batch_data_samples)
        preds = self.decode(heatmaps)
        if test_cfg.get('output_heatmaps', False):
            return preds, [PixelData(heatmaps=maps) for maps in heatmaps.detach()]
        return preds

    def check_test_cfg(self, test_cfg: dict) -> None:
        """Check the settings of a test.

        Raises:
            InputError: If a stack does not exist, several are asked for with signed heatmaps, or
                the flip test does not fit the codec.
        """
        self.chosen_stacks(test_cfg.get('stacks'))
        if not test_cfg.get('flip_test', False):
            return
        mode = test_cfg.get('flip_mode', 'heatmap')
        wanted = 'udp_combined' if self.combined else 'heatmap'
        if mode != wanted:
            raise InputError(f'test_cfg: these heatmaps need flip_mode={wanted!r}, got {mode!r}.')
        if grid_of(self.decoder) is not Grid.STRIDES and test_cfg.get('shift_heatmap', False):
            raise InputError(
                f'test_cfg: {type(self.decoder).__name__} needs shift_heatmap=False, since its '
                'mirrored heatmaps fall on one another; got True.'
            )

    def _averaged_heatmaps(
        self, feats: Features, data_samples: OptSampleList, test_cfg: OptConfigType
    ) -> Tensor:
        """Return the chosen stacks' heatmaps (B, K, H, W), averaged over both flip test passes."""
        if not test_cfg.get('flip_test', False):
            return self.mean_heatmaps(feats, test_cfg)
        feats, feats_flipped = feats
        flipped = flip_heatmaps(
            self.mean_heatmaps(
                feats_flipped, test_cfg
            ).contiguous(),  # MMPose reshapes combined targets
            flip_mode=test_cfg.get('flip_mode', 'heatmap'),
            flip_indices=data_samples[0].metainfo['flip_indices'],
            shift_heatmap=test_cfg.get('shift_heatmap', False),
        )
        heatmaps = self.mean_heatmaps(feats, test_cfg)
        if self.signed_peaks:
            return merge_signed(heatmaps, flipped)
        return (heatmaps + flipped) / 2

    def mean_heatmaps(self, feats: Sequence[Tensor], test_cfg: dict) -> Tensor:
        """Return the last stack's heatmaps, or the mean of those that ``test_cfg.stacks`` names.

        Args:
            feats: As for :meth:`forward`.
            test_cfg: As for :meth:`predict`.

        Returns:
            (B, K, H, W), of the last stack's size.

        Raises:
            InputError: As :meth:`chosen_stacks`.
        """
        stages, grid = self.forward(feats), grid_of(self.decoder)
        chosen = [stages[number - 1] for number in self.chosen_stacks(test_cfg.get('stacks'))]
        size = stages[-1].shape[2:]
        resized = [resize_heatmaps(maps, size, grid) for maps in chosen]
        return torch.stack(resized).mean(dim=0) if len(resized) > 1 else resized[0]

    def chosen_stacks(self, stacks: Sequence[int] | None) -> Sequence[int]:
        """Return ``test_cfg.stacks``, or the last stack for None.

        Raises:
            InputError: If a stack does not exist, or several are asked for with signed heatmaps.
        """
        if stacks is None:
            return [self.num_stages]
        numbers = range(1, self.num_stages + 1)
        if not isinstance(stacks, (list, tuple)) or not stacks or not set(stacks) <= set(numbers):
            raise InputError(
                f'test_cfg: stacks must be a list of numbers from 1 to {self.num_stages}, got '
                f'{stacks}.'
            )
        if self.signed_peaks and len(stacks) > 1:
            raise InputError(f'signed heatmaps of stacks {list(stacks)} have no mean: choose one.')
        return stacks

    def _check_sizes(self, heatmaps: Tensor, data_samples: OptSampleList) -> None:
        """Raise InputError if images or maps are not of the decoder's sizes, both (w, h)."""
        if self.decoder is None:
            return
        image = data_samples[0].metainfo.get('input_size')
        found = dict(input_size=image, heatmap_size=tuple(heatmaps.shape[:1:-1]))
        for name, size in found.items():
            wanted = tuple(getattr(self.decoder, name))
            if size is not None and tuple(size) != wanted:
                raise InputError(
                    f'the decoder has {name} (w, h) = {wanted}, the batch {tuple(size)}: the codec '
                    'of the last stack, the sizes of the pipeline and the backbone must agree.'
                )
