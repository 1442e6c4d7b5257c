"""High-level inference: a trained network and what it predicts for an image."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.structures import PoseDataSample

from ..dataset_config import test_pipeline
from ..datasets.metainfo import joint_names
from ..datasets.transforms import pipeline_input
from ..engine.loading import load_network
from ..errors import InputError
from ..models.levels import grid_of
from ..names import DEFAULT_NETWORK
from ..pictures import check_boxes, read_picture
from ..structures import Person, StackHeatmaps

Image = str | Path | np.ndarray


def pick_device(device: str) -> str:
    """Turn 'auto' into the best device that this machine has."""
    if device != 'auto':
        return device
    if torch.cuda.is_available():
        return 'cuda'
    return 'mps' if torch.backends.mps.is_available() else 'cpu'


def load_model(
    network: str | Path | Config | None = DEFAULT_NETWORK,
    checkpoint: str | Path | None = None,
    device: str = 'auto',
) -> 'PoseModel':
    """Load a trained network.

    Args:
        network: Name of a shipped network, or a checkpoint (file or URL) with its config inside. If
            ``checkpoint`` is given: a config, its file or ``package::path``, or None for the config
            inside the checkpoint.
        checkpoint: File or URL of the weights.
        device: Such as 'cpu' or 'cuda:0'; 'auto' takes a GPU if there is one.

    Raises:
        InputError: If there is no such network, or its weights are invalid.
    """
    config = network
    if checkpoint is None:
        config, checkpoint = None, network
        if isinstance(network, Config) or str(network).endswith('.py'):
            raise InputError('a config alone is not a network; expected its checkpoint, too.')
    return PoseModel(load_network(config, checkpoint, pick_device(device)))


class PoseModel:
    """Predicts the keypoints of people in images.

    Args:
        network: As :func:`load_network` returns it.

    Raises:
        InputError: If the network is not a top-down one, which predicts one person per box.

    Attributes:
        network: MMPose's estimator.
        metainfo: Parsed meta information of the data set it was trained on.
        joints: Names of the K joints.
        flip_test: Whether predictions are averaged with those of the mirrored image, unless asked.
    """

    def __init__(self, network: TopdownPoseEstimator):
        if not isinstance(network, TopdownPoseEstimator):
            raise InputError(
                f'the network is a {type(network).__name__}; expected a top-down network '
                '(TopdownPoseEstimator), which predicts one person per box.'
            )
        self.network = network
        self.metainfo = network.dataset_meta
        self.joints: tuple[str, ...] = tuple(joint_names(self.metainfo))
        self._pipeline = Compose(test_pipeline(network.cfg))
        self._signed = getattr(network.head, 'signed_peaks', False)
        self.flip_test = network.test_cfg.get('flip_test', False)
        # A flip test is a setting of the network, which threads share.
        self._lock = threading.Lock()

    def predict(
        self, image: Image, boxes: np.ndarray | None = None, flip_test: bool | None = None
    ) -> list[Person]:
        """Predict the people in one image.

        Args:
            image: File, or (H, W, 3), uint8, BGR.
            boxes: (N, 4): x1, y1, x2, y2 of the people in pixels; one person in the whole image if
                None.
            flip_test: Average with the mirrored image's prediction: more accurate, half as fast.
                None for what the config says; the shipped networks do it.

        Raises:
            FileNotFoundError: If there is no such file.
            InputError: If it is not an image, or a box has no area.
        """
        return self.predict_many([image], [boxes], flip_test)[0]

    def predict_many(
        self,
        images: Sequence[Image],
        boxes: Sequence[np.ndarray | None] | None = None,
        flip_test: bool | None = None,
        batch_size: int = 16,
    ) -> list[list[Person]]:
        """Predict the people in several images, ``batch_size`` people at once.

        Args:
            images: As for :meth:`predict`.
            boxes: For each image, as for :meth:`predict`.
            flip_test: As for :meth:`predict`.
            batch_size: People that the network sees at once.

        Returns:
            People of each image, in the order of its boxes.

        Raises:
            FileNotFoundError: If there is no such file.
            InputError: If ``images`` is one path, a file is not an image, a box has no area, there
                are not as many boxes as images, ``batch_size`` is below 1, or the network cannot do
                a flip test.
        """
        if isinstance(images, (str, Path)):
            raise InputError(f'expected several images, got one path: {images}; see predict.')
        if batch_size < 1:
            raise InputError(f'batch_size must be at least 1, got {batch_size}.')
        boxes = [None] * len(images) if boxes is None else boxes
        if len(boxes) != len(images):
            raise InputError(f'expected boxes for each of {len(images)} images, got {len(boxes)}.')
        inputs, owners = [], []
        for number, (image, of_image) in enumerate(zip(images, boxes)):
            image = read_image(image)
            for box in check_boxes(of_image, image):
                inputs.append(self._crop(image, box))
                owners.append((number, box))
        people: list[list[Person]] = [[] for _ in images]
        with self._lock, torch.no_grad():
            flip = self.flip_test if flip_test is None else flip_test
            self.network.test_cfg['flip_test'] = flip
            for start in range(0, len(inputs), batch_size):
                samples = self.network.test_step(pseudo_collate(inputs[start : start + batch_size]))
                for (number, box), sample in zip(owners[start:], samples):
                    people[number].append(self._person(sample, box))
        return people

    def __getstate__(self) -> dict:
        return {name: value for name, value in vars(self).items() if name != '_lock'}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def stack_heatmaps(self, image: Image, box: np.ndarray | None = None) -> StackHeatmaps:
        """Return the heatmaps of every stack for one person, without flip test.

        Args:
            image: As for :meth:`predict`.
            box: (4,): x1, y1, x2, y2 in pixels; the whole image if None.

        Raises:
            FileNotFoundError: If there is no such file.
            InputError: If it is not an image, the box has no area, or the network predicts
                something else than a heatmap per joint.
        """
        image = read_image(image)
        box = check_boxes(None if box is None else np.asarray(box)[None], image)[0]
        item = self._crop(image, box)
        crop = np.ascontiguousarray(item['inputs'].numpy().transpose(1, 2, 0))
        batch = self.network.data_preprocessor(pseudo_collate([item]), False)
        with torch.no_grad():
            maps = self.network.head(self.network.extract_feat(batch['inputs']))
        maps = [maps] if isinstance(maps, torch.Tensor) else maps  # a head of MMPose with one stack
        if getattr(self.network.head, 'combined', False):
            maps = [stack[:, ::3] for stack in maps]  # the others are offsets
        if any(stack.ndim != 4 or stack.shape[1] != len(self.joints) for stack in maps):
            raise InputError(f'{type(self.network.head).__name__} predicts no heatmap per joint.')
        heatmaps = [stack[0].float().cpu().numpy() for stack in maps]
        return StackHeatmaps(crop, heatmaps, grid_of(self.network.head.decoder))

    def _crop(self, image: np.ndarray, box: np.ndarray) -> dict:
        return self._pipeline(pipeline_input(image, box, self.metainfo))

    def _person(self, sample: PoseDataSample, box: np.ndarray) -> Person:
        pred = sample.pred_instances
        if len(pred.keypoints[0]) != len(self.joints):
            raise InputError(
                f'the network finds {len(pred.keypoints[0])} joints, but its checkpoint or config '
                f'names {len(self.joints)}.'
            )
        return Person(
            keypoints=np.asarray(pred.keypoints[0]),
            scores=np.asarray(pred.keypoint_scores[0]),
            visible=np.asarray(pred.keypoints_visible[0]) >= 0.5 if self._signed else None,
            box=box,
        )


def read_image(image: Image, max_pixels: int | None = None) -> np.ndarray:
    """Read an image file, upright by its EXIF flag, or check an array: (H, W, 3), uint8, BGR.

    Args:
        image: The file, or the array.
        max_pixels: Largest width times height of a file; more is refused before it is decoded.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is not an image, or too large.
    """
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise InputError(
                f'expected an image (H, W, 3), uint8, BGR, got {image.shape}, {image.dtype}.'
            )
        return image
    if not isinstance(image, (str, Path)):
        raise InputError(f'expected the file of an image or an array, got {type(image).__name__}.')
    return read_picture(image, max_pixels)
