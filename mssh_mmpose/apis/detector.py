"""Boxes of people from an MMDetection network."""

import warnings

import numpy as np
from mmdet.apis import inference_detector, init_detector
from mmdet.models.detectors import BaseDetector
from mmpose.utils import adapt_mmdet_pipeline

from ..config import find_checkpoint, read_config
from ..engine.checkpoint import meta_of, read_checkpoint, weights_of
from ..engine.loading import load_weights
from ..errors import InputError


class PersonDetector:
    """Finds people with a network of MMDetection that knows the class 'person'.

    Args:
        config: Its config: a file, or ``mmdet::PATH``.
        checkpoint: Its weights, a file or a URL.
        device: Such as 'cpu'.
        threshold: Lowest score of a box.

    Raises:
        InputError: If a file is missing, or the network has no class 'person'.
    """

    def __init__(self, config: str, checkpoint: str, device: str, threshold: float = 0.5):
        source, settings = find_checkpoint(checkpoint), read_config(config)
        content = read_checkpoint(source)
        try:
            with warnings.catch_warnings(record=True):  # about missing weights
                self._network = init_detector(settings, None, device=device)
        except Exception as error:
            raise InputError(f'detector {config}: it cannot be built: {error}') from error
        if not isinstance(self._network, BaseDetector):
            found = type(self._network).__name__
            raise InputError(f'detector {config} is a {found}, not a detector of MMDetection.')
        load_weights(self._network, weights_of(content, source), source)
        # Its transforms are looked up among MMDetection's, whatever scope is the default.
        self._network.cfg = adapt_mmdet_pipeline(self._network.cfg)
        classes = _classes(meta_of(content, source)) or self._network.dataset_meta['classes']
        if 'person' not in classes:
            raise InputError(f'detector {config} has the classes {classes[:5]}..., but no person.')
        self._label = classes.index('person')
        self._threshold = threshold

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Return the boxes (N, 4) of the people in an image, x1, y1, x2, y2 in pixels."""
        found = inference_detector(self._network, image).pred_instances.cpu().numpy()
        chosen = (found.labels == self._label) & (found.scores >= self._threshold)
        boxes = found.bboxes[chosen]
        height, width = image.shape[:2]
        inside = np.clip(boxes, 0, [width, height, width, height])
        return inside[(inside[:, 2:] - inside[:, :2] > 1).all(axis=1)]


def _classes(meta: dict) -> tuple[str, ...]:
    """Return the classes that a checkpoint of MMDetection, of any version, names."""
    known = {key.lower(): value for key, value in (meta.get('dataset_meta') or meta).items()}
    return tuple(known.get('classes') or ())
