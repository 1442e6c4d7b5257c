"""MMEngine metrics: thin adapters of the pure functions in this folder."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from ..datasets.flags import read_flags
from ..datasets.lsp_meta import LSP_GROUPS, LSP_JOINTS, lsp_joints
from ..datasets.mpii_meta import MPII_GROUPS, MPII_JOINTS, MPII_SCORED, counts_from_one
from ..errors import InputError
from .keypoint_metric import Errors, KeypointMetric, People, keypoint_errors
from .occlusion import baseline_scores, occlusion_scores
from .pck import box_sides, distances, summarize
from .pcp import lsp_sticks, stick_ends, stick_errors, stick_flags


def _columns(groups: dict[str, Sequence[str]], joints: Sequence[str]) -> dict[str, Sequence[int]]:
    return {name: [joints.index(joint) for joint in group] for name, group in groups.items()}


@METRICS.register_module()
class PCKhAccuracy(KeypointMetric):
    """PCKh on MPII: errors relative to 0.6 of the head box's diagonal.

    Reports the columns of the paper's Table 1 ('Head' is only the head top, as in the usual
    validation script, see docs/metrics.md), and the total over 14 joints, which leaves out pelvis
    and thorax, in percent. Coordinates are 0-based on both sides (:class:`MPIIOcclusionDataset`):
    nothing is shifted.

    Args:
        thresholds: Shares of the head size.
        kwargs: Arguments of MMEngine's ``BaseMetric``.

    Raises:
        InputError: If the data set has no head sizes, or is MMPose's ``MpiiDataset``, whose
            keypoints count pixels from 1.
    """

    default_prefix = 'mpii'
    name, joints = 'PCKh', MPII_JOINTS
    groups = _columns(MPII_GROUPS, MPII_JOINTS)
    scored = [MPII_JOINTS.index(joint) for joint in MPII_SCORED]

    def __init__(self, thresholds: Sequence[float] = (0.5, 0.1), **kwargs):
        super().__init__(thresholds, **kwargs)

    @property
    def dataset_meta(self) -> dict | None:
        """MMPose's description of the data set, set when a validation or test loop is built."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, metainfo: dict) -> None:
        if counts_from_one(metainfo):
            raise InputError(
                "PCKhAccuracy counts pixels from 0, MMPose's MpiiDataset from 1: every score would "
                'be one pixel off. Use MPIIOcclusionDataset, which reads the same files, or '
                "MMPose's MpiiPCKAccuracy."
            )
        self._dataset_meta = metainfo

    def errors(self, people: People) -> Errors:
        """Distances over head sizes (N, 16)."""
        counted = people.labelled.any(axis=1)
        if np.isnan(people.head_sizes[counted]).any():
            raise InputError(
                'PCKhAccuracy needs head_size from the data set: set headbox_file of '
                'MPIIOcclusionDataset to the mpii_gt_val.mat of the annotations.'
            )
        return keypoint_errors(people, people.head_sizes, counted, 'the head size')


@METRICS.register_module()
class LSPPCKAccuracy(KeypointMetric):
    """PCK on LSP by eq. 7: errors relative to |left hip - right shoulder|.

    Reports the columns of the paper's Table 2, and the total over all 14 joints, in percent.
    People with an unlabelled torso joint do not count; with the box, people with fewer than two
    labelled joints do not.

    Paper: eq. 7 divides by the torso, the text before it by the longest side of the box around the
    true joints, which is two to three times as long. Here: the torso, because Table 2 compares with
    methods that use it; the box is an option, whose scores are called ``PCK-box``.

    Args:
        thresholds: Shares of the reference length.
        reference: 'torso' or 'box'.
        torso: The two joints between which the torso is measured. Public code also uses
            ('left_shoulder', 'right_hip').
        joints: Joints of data set and network, as in :class:`LSPDataset`.
        kwargs: Arguments of MMEngine's ``BaseMetric``.

    Raises:
        InputError: If ``torso`` is not two different joints of LSP, or for an unknown
            ``reference`` or ``joints``.
    """

    default_prefix = 'lsp'
    name, joints = 'PCK', LSP_JOINTS
    groups = _columns(LSP_GROUPS, LSP_JOINTS)
    scored = range(len(LSP_JOINTS))

    def __init__(
        self,
        thresholds: Sequence[float] = (0.2,),
        torso: Sequence[str] = ('left_hip', 'right_shoulder'),
        joints: str = 'lsp',
        reference: str = 'torso',
        **kwargs,
    ):
        super().__init__(thresholds, lsp_joints(joints), **kwargs)
        if len(set(torso)) != 2 or not set(torso) <= set(LSP_JOINTS):
            raise InputError(f'torso must be two of {list(LSP_JOINTS)}, got {list(torso)}.')
        if reference not in ('torso', 'box'):
            raise InputError(f"reference must be 'torso' or 'box', got {reference!r}.")
        if reference == 'box':
            self.name = 'PCK-box'
        self.reference = reference
        self.torso = [LSP_JOINTS.index(joint) for joint in torso]

    def errors(self, people: People) -> Errors:
        """Distances over reference lengths (N, 14)."""
        if self.reference == 'box':
            known = people.labelled.sum(axis=1) > 1
            sides = box_sides(people.target, people.labelled)
            return keypoint_errors(people, sides, known, 'the box around the joints')
        a, b = self.torso
        torso = distances(people.target[:, a], people.target[:, b])
        known = people.labelled[:, self.torso].all(axis=1)
        return keypoint_errors(people, torso, known, 'the torso')


