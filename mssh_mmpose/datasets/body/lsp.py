"""Leeds Sports Pose and its extended training set as MMPose datasets."""

import os.path as osp
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from ...errors import InputError
from ..converters.faults import check_images, joint_problems, raise_all
from ..converters.instance import joint_box, make_instance
from ..converters.lsp import (
    NUM_EXTENDED,
    NUM_IMAGES,
    SPLITS,
    read_lsp_joints,
    read_lspet_joints,
    read_numbers,
)
from ..lsp_meta import (
    LSP_AMONG_MPII,
    LSP_JOINTS,
    LSP_METAINFO,
    LSP_MIRROR,
    LSPET_METAINFO,
    lsp_joints,
)
from ..mpii_meta import MPII_METAINFO

EXCHANGED_SIDES = Path(__file__).with_name('lspet_exchanged_sides.txt')


@DATASETS.register_module()
class LSPDataset(BaseCocoStyleDataset):
    """LSP (Johnson & Everingham, BMVC 2010), read from ``images/`` and ``joints.mat``.

    2000 images of one annotated person, 14 joints, all labelled; 1-1000 are for training,
    1001-2000 for testing. ``keypoints_visible`` is (1, 14, 2): labelled (always 1) and visible (0
    where LSP's flag says occluded). See :func:`read_lsp_joints`.

    Paper: crops 'according to the annotated body position and scale' (5.1.3). Here: around the box
    of the joints, in training and testing, because LSP's files have neither position nor scale.

    Args:
        split: 'train' or 'test'.
        joints: 'lsp', or 'mpii' for MPII's 16 joints, of which pelvis and thorax are not labelled.
        ann_file: The official ``joints.mat``, below ``data_root``.
        data_prefix: Where the images are, below ``data_root``.
        kwargs: Arguments of MMPose's ``BaseCocoStyleDataset``.

    Raises:
        InputError: For an unknown split or ``joints``, a file that is not LSP's, or faulty joints.
        FileNotFoundError: If ``joints.mat`` or images are not there.
    """

    METAINFO: dict = LSP_METAINFO

    def __init__(
        self,
        split: str = 'train',
        joints: str = 'lsp',
        ann_file: str = 'joints.mat',
        data_prefix: dict = dict(img='images/'),
        **kwargs,
    ):
        if split not in SPLITS:
            raise InputError(f'split of LSPDataset must be one of {list(SPLITS)}, got {split!r}.')
        self.split = split
        kwargs = _use_joints(joints, self.METAINFO, kwargs)
        super().__init__(ann_file=ann_file, data_prefix=data_prefix, **kwargs)

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Return one instance and one image entry for each image of the split."""
        names = [f'im{number:04d}.jpg' for number in range(1, NUM_IMAGES + 1)]
        _check_files(self, names)
        keypoints, occluded = read_lsp_joints(self.ann_file)
        labelled = np.ones_like(occluded)
        return _make_entries(self, names, keypoints, labelled, ~occluded, SPLITS[self.split])


@DATASETS.register_module()
class LSPExtendedDataset(BaseCocoStyleDataset):
    """LSPET (Johnson & Everingham, CVPR 2011), read from ``images/`` and ``joints.mat``.

    10000 images of one annotated person in LSP's 14 joints, some of them unlabelled; for training
    only, because the labels are from a crowd. ``keypoints_visible`` is (1, 14), labelled: which
    joints are occluded is not known, so codecs of occlusion refuse this set. People are located as
    in :class:`LSPDataset`. See :func:`read_lspet_joints`.

    Args:
        joints: As in :class:`LSPDataset`.
        exchanged_sides: Images whose left and right labels are exchanged, and are exchanged back:
            a file of their numbers, one per line, as ``tools/find_exchanged_sides.py`` writes it,
            or ``'listed'`` for the file of this package, which that tool wrote.
        ann_file: The official ``joints.mat``, below ``data_root``.
        data_prefix: Where the images are, below ``data_root``.
        kwargs: Arguments of MMPose's ``BaseCocoStyleDataset``.

    Raises:
        InputError: For a file that is not LSPET's, faulty joints, or a file of something else than
            numbers of images.
        FileNotFoundError: If ``joints.mat``, images or the file of numbers are not there.
    """

    METAINFO: dict = LSPET_METAINFO

    def __init__(
        self,
        joints: str = 'lsp',
        exchanged_sides: str | None = None,
        ann_file: str = 'joints.mat',
        data_prefix: dict = dict(img='images/'),
        **kwargs,
    ):
        self.exchanged_sides = exchanged_sides
        kwargs = _use_joints(joints, self.METAINFO, kwargs)
        super().__init__(ann_file=ann_file, data_prefix=data_prefix, **kwargs)

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Return one instance and one image entry for each image."""
        names = [f'im{number:05d}.jpg' for number in range(1, NUM_EXTENDED + 1)]
        _check_files(self, names)
        keypoints, labelled = read_lspet_joints(self.ann_file)
        if self.exchanged_sides is not None:
            listed = self.exchanged_sides == 'listed'
            path = EXCHANGED_SIDES if listed else self.exchanged_sides
            wrong = read_numbers(str(path), NUM_EXTENDED) - 1
            for values in (keypoints, labelled):
                values[wrong] = values[wrong][:, LSP_MIRROR]
        return _make_entries(self, names, keypoints, labelled, None, range(1, NUM_EXTENDED + 1))


