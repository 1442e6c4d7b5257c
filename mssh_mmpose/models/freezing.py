"""Freezing and normalisation as in MMPose's backbones."""

from collections.abc import Iterable, Sequence

from mmengine.model import BaseModule
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..errors import InputError


class FreezableBackbone(BaseModule):
    """Normalisation and freezing, as MMPose's backbones have them.

    A subclass passes its stages to :meth:`freeze` at the end of its constructor.

    Args:
        norm_cfg: Normalisation layer, everywhere.
        frozen_stages: -1 trains everything; n freezes stage 0 and the n stages after it: their
            weights get no gradient, and their normalisation layers keep their statistics.
        norm_eval: Keep the statistics of all batch normalisation layers.
        init_cfg: MMEngine's initialisation config.
    """

    def __init__(
        self,
        norm_cfg: dict = dict(type='BN'),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self.norm_cfg = norm_cfg
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self._frozen: list[nn.Module] = []

    def freeze(self, stages: Sequence[Iterable[nn.Module]]) -> None:
        """Freeze the first ``frozen_stages + 1`` of all stages.

        Args:
            stages: The modules of each stage, in the order of computation.

        Raises:
            InputError: If there are fewer.
        """
        if not -1 <= self.frozen_stages < len(stages):
            raise InputError(
                f'frozen_stages must be from -1 to {len(stages) - 1}, got {self.frozen_stages}.'
            )
        self._frozen = [m for stage in stages[: self.frozen_stages + 1] for m in stage]
        for module in self._frozen:
            module.requires_grad_(False)
        self.train(self.training)

    def frozen_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that :meth:`freeze` froze."""
        return [parameter for module in self._frozen for parameter in module.parameters()]

    def train(self, mode: bool = True) -> 'FreezableBackbone':
        super().train(mode)
        for module in self._frozen:
            module.eval()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self
