"""MMEngine metrics: thin adapters of the pure functions beside this file."""

from typing import Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from ..datasets.body.lsp_meta import LSP_GROUPS, LSP_JOINTS
from ..datasets.body.mpii_meta import MPII_GROUPS, MPII_JOINTS, MPII_SCORED
from .occlusion import baseline_scores, occlusion_scores
from .pck import AUC_LIMIT, accuracy_curve, distances, relative_errors, summarize
from .pcp import lsp_sticks, stick_ends, stick_errors, stick_flags

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
    visible: Optional[np.ndarray]
    head_sizes: np.ndarray
    names: Sequence[str]


class Errors(NamedTuple):
    """Relative errors (N, S) of keypoints or sticks, which of them count, and are visible."""

    values: np.ndarray
    labelled: np.ndarray
    visible: Optional[np.ndarray]


class KeypointMetric(BaseMetric):
    """What the metrics of relative errors share: they differ in :meth:`errors`.

    A prediction that is not finite is wrong, and counted in ``<name> invalid predictions``.

    Args:
        thresholds: Shares of the reference length.
        kwargs: Arguments of MMEngine's ``BaseMetric``.

    Raises:
        ValueError: If there is no threshold, or one is not positive.
    """

    name: str
    joints: Tuple[str, ...]
    groups: Dict[str, Sequence[int]]
    scored: Sequence[int]

    def __init__(self, thresholds: Sequence[float], **kwargs):
        super().__init__(**kwargs)
        if not thresholds or min(thresholds) <= 0:
            raise ValueError(
                f'thresholds of {type(self).__name__} must be positive shares of the reference '
                f'length, got {thresholds}.'
            )
        self.thresholds = tuple(thresholds)

    def errors(self, people: People) -> Errors:
        """Give the relative errors."""
        raise NotImplementedError

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep prediction, truth and visibility of one person each.

        Raises:
            ValueError: If the keypoints are not those of the metric's data set.
        """
        for sample in data_samples:
            truth = sample['gt_instances']
            pred, target = sample['pred_instances']['keypoints'][0], truth['keypoints'][0]
            shape = (len(self.joints), 2)
            if np.shape(pred) != shape or np.shape(target) != shape:
                raise ValueError(
                    f'{type(self).__name__} needs keypoints of shape {shape}, got predictions '
                    f'{np.shape(pred)} and truth {np.shape(target)}.'
                )
            flags = np.reshape(np.asarray(truth['keypoints_visible'][0]) > 0, (shape[0], -1))
            head_size = float(np.ravel(truth['head_size'])[0]) if 'head_size' in truth else np.nan
            name = f'person {sample.get("id")} of {sample.get("img_path")}'
            self.results.append((pred, target, flags, head_size, name))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Give the scores of :func:`summarize` and the number of invalid predictions."""
        if not results:
            MMLogger.get_current_instance().warning(f'{type(self).__name__}: nobody to score.')
        people = self._stack(results)
        errors = self.errors(people)
        scores = summarize(self.name, *errors, self.groups, self.scored, self.thresholds)
        invalid = ~np.isfinite(people.pred).all(axis=-1) & people.labelled
        scores[f'{self.name} invalid predictions'] = int(invalid.sum())
        return scores

    def curve(self) -> np.ndarray:
        """Total in percent at each of ``CURVE_THRESHOLDS``, of what was processed so far."""
        errors = self.errors(self._stack(self.results))
        scored = list(self.scored)
        return accuracy_curve(
            errors.values[:, scored], errors.labelled[:, scored], CURVE_THRESHOLDS
        )

    def _stack(self, results: list) -> People:
        keypoints = len(self.joints)
        pred, target, flags, head_sizes, names = zip(*results) if results else [()] * 5
        occlusion_known = all(each.shape[1] == 2 for each in flags)
        flags = [each if occlusion_known else each[:, :1] for each in flags]
        flags = np.reshape(flags, (len(results), keypoints, 2 if occlusion_known else 1))
        flags = flags.astype(bool)
        return People(
            np.reshape(pred, (-1, keypoints, 2)).astype(np.float64),
            np.reshape(target, (-1, keypoints, 2)).astype(np.float64),
            flags[..., 0],
            flags[..., 1] if occlusion_known else None,
            np.array(head_sizes, dtype=np.float64),
            names,
        )


