"""The adaptive loss of section 4: keypoints that are hard for a stack weigh more in the next one.

Functions do the mathematics: :func:`error_statistics` sums up squares, :func:`normalized_errors`
turns them into errors from 0 to 1, :func:`adaptive_weights` is Algorithm 1. The loss module adapts
them to MMPose.
"""

from collections.abc import Sequence

import torch
from mmengine.dist import all_reduce, get_world_size
from mmpose.registry import MODELS
from torch import Tensor, nn

from ..errors import InputError

NORMALIZATIONS = ('energy', 'max', 'mean')
REDUCTIONS = ('sum', 'mean')
# Buffers of the loss that count a training: one that only starts from the weights begins them anew.
STATISTICS = ('running', 'iterations')


def normalized_errors(
    squared_error: Tensor, target_energy: Tensor, num_pixels: Tensor, normalize: str = 'energy'
) -> Tensor:
    """Return the error of each stack and keypoint, from 0 to 1, for the recursion.

    Paper: the sum of squares (eq. 2), which is not in [0, 1). Here: with E the sum of squared
    errors and T the sum of squared targets over the batch, 'energy' is E / (E + T), because it is
    below 1/2 exactly when the prediction beats the empty heatmap, the weak-learner condition of
    AdaBoost.R2. 'mean' is the mean of squared errors over the pixels (mean squared error,
    as the text says), 'max' this mean over the largest of the stack (AdaBoost.R2's own).

    Args:
        squared_error: E, (J, K).
        target_energy: T, (J, K).
        num_pixels: Number of pixels that E sums over, (J, K).
        normalize: 'energy', 'max' or 'mean'.

    Returns:
        (J, K) in [0, 1], with 'energy' below 1; 0 where nothing was summed.

    Raises:
        InputError: For an unknown ``normalize``.

    >>> E, T, n = torch.tensor([[1.0, 3.0]]), torch.tensor([[3.0, 3.0]]), torch.tensor([[64.0]])
    >>> normalized_errors(E, T, n, 'energy')
    tensor([[0.2500, 0.5000]])
    >>> normalized_errors(E, T, n, 'max')
    tensor([[0.3333, 1.0000]])
    """
    tiny = torch.finfo(squared_error.dtype).tiny
    if normalize == 'energy':
        return squared_error / (squared_error + target_energy).clamp_min(tiny)
    mean = squared_error / num_pixels.clamp_min(1)
    if normalize == 'max':
        return mean / mean.amax(dim=1, keepdim=True).clamp_min(tiny)
    if normalize == 'mean':
        # A mean of squares of heatmaps exceeds 1 only for a network that has diverged.
        return mean.clamp_max(1)
    raise InputError(f'normalize must be one of {NORMALIZATIONS}, got {normalize!r}.')


def adaptive_weights(errors: Tensor, labelled: Tensor) -> Tensor:
    """Return the weights of the keypoints in every stack (eqs. 3-6, Algorithm 1).

    w_1i = 1/N; L_j = sum_i w_ji L_ji; a_j = L_j / (1 - L_j); w_(j+1)i = w_ji a_j^(1 - L_ji) / Z_j.
    This is AdaBoost.R2: while L_j < 1/2, harder keypoints gain weight.

    Paper: for L_j >= 1/2 the update would favour the easy keypoints. Here: a_j is capped at 1,
    which leaves the weights as they are, because such a stack says nothing about difficulty.

    Args:
        errors: L, (J, K), in [0, 1].
        labelled: (K,), bool; the recursion runs over these N keypoints.

    Returns:
        (J, K): each stack's weights sum to 1 over the labelled keypoints and are 0 elsewhere; all
        0 if no keypoint is labelled. No gradient.

    >>> adaptive_weights(torch.tensor([[0.1, 0.3], [0.0, 0.0]]), torch.tensor([True, True]))
    tensor([[0.5000, 0.5000],
            [0.4311, 0.5689]])
    """
    errors = errors.detach()
    # In logarithms, so that errors of exactly 0 do not end in 0 / 0.
    log_weight = torch.zeros_like(errors[0]).masked_fill(~labelled, -torch.inf)
    weights = []
    for error in errors:
        weight = log_weight.softmax(dim=0).where(labelled, 0)
        weights.append(weight)
        mean_error = (weight * error).sum().clamp(torch.finfo(error.dtype).eps, 0.5)
        log_weight = weight.log() + (1 - error) * torch.logit(mean_error)
        log_weight = log_weight.masked_fill(~labelled, -torch.inf)
    return torch.stack(weights)


