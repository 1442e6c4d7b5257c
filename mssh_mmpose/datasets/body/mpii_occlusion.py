"""MPII Human Pose with occlusion flags and 0-based keypoints."""

import os.path as osp

import numpy as np
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from ...errors import InputError
from ..converters.faults import check_images, joint_problems, raise_all
from ..converters.instance import make_instance
from ..converters.mpii_ground_truth import read_mpii_ground_truth
from ..converters.mpii_json import read_mpii_json
from ..mpii_meta import MPII_JOINTS, MPII_METAINFO


@DATASETS.register_module()
class MPIIOcclusionDataset(BaseCocoStyleDataset):
    """MPII (Andriluka et al., CVPR 2014), 16 joints, from MMPose's JSON or that of our converter.

    ``keypoints_visible`` is (1, 16, 2), labelled and visible, with the JSON of
    ``tools/convert_mpii.py``; (1, 16), labelled, with a JSON without occlusion.

    MMPose's ``MpiiDataset`` leaves the keypoints as MATLAB counts them, from 1, while its crops
    count from 0, and ``MpiiPCKAccuracy`` adds 1 to every prediction: a network that learnt its
    targets is scored 1 px off in y (in x flipped training images average it out). Here keypoints
    and crops are 0-based, for :class:`PCKhAccuracy`, which adds nothing. One pixel hardly counts
    at PCKh@0.5 but does at 0.1, see docs/metrics.md. Other differences: the head boxes' file is
    below ``data_root``, may be used in training, and must have as many people as the JSON; in
    testing, people without a labelled joint stay, so that the test set can be predicted.

    Args:
        ann_file: JSON, below ``data_root``.
        headbox_file: ``mpii_gt_val.mat``, below ``data_root``, in the order of the JSON; gives
            ``head_size`` (1, 1) in pixels, which PCKh needs.
        leave_out: Name of an entry of the JSON, true for people to leave out of training, such as
            ``near_duplicate_in_val``, or of testing; None keeps all.
        data_prefix: Where the images are, below ``data_root``.
        kwargs: Arguments of MMPose's ``BaseCocoStyleDataset``.

    Raises:
        InputError: For a file that is not MPII's, faulty joints or boxes, or head boxes of another
            number of people.
        FileNotFoundError: If a file or an image is not there.
    """

    METAINFO: dict = MPII_METAINFO

    def __init__(
        self,
        ann_file: str = '',
        headbox_file: str | None = None,
        leave_out: str | None = None,
        data_prefix: dict = dict(img='images/'),
        **kwargs,
    ):
        self.headbox_file = headbox_file
        self.leave_out = leave_out
        super().__init__(ann_file=ann_file, data_prefix=data_prefix, **kwargs)

    def _join_prefix(self) -> None:
        super()._join_prefix()
        if self.headbox_file and self.data_root:
            self.headbox_file = osp.join(self.data_root, self.headbox_file)

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Return one instance for each person and one entry for each image."""
        for path in filter(None, (self.ann_file, self.headbox_file)):
            if not osp.isfile(path):
                raise FileNotFoundError(f'{path} is missing; see docs/data.md.')
        people = read_mpii_json(self.ann_file, self.leave_out)
        images = list(dict.fromkeys(people.images))
        check_images(self.data_prefix['img'], images)
        names = [f'person {n} ({image})' for n, image in zip(people.places, people.images)]
        problems = joint_problems(
            people.keypoints, people.labelled, MPII_JOINTS, names, people.boxes
        )
        raise_all(self.ann_file, list(problems))
        if not (self.test_mode or people.labelled.any()):
            raise InputError(
                f'{self.ann_file}: no joint of {names[0]}, or of the {len(names) - 1} others, is '
                'labelled: nobody to train on.'
            )
        heads = self._head_sizes(people.count)
        numbers = {image: number for number, image in enumerate(images)}
        instances = [
            make_instance(
                place,
                osp.join(self.data_prefix['img'], image),
                people.keypoints[number],
                people.labelled[number],
                None if people.visible is None else people.visible[number],
                people.boxes[number],
                img_id=numbers[image],
                **({} if heads is None else {'head_size': heads[place].reshape(1, 1)}),
            )
            for number, (place, image) in enumerate(zip(people.places.tolist(), people.images))
        ]
        instances = [item for item in instances if item['img_id'] % self.sample_interval == 0]
        entries = {item['img_id']: item['img_path'] for item in instances}
        return instances, [dict(img_id=key, img_path=path) for key, path in entries.items()]

    def _get_topdown_data_infos(self, instance_list: list[dict]) -> list[dict]:
        """In testing, keep people without joints: MPII's test set has no joints."""
        return instance_list if self.test_mode else super()._get_topdown_data_infos(instance_list)

    def _head_sizes(self, count: int) -> np.ndarray | None:
        """Return the head sizes (N,) of the file's ``count`` people in pixels."""
        if not self.headbox_file:
            return None
        sizes = read_mpii_ground_truth(self.headbox_file).head_sizes
        if len(sizes) != count:
            raise InputError(
                f'{self.headbox_file} has the head boxes of {len(sizes)} people, {self.ann_file} '
                f'has {count} people: expected the files of one split.'
            )
        return sizes
