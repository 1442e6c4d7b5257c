"""Boxes of people from an MMDetection network."""

import numpy as np
from mmdet.apis import inference_detector, init_detector
from mmpose.utils import adapt_mmdet_pipeline

from ..checks import check_file
from ..errors import InputError


class PersonDetector:
    """Finds people with a network of MMDetection that knows the class 'person'.

    Args:
        config: Its config file.
        checkpoint: Its weights, a file or a URL.
        device: Such as 'cpu'.
        threshold: Lowest score of a box.

    Raises:
        InputError: If a file is missing, or the network does not know people.
    """

    def __init__(self, config: str, checkpoint: str, device: str, threshold: float = 0.5):
        check_file(config, '--detector', "a config file of MMDetection's")
        check_file(checkpoint, '--detector', 'a checkpoint file or a URL')
        self._network = init_detector(config, checkpoint, device=device)
        # Its transforms are looked up among MMDetection's, whatever scope is the default.
        self._network.cfg = adapt_mmdet_pipeline(self._network.cfg)
        classes = tuple(self._network.dataset_meta['classes'])
        if 'person' not in classes:
            raise InputError(f'--detector {config} knows {classes[:5]}..., but no person.')
        self._label = classes.index('person')
        self._threshold = threshold

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Give the boxes (N, 4) of the people in an image, x1, y1, x2, y2 in pixels."""
        found = inference_detector(self._network, image).pred_instances.cpu().numpy()
        chosen = (found.labels == self._label) & (found.scores >= self._threshold)
        boxes = found.bboxes[chosen]
        height, width = image.shape[:2]
        inside = np.clip(boxes, 0, [width, height, width, height])
        return inside[(inside[:, 2:] - inside[:, :2] > 1).all(axis=1)]