def error_statistics(
    preds: Sequence[Tensor],
    targets: Sequence[Tensor],
    target_weights: Sequence[Tensor],
    reduction: str = 'mean',
) -> tuple[Tensor, Tensor, Tensor]:
    """Sum up the errors of a batch, at least in float32, over all ranks of distributed training.

    Args:
        preds: Per stack, heatmaps (B, K, H_j, W_j).
        targets: Per stack, target heatmaps of the same shape.
        target_weights: Per stack, MMPose's ``keypoint_weights`` (B, K); 0 for unlabelled ones.
        reduction: How the squared errors of a map are reduced: 'sum' (eq. 2) or 'mean'.

    Returns:
        The error m of this rank (J, K), with gradient: the mean over the batch of each map's
        ``reduction``; the sums E, T and the number of pixels (3, J, K) for
        :func:`normalized_errors`; and the labelled keypoints (K,), bool: in any stack. In the rare
        batch that labels one only in some stacks, at the border of the crops, its error in the
        others is 0.
    """
    errors, sums = [], []
    for pred, target, weight in zip(preds, targets, target_weights):
        dtype = torch.promote_types(pred.dtype, torch.float32)
        pred, target, weight = (x.to(dtype) for x in (pred, target.detach(), weight))
        num_pixels = pred[0, 0].numel()
        error = (pred - target).square().sum(dim=(2, 3)) * weight
        energy = target.square().sum(dim=(2, 3)) * weight
        errors.append(error.sum(dim=0) / (len(pred) * (num_pixels if reduction == 'mean' else 1)))
        pixels = num_pixels * weight
        sums.append(torch.stack([error.detach(), energy, pixels]).sum(dim=1))
    sums = torch.stack(sums, dim=1)
    if get_world_size() > 1:
        all_reduce(sums)
    return torch.stack(errors), sums, (sums[2] > 0).any(dim=0)


