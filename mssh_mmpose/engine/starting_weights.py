"""Which weights a training takes from the checkpoint that it starts from."""

from typing import NamedTuple

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import HOOKS
from torch import Tensor, nn

from ..errors import InputError
from ..models.adaptive_loss import STATISTICS, AdaptiveWeightedHeatmapLoss
from ..models.freezing import FreezableBackbone
from .checkpoint import weights_of
from .dist import unwrapped
from .loading import listing


class Fit(NamedTuple):
    """Names of tensors: taken, not in the checkpoint or of another shape, and left over in it."""

    taken: list[str]
    unset: list[str]
    unused: list[str]


def compare(model: nn.Module, weights: dict[str, Tensor]) -> Fit:
    """Find which tensors of a checkpoint a model takes.

    Counters of batch normalisation are ignored: every network has them.

    >>> compare(nn.Linear(2, 1), {'weight': nn.Linear(2, 1).weight, 'x': nn.Linear(2, 1).bias})
    Fit(taken=['weight'], unset=['bias'], unused=['x'])
    """
    wanted, found = (
        {name: getattr(value, 'shape', None) for name, value in tensors.items()
         if not name.endswith('num_batches_tracked')}
        for tensors in (model.state_dict(), weights)
    )  # fmt: skip
    taken = [name for name, shape in wanted.items() if found.get(name) == shape]
    return Fit(
        taken,
        [name for name in wanted if name not in taken],
        [name for name in found if name not in taken],
    )


@HOOKS.register_module()
class StartingWeightsHook(Hook):
    """Logs how many tensors a training takes from ``load_from`` and which it does not.

    The statistics of the adaptive loss, which are in checkpoints so that a training can be
    continued, begin anew.

    Raises:
        InputError: If none fits, or, when a training is continued, not all, or if one that is not
            taken is frozen.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if not isinstance(runner._train_loop, BaseLoop):  # only a test or a validation
            return
        model = unwrapped(runner.model)
        source = str(runner._load_from or runner.work_dir)
        weights = weights_of(checkpoint, source)
        fit = compare(model, weights)
        total = len(fit.taken) + len(fit.unset)
        unset, unused = (listing(names) or 'none' for names in (fit.unset, fit.unused))
        report = (
            f'{len(fit.taken)} of {total} tensors of the network taken from the checkpoint; '
            f'missing there or of another shape: {unset}. Unused in it: {unused}.'
        )
        if not fit.taken:
            raise InputError(
                f'load_from={source}: no tensor fits the network of the config, which has '
                f'{unset}; the checkpoint has {unused}.'
            )
        if runner._resume and (fit.unset or fit.unused):
            raise InputError(
                f'{source} cannot be continued with this config: {report} To start a new training '
                'from these weights, use load_from without --resume.'
            )
        lost = sorted(set(fit.unset) & frozen_names(model))
        if lost:
            raise InputError(
                f'load_from={source}: {listing(lost)} are frozen, but missing there or of another '
                'shape, so they would stay random: freeze fewer stacks (frozen_stages).'
            )
        runner.logger.info(report)
        if not runner._resume:
            begin_statistics(model, weights)


def frozen_names(model: nn.Module) -> set[str]:
    """Return the names of the parameters that a backbone of this package has frozen."""
    backbones = [part for part in model.modules() if isinstance(part, FreezableBackbone)]
    frozen = {id(value) for part in backbones for value in part.frozen_parameters()}
    return {name for name, value in model.named_parameters() if id(value) in frozen}


def begin_statistics(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Set what the adaptive losses of a model have counted to zero in weights for it."""
    for name, module in model.named_modules():
        if isinstance(module, AdaptiveWeightedHeatmapLoss):
            for key in STATISTICS:
                if f'{name}.{key}' in weights:
                    weights[f'{name}.{key}'].zero_()