def _use_joints(joints: str, own: dict, kwargs: dict) -> dict:
    """Describe MPII's joints in the data set's ``metainfo`` if they are asked for.

    The set keeps its name, by which MMPose's ``MultiDatasetEvaluator`` tells sets apart.
    """
    if lsp_joints(joints) == LSP_JOINTS:
        return kwargs
    names = {key: own[key] for key in ('dataset_name', 'paper_info')}
    return {'metainfo': {**MPII_METAINFO, **names}, **kwargs}


def _check_files(dataset: BaseCocoStyleDataset, names: Sequence[str]) -> None:
    if not osp.isfile(dataset.ann_file):
        raise FileNotFoundError(
            f'{dataset.ann_file} is missing: data_root must hold joints.mat and images/ of '
            f'{dataset.metainfo["dataset_name"].upper()}.'
        )
    check_images(dataset.data_prefix['img'], names, complete=True)


def _make_entries(
    dataset: BaseCocoStyleDataset,
    names: Sequence[str],
    keypoints: np.ndarray,
    labelled: np.ndarray,
    visible: np.ndarray | None,
    numbers: Sequence[int],
) -> tuple[list[dict], list[dict]]:
    """Make one instance and one image entry for each image number, from all images' arrays."""
    raise_all(dataset.ann_file, list(joint_problems(keypoints, labelled, LSP_JOINTS, names)))
    numbers = [n for n in numbers if n % dataset.sample_interval == 0]
    boxes = {n: joint_box(keypoints[n - 1], labelled[n - 1]) for n in numbers}
    arrays = [keypoints, labelled, visible]
    if dataset.metainfo['num_keypoints'] == len(LSP_AMONG_MPII):
        arrays = [None if each is None else _among_mpii(each) for each in arrays]
    instances = [
        make_instance(
            number,
            osp.join(dataset.data_prefix['img'], names[number - 1]),
            *(None if each is None else each[number - 1] for each in arrays),
            boxes[number],
        )
        for number in numbers
    ]
    images = [{key: item[key] for key in ('img_id', 'img_path')} for item in instances]
    return instances, images


def _among_mpii(values: np.ndarray) -> np.ndarray:
    """Turn values (N, 14, ...) of LSP's joints into those of MPII's (N, 16, ...), others 0."""
    found = np.zeros((len(values), len(LSP_AMONG_MPII), *values.shape[2:]), values.dtype)
    found[:, [LSP_AMONG_MPII.index(joint) for joint in LSP_JOINTS]] = values
    return found
