"""``mpii_gt_val.mat``, the ground truth that PCKh evaluations of MPII share."""

import io
from typing import NamedTuple

import numpy as np
from scipy.io import savemat

from ...errors import InputError
from ...pictures import MAX_COORDINATE
from ..mpii_meta import MPII_JOINTS
from .faults import misplaced_joints, raise_all
from .mat import read_mat

HEAD_SIZE_FACTOR = 0.6
"""MPII's reference length is this share of the diagonal of the head box."""

# MPII's short joint names, in the order of MPII_JOINTS.
_SHORT_NAMES = (
    'rank',
    'rkne',
    'rhip',
    'lhip',
    'lkne',
    'lank',
    'pelv',
    'thor',
    'neck',
    'head',
    'rwri',
    'relb',
    'rsho',
    'lsho',
    'lelb',
    'lwri',
)


class MpiiGroundTruth(NamedTuple):
    """What the file says about N people.

    Attributes:
        keypoints: (N, 16, 2), pixels, the middle of the first pixel is (0, 0).
        labelled: (N, 16), bool.
        head_sizes: (N,), pixels: 0.6 of the head box's diagonal.
    """

    keypoints: np.ndarray
    labelled: np.ndarray
    head_sizes: np.ndarray


def read_mpii_ground_truth(path: str) -> MpiiGroundTruth:
    """Read the file; MATLAB's coordinates, which count from 1, become 0-based.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If an array is missing or has another shape, if the joints have other names, or
            if a joint or a head fits into no picture.
    """
    mat = read_mat(path)
    count = np.shape(mat.get('headboxes_src'))[-1:]
    num_joints = len(MPII_JOINTS)
    expected = {
        'pos_gt_src': (num_joints, 2, *count),
        'jnt_missing': (num_joints, *count),
        'headboxes_src': (2, 2, *count),
    }
    for name, shape in expected.items():
        found = np.shape(mat.get(name))
        if found != shape or not count:
            raise InputError(
                f'{path}: expected pos_gt_src (16, 2, N), jnt_missing (16, N) and headboxes_src '
                f'(2, 2, N) for one N, got {name} of shape {found}.'
            )
    names = [str(np.squeeze(name)) for name in np.ravel(mat.get('dataset_joints', []))]
    if names and tuple(names) != _SHORT_NAMES:
        raise InputError(f'{path}: expected the joints {list(_SHORT_NAMES)}, got {names}.')
    boxes = mat['headboxes_src'].astype(float)
    truth = MpiiGroundTruth(
        keypoints=np.moveaxis(mat['pos_gt_src'], -1, 0).astype(float) - 1,
        labelled=mat['jnt_missing'].T == 0,
        head_sizes=HEAD_SIZE_FACTOR * np.linalg.norm(boxes[1] - boxes[0], axis=0),
    )
    people = [f'person {n}' for n in range(len(truth.labelled))]
    problems = list(misplaced_joints(truth.keypoints, truth.labelled, MPII_JOINTS, people))
    for n in np.flatnonzero(~(truth.head_sizes <= MAX_COORDINATE)):
        problems.append(f'{people[n]}: the head is {truth.head_sizes[n]:g} px large')
    raise_all(path, problems)
    return truth


def mpii_ground_truth_bytes(
    joints: np.ndarray, labelled: np.ndarray, headboxes: np.ndarray
) -> bytes:
    """The file of N people; the same arrays give the same bytes.

    Args:
        joints: (N, 16, 2), pixels, 1-based as in the file.
        labelled: (N, 16).
        headboxes: (N, 2, 2): upper left and lower right corner, 1-based.
    """
    fields = dict(
        headboxes_src=headboxes, pos_gt_src=joints, jnt_missing=1 - np.asarray(labelled, int)
    )
    fields = {name: np.moveaxis(field.astype(float), 0, -1) for name, field in fields.items()}
    stream = io.BytesIO()
    savemat(stream, dict(dataset_joints=np.array([_SHORT_NAMES], dtype=object), **fields))
    # The header text holds the time of day; the file must depend on its content only.
    return b'MATLAB 5.0 MAT-file, '.ljust(116) + stream.getvalue()[116:]
