"""The base of the metrics of relative errors."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from ..datasets.flags import read_flags
from ..errors import InputError
from .pck import AUC_LIMIT, accuracy_curve, area_under_curve, relative_errors, summarize

CURVE_THRESHOLDS = np.linspace(0, AUC_LIMIT, 101)


class People(NamedTuple):
    """Predictions and truth of N people.

    Attributes:
        pred: (N, K, 2), pixels.
        target: (N, K, 2), pixels.
        labelled: (N, K), bool.
        visible: (N, K), bool, or None if the data set does not say what is occluded.
        head_sizes: (N,), pixels, nan where the data set has none.
        names: N descriptions.
    """

    pred: np.ndarray
    target: np.ndarray
    labelled: np.ndarray
    visible: np.ndarray | None
    head_sizes: np.ndarray
    names: Sequence[str]


class Errors(NamedTuple):
    """Relative errors (N, S) of keypoints or sticks, which of them count, and are visible."""

    values: np.ndarray
    labelled: np.ndarray
    visible: np.ndarray | None


class KeypointMetric(BaseMetric):
    """Base of the metrics of relative errors, which define :meth:`errors`.

    A prediction that is not finite is wrong, and counted in ``<name> invalid predictions``.

    Args:
        thresholds: Shares of the reference length.
        data_joints: Joints of the data set, among them the metric's; None if they are the same.
        kwargs: Arguments of MMEngine's ``BaseMetric``.

    Raises:
        InputError: If there is no threshold, or one is not positive.
    """

    name: str
    joints: tuple[str, ...]
    groups: dict[str, Sequence[int]]
    scored: Sequence[int]

    def __init__(
        self, thresholds: Sequence[float], data_joints: Sequence[str] | None = None, **kwargs
    ):
        super().__init__(**kwargs)
        if not thresholds or min(thresholds) <= 0:
            raise InputError(
                f'thresholds of {type(self).__name__} must be positive shares of the reference '
                f'length, got {thresholds}.'
            )
        self.thresholds = tuple(thresholds)
        self.data_joints = tuple(data_joints or self.joints)
        self._columns = [self.data_joints.index(joint) for joint in self.joints]

    def errors(self, people: People) -> Errors:
        """Return the relative errors."""
        raise NotImplementedError

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep prediction, truth and visibility of one person each.

        Raises:
            InputError: If the keypoints are not those of the metric's data set.
        """
        for sample in data_samples:
            truth = sample['gt_instances']
            pred, target = sample['pred_instances']['keypoints'][0], truth['keypoints'][0]
            shape = (len(self.data_joints), 2)
            if np.shape(pred) != shape or np.shape(target) != shape:
                raise InputError(
                    f'{type(self).__name__} needs keypoints of shape {shape}, got predictions '
                    f'{np.shape(pred)} and truth {np.shape(target)}.'
                )
            flags = read_flags(truth['keypoints_visible'][0])
            head_size = float(np.ravel(truth['head_size'])[0]) if 'head_size' in truth else np.nan
            name = f'person {sample.get("id")} of {sample.get("img_path")}'
            arrays = [
                None if each is None else np.asarray(each)[self._columns]
                for each in (pred, target, *flags)
            ]
            self.results.append((*arrays, head_size, name))

    def check_person(self, sample: dict) -> None:
        """Raise InputError if the metric could not score this person: a sample of the data set."""
        self.process([], [{**sample, 'pred_instances': sample['gt_instances']}])
        people = self.stack(self.results)
        self.results.clear()
        self.errors(people)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return the scores of :func:`summarize` and the number of invalid predictions."""
        if not results:
            MMLogger.get_current_instance().warning(f'{type(self).__name__}: nobody to score.')
        people = self.stack(results)
        errors = self.errors(people)
        scores = summarize(self.name, *errors, self.groups, self.scored, self.thresholds)
        invalid = ~np.isfinite(people.pred).all(axis=-1) & people.labelled
        scores[f'{self.name} invalid predictions'] = int(invalid.sum())
        return scores

    def curve(self) -> tuple[np.ndarray, float]:
        """Total in percent at each of ``CURVE_THRESHOLDS``, and the area under this curve.

        Over the people processed so far.
        """
        errors = self.errors(self.stack(self.results))
        scored = list(self.scored)
        values, labelled = errors.values[:, scored], errors.labelled[:, scored]
        curve = accuracy_curve(values, labelled, CURVE_THRESHOLDS)
        return curve, area_under_curve(values, labelled)

    def stack(self, results: list) -> People:
        """Put the results of :meth:`process` into arrays."""
        keypoints = len(self.joints)
        columns = zip(*results) if results else [()] * 6
        pred, target, labelled, visible, head_sizes, names = columns
        occlusion_known = all(each is not None for each in visible)
        return People(
            np.reshape(pred, (-1, keypoints, 2)).astype(np.float64),
            np.reshape(target, (-1, keypoints, 2)).astype(np.float64),
            np.reshape(labelled, (-1, keypoints)).astype(bool),
            np.reshape(visible, (-1, keypoints)).astype(bool) if occlusion_known else None,
            np.array(head_sizes, dtype=np.float64),
            names,
        )


def _check_reference(reference: np.ndarray, counted: np.ndarray, people: People, what: str) -> None:
    """Raise InputError, naming the first person whose reference length is not positive."""
    for n in np.flatnonzero(counted & ~(reference > 0)):
        raise InputError(f'{what} of {people.names[n]} is {reference[n]} px, expected more than 0.')


def keypoint_errors(people: People, reference: np.ndarray, known: np.ndarray, what: str) -> Errors:
    """Errors of keypoints; people whose reference length is not ``known`` (N,) do not count."""
    labelled = people.labelled & known[:, None]
    _check_reference(reference, labelled.any(axis=1), people, what)
    # The others' errors have no unit and are not counted.
    reference = np.where(labelled.any(axis=1), reference, 1.0)
    values = relative_errors(people.pred, people.target, reference)
    return Errors(values, labelled, people.visible)