@METRICS.register_module()
class PCPAccuracy(KeypointMetric):
    """PCP on LSP, 10 sticks: errors of their ends relative to their length.

    Reports the columns of the paper's Table 3 and the total, strict (both ends) as ``PCP`` and by
    the mean of the ends as ``PCP-mean``, in percent. A stick with a joint that is not labelled
    does not count; it is visible if all its joints are. See :func:`stick_errors`.

    Args:
        thresholds: Shares of a stick's length.
        torso_top: 'neck' or 'shoulders', see :func:`lsp_sticks`.
        joints: Joints of data set and network, as in :class:`LSPDataset`.
        kwargs: Arguments of MMEngine's ``BaseMetric``.

    Raises:
        InputError: For another ``torso_top`` or ``joints``.
    """

    default_prefix = 'lsp'
    name, joints = 'PCP', LSP_JOINTS

    def __init__(
        self,
        thresholds: Sequence[float] = (0.5,),
        torso_top: str = 'neck',
        joints: str = 'lsp',
        **kwargs,
    ):
        super().__init__(thresholds, lsp_joints(joints), **kwargs)
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

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return the strict scores and those by the mean of the ends."""
        errors = self.errors(self.stack(results), strict=False)
        mean = summarize('PCP-mean', *errors, self.groups, self.scored, self.thresholds)
        return {**super().compute_metrics(results), **mean}


@METRICS.register_module()
class OcclusionAccuracy(BaseMetric):
    """Precision, recall and F1 of 'occluded' over the labelled joints, in percent.

    Needs predictions with ``keypoints_visible`` (:class:`SignedHeatmap`; at least 1/2 means
    visible) and a data set whose ``keypoints_visible`` is labelled and visible. Also logs the F1 of
    guessing. See :func:`occlusion_scores`.
    """

    default_prefix = 'occlusion'

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep predicted and true visibility (labelled, visible) of one person each.

        Raises:
            InputError: If the data set has no occlusion flags, or the network predicts none.
        """
        for sample in data_samples:
            pred = sample['pred_instances']
            if are_scores(pred['keypoints_visible'], pred.get('keypoint_scores')):
                raise InputError(
                    'OcclusionAccuracy needs a network that predicts occlusion (SignedHeatmap); '
                    'the keypoints_visible of this one are only the scores of its joints.'
                )
            shape = np.shape(sample['gt_instances']['keypoints_visible'])
            flags = read_flags(sample['gt_instances']['keypoints_visible'][0])
            if flags.visible is None:
                raise InputError(
                    'OcclusionAccuracy needs keypoints_visible of shape (1, K, 2), labelled and '
                    f'visible, from the data set, got {shape}.'
                )
            visible = np.asarray(pred['keypoints_visible'][0]) >= 0.5
            self.results.append((visible, flags.labelled, flags.occluded))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return ``precision``, ``recall`` and ``F1`` of 'occluded'; nan if there is nobody."""
        if not results:
            MMLogger.get_current_instance().warning('OcclusionAccuracy: nobody to score.')
            return dict.fromkeys(('precision', 'recall', 'F1'), float('nan'))
        visible, labelled, occluded = (np.stack(arrays) for arrays in zip(*results))
        guesses = baseline_scores(occluded, labelled)
        MMLogger.get_current_instance().info(
            'F1 of guessing occlusion: '
            + ', '.join(f'{name} {score:.1f}' for name, score in guesses.items())
        )
        return occlusion_scores(~visible, occluded, labelled)


def are_scores(visible: np.ndarray, scores: np.ndarray | None) -> bool:
    """Whether predicted ``keypoints_visible`` are only a copy of the joints' scores.

    >>> are_scores([[0.3, 0.9]], [[0.3, 0.9]]), are_scores([[0, 1]], [[0, 1]])
    (True, False)
    """
    visible = np.asarray(visible)
    return np.array_equal(visible, scores) and not np.isin(visible, (0, 1)).all()