def _columns(groups: Dict[str, Sequence[str]], joints: Sequence[str]) -> Dict[str, Sequence[int]]:
    return {name: [joints.index(joint) for joint in group] for name, group in groups.items()}


def _check_reference(reference: np.ndarray, counted: np.ndarray, people: People, what: str) -> None:
    """Raise ValueError, naming the first person whose reference length is not positive."""
    for n in np.flatnonzero(counted & ~(reference > 0)):
        raise ValueError(f'{what} of {people.names[n]} is {reference[n]} px, expected more than 0.')


def _keypoint_errors(people: People, reference: np.ndarray, known: np.ndarray, what: str) -> Errors:
    """Errors of keypoints; people whose reference length is not ``known`` (N,) do not count."""
    labelled = people.labelled & known[:, None]
    _check_reference(reference, labelled.any(axis=1), people, what)
    # The others' errors have no unit and are not counted.
    reference = np.where(labelled.any(axis=1), reference, 1.0)
    values = relative_errors(people.pred, people.target, reference)
    return Errors(values, labelled, people.visible)


@METRICS.register_module()
class PCKhAccuracy(KeypointMetric):
    """PCKh on MPII: errors relative to 0.6 of the head box's diagonal.

    Reports the columns of the paper's Table 1 ('Head' is the head top alone, as in MPII's own
    evaluation), and the total over 14 joints, which leaves out pelvis and thorax, in percent.
    Coordinates are 0-based on both sides (:class:`MPIIOcclusionDataset`): nothing is shifted.

    Args:
        thresholds: Shares of the head size.
        kwargs: Arguments of MMEngine's ``BaseMetric``.

    Raises:
        ValueError: If the data set gives no head sizes.
    """

    default_prefix = 'mpii'
    name, joints = 'PCKh', MPII_JOINTS
    groups = _columns(MPII_GROUPS, MPII_JOINTS)
    scored = [MPII_JOINTS.index(joint) for joint in MPII_SCORED]

    def __init__(self, thresholds: Sequence[float] = (0.5, 0.1), **kwargs):
        super().__init__(thresholds, **kwargs)

    def errors(self, people: People) -> Errors:
        """Distances over head sizes (N, 16)."""
        counted = people.labelled.any(axis=1)
        if np.isnan(people.head_sizes[counted]).any():
            raise ValueError(
                'PCKhAccuracy needs head_size from the data set: set headbox_file of '
                'MPIIOcclusionDataset to the mpii_gt_val.mat of the annotations.'
            )
        return _keypoint_errors(people, people.head_sizes, counted, 'the head size')


@METRICS.register_module()
class LSPPCKAccuracy(KeypointMetric):
    """PCK on LSP by eq. 7: errors relative to |left hip - right shoulder|.

    Reports the columns of the paper's Table 2, and the total over all 14 joints, in percent.
    People one of whose two torso joints is not labelled do not count.

    Args:
        thresholds: Shares of the torso.
        torso: The two joints between which the torso is measured. Public code also uses
            ('left_shoulder', 'right_hip').
        kwargs: Arguments of MMEngine's ``BaseMetric``.

    Raises:
        ValueError: If ``torso`` is not two different joints of LSP.
    """

    default_prefix = 'lsp'
    name, joints = 'PCK', LSP_JOINTS
    groups = _columns(LSP_GROUPS, LSP_JOINTS)
    scored = range(len(LSP_JOINTS))

    def __init__(
        self,
        thresholds: Sequence[float] = (0.2,),
        torso: Sequence[str] = ('left_hip', 'right_shoulder'),
        **kwargs,
    ):
        super().__init__(thresholds, **kwargs)
        if len(set(torso)) != 2 or not set(torso) <= set(LSP_JOINTS):
            raise ValueError(f'torso must be two of {list(LSP_JOINTS)}, got {list(torso)}.')
        self.torso = [LSP_JOINTS.index(joint) for joint in torso]

    def errors(self, people: People) -> Errors:
        """Distances over torsos (N, 14)."""
        a, b = self.torso
        torso = distances(people.target[:, a], people.target[:, b])
        known = people.labelled[:, self.torso].all(axis=1)
        return _keypoint_errors(people, torso, known, 'the torso')