@MODELS.register_module()
class AdaptiveWeightedHeatmapLoss(nn.Module):
    """Squared error of all stacks, with :func:`adaptive_weights` over the keypoints.

    The objective of stack j is (N / K) sum_i w_ji m_ji: m the mean over the batch of the squared
    error of labelled keypoints, over the pixels by ``reduction``, N the number of keypoints with a
    label in the batch. With equal weights and the mean it is
    ``KeypointMSELoss(use_target_weight=True)``. Statistics are summed over the ranks of distributed
    training, weights carry no gradient, and all is at least in float32.

    Needs a head that passes all stacks at once: :class:`MultiStageHead`, which also fills in
    ``num_stages`` and ``num_keypoints``.

    Args:
        num_stages: Number of stacks J; None leaves it to the head.
        num_keypoints: Number of keypoints K; None leaves it to the head.
        normalize: How errors are normalised for the recursion (:func:`normalized_errors`).
        adaptive: False keeps the weights equal.
        warmup_iters: Number of training iterations with equal weights at the start.
        smoothing: Share of the past in the running averages of the errors, in [0, 1); 0 uses only
            the batch.
        loss_weight: Factor of the objective.
        reduction: Over the pixels of a map: 'sum' is eq. 2 and weighs all stacks alike, 'mean'
            is ``KeypointMSELoss`` and weighs coarse stacks more (docs/method.md).

    Raises:
        InputError: For settings out of their range.
    """

    takes_all_stages = True

    def __init__(
        self,
        num_stages: int | None = None,
        num_keypoints: int | None = None,
        normalize: str = 'energy',
        adaptive: bool = True,
        warmup_iters: int = 0,
        smoothing: float = 0.0,
        loss_weight: float = 1.0,
        reduction: str = 'mean',
    ):
        super().__init__()
        if num_stages is None or num_keypoints is None:
            raise InputError(
                'AdaptiveWeightedHeatmapLoss needs num_stages and num_keypoints unless it is in '
                'a MultiStageHead, which fills them in.'
            )
        if normalize not in NORMALIZATIONS:
            raise InputError(f'normalize must be one of {NORMALIZATIONS}, got {normalize!r}.')
        if not 0 <= smoothing < 1:
            raise InputError(f'smoothing must be in [0, 1), got {smoothing}.')
        if warmup_iters < 0:
            raise InputError(f'warmup_iters must not be negative, got {warmup_iters}.')
        if reduction not in REDUCTIONS:
            raise InputError(f'reduction must be one of {REDUCTIONS}, got {reduction!r}.')
        self.num_stages = num_stages
        self.num_keypoints = num_keypoints
        self.normalize = normalize
        self.adaptive = adaptive
        self.warmup_iters = warmup_iters
        self.smoothing = smoothing
        self.loss_weight = loss_weight
        self.reduction = reduction
        # Running averages of E, T and the number of pixels, and the iterations so far: in the
        # checkpoint, so that a resumed run continues as if it had not stopped.
        self.register_buffer('running', torch.zeros(3, num_stages, num_keypoints))
        self.register_buffer('iterations', torch.zeros((), dtype=torch.long))
        self.register_buffer('adaptive_weights', torch.zeros(num_stages, num_keypoints), False)

    def forward(
        self, preds: Sequence[Tensor], targets: Sequence[Tensor], target_weights: Sequence[Tensor]
    ) -> list[Tensor]:
        """Compute the objective of every stack; ``adaptive_weights`` keeps the weights used.

        Args:
            preds: Per stack, heatmaps (B, K, H_j, W_j).
            targets: Per stack, target heatmaps of the same shape.
            target_weights: Per stack, MMPose's ``keypoint_weights`` (B, K); 0 for unlabelled ones.

        Returns:
            One scalar per stack.

        Raises:
            InputError: If a head of another kind passes the maps of one stack, the number of stacks
                or keypoints is not the module's, or shapes of a stack disagree.
        """
        self._check_shapes(preds, targets, target_weights)
        with torch.autocast(preds[0].device.type, enabled=False):
            errors, sums, labelled = error_statistics(
                preds, targets, target_weights, self.reduction
            )
            weights = self._update_weights(sums, labelled)
            self.adaptive_weights.copy_(weights)
            share = self.loss_weight * labelled.sum() / self.num_keypoints
            return list((share * weights * errors).sum(dim=1))

    def _check_shapes(
        self, preds: Sequence[Tensor], targets: Sequence[Tensor], target_weights: Sequence[Tensor]
    ) -> None:
        if isinstance(preds, Tensor):
            raise InputError(
                'AdaptiveWeightedHeatmapLoss needs the heatmaps of all stacks at once, got those '
                f'of one, {tuple(preds.shape)}: use it with head.type = MultiStageHead, as '
                "MMPose's heads call a loss once per stack."
            )
        if len(preds) != self.num_stages or preds[0].shape[1] != self.num_keypoints:
            raise InputError(
                f'the loss was built for {self.num_stages} stacks of {self.num_keypoints} '
                f'keypoints, got {len(preds)} of {preds[0].shape[1]}.'
            )
        for j, (pred, target, weight) in enumerate(zip(preds, targets, target_weights)):
            if target.shape != pred.shape or weight.shape != pred.shape[:2]:
                raise InputError(
                    f'stack {j + 1} predicts {tuple(pred.shape)}, but its target is '
                    f'{tuple(target.shape)} and its target weights are {tuple(weight.shape)}.'
                )

    @torch.no_grad()
    def _update_weights(self, sums: Tensor, labelled: Tensor) -> Tensor:
        """Return the weights (J, K), after smoothing and warm-up, without waiting for a GPU."""
        equal = (labelled / labelled.sum().clamp_min(1)).expand_as(sums[0])
        if not self.adaptive:
            return equal
        if self.training and self.smoothing:
            mixed = self.smoothing * self.running + (1 - self.smoothing) * sums
            # A keypoint's first statistics start its average. A batch without its label does not
            # change it, nor does an overflow, which would stay in it for ever.
            mixed = torch.where(self.running[2] > 0, mixed, sums)
            usable = (sums[2] > 0) & sums.isfinite().all(dim=0)
            self.running.copy_(torch.where(usable, mixed, self.running))
            sums = self.running
        weights = adaptive_weights(normalized_errors(*sums, self.normalize), labelled)
        weights = torch.where(self.iterations < self.warmup_iters, equal, weights)
        if self.training:
            self.iterations += 1
        return weights
