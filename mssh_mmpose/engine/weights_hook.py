"""Logging of the adaptive loss's weights."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from ..datasets.metainfo import joint_names
from ..errors import InputError
from .dist import unwrapped

PREFIX = 'keypoint_weight/stack'
"""The scalars' names start with this, followed by the number of the stack and the joint."""


@HOOKS.register_module()
class KeypointWeightsHook(Hook):
    """Write the weights of :class:`AdaptiveWeightedHeatmapLoss` to the log scalars.

    One scalar per stack and joint, ``keypoint_weight/stack<j>/<joint>``, for
    ``tools/plot_keypoint_weights.py``. They are not printed: they would fill a page.

    Args:
        interval: Number of iterations between two records.

    Raises:
        InputError: If the model's loss has no such weights.
    """

    def __init__(self, interval: int = 20):
        self.interval = interval

    def before_train(self, runner: Runner) -> None:
        model = unwrapped(runner.model)
        self._loss = model.head.loss_module
        if not hasattr(self._loss, 'adaptive_weights'):
            raise InputError(
                'KeypointWeightsHook needs the loss AdaptiveWeightedHeatmapLoss, the head has '
                f'{type(self._loss).__name__}.'
            )
        self._joints = joint_names(runner.train_dataloader.dataset.metainfo)

    def after_train_iter(self, runner: Runner, *args, **kwargs) -> None:
        if not self.every_n_train_iters(runner, self.interval):
            return
        scalars = {
            f'{PREFIX}{j}/{joint}': weight
            for j, weights in enumerate(self._loss.adaptive_weights.tolist(), 1)
            for joint, weight in zip(self._joints, weights)
        }
        runner.visualizer.add_scalars(scalars, step=runner.iter + 1)