@METRICS.register_module()
class PCPAccuracy(KeypointMetric):
    """PCP on LSP, 10 sticks: errors of their ends relative to their length.

    Reports the columns of the paper's Table 3 and the total, strict (both ends) as ``PCP`` and by
    the mean of the ends as ``PCP-mean``, in percent. A stick with a joint that is not labelled
    does not count; it is visible if all its joints are. See :func:`stick_errors`.

    Args:
        thresholds: Shares of a stick's length.
        torso_top: 'neck' or 'shoulders', see :func:`lsp_sticks`.
        kwargs: Arguments of MMEngine's ``BaseMetric``.

    Raises:
        ValueError: For another ``torso_top``.
    """

    default_prefix = 'lsp'
    name, joints = 'PCP', LSP_JOINTS

    def __init__(self, thresholds: Sequence[float] = (0.5,), torso_top: str = 'neck', **kwargs):
        super().__init__(thresholds, **kwargs)
        sticks = lsp_sticks(torso_top)
        self.sticks = [stick for group in sticks.values() for stick in group]
        self.scored = range(len(self.sticks))
        numbers = iter(self.scored)
        self.groups = {name: [next(numbers) for _ in group] for name, group in sticks.items()}

    def errors(self, people: People, strict: bool = True) -> Errors:
        """Errors of the sticks (N, 10)."""
        pred, target = (stick_ends(each, self.sticks) for each in (people.pred, people.target))
        visible = people.visible
        return Errors(
            stick_errors(pred, target, strict),
            stick_flags(people.labelled, self.sticks),
            None if visible is None else stick_flags(visible, self.sticks),
        )

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Give the strict scores and those by the mean of the ends."""
        errors = self.errors(self._stack(results), strict=False)
        mean = summarize('PCP-mean', *errors, self.groups, self.scored, self.thresholds)
        return {**super().compute_metrics(results), **mean}


@METRICS.register_module()
class OcclusionAccuracy(BaseMetric):
    """Precision, recall and F1 of 'occluded' over the labelled joints, in percent.

    Needs predictions with ``keypoints_visible`` (:class:`SignedHeatmap`; at least 1/2 means
    visible) and a data set whose ``keypoints_visible`` is labelled and visible. Logs the F1 of
    guessing beside it. See :func:`occlusion_scores`.
    """

    default_prefix = 'occlusion'

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep predicted and true visibility (labelled, visible) of one person each.

        Raises:
            ValueError: If the data set has no occlusion flags.
        """
        for sample in data_samples:
            flags = np.asarray(sample['gt_instances']['keypoints_visible'][0])
            if flags.ndim != 2:
                raise ValueError(
                    'OcclusionAccuracy needs keypoints_visible of shape (1, K, 2), labelled and '
                    f'visible, from the data set, got (1, {len(flags)}).'
                )
            visible = np.asarray(sample['pred_instances']['keypoints_visible'][0]) >= 0.5
            self.results.append((visible, flags.astype(bool)))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Give ``precision``, ``recall`` and ``F1`` of 'occluded'; nan if there is nobody."""
        if not results:
            MMLogger.get_current_instance().warning('OcclusionAccuracy: nobody to score.')
            return dict.fromkeys(('precision', 'recall', 'F1'), float('nan'))
        visible, flags = (np.stack(arrays) for arrays in zip(*results))
        labelled, occluded = flags[..., 0], ~flags[..., 1]
        guesses = baseline_scores(occluded, labelled)
        MMLogger.get_current_instance().info(
            'F1 of guessing occlusion: '
            + ', '.join(f'{name} {score:.1f}' for name, score in guesses.items())
        )
        return occlusion_scores(~visible, occluded, labelled)
