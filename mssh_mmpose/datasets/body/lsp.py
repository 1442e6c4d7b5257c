"""Leeds Sports Pose as an MMPose dataset."""

import os.path as osp
from typing import List, Tuple

import numpy as np
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from ..converters.boxes import joint_box
from ..converters.lsp import SPLITS, read_lsp_joints
from .lsp_meta import LSP_METAINFO


@DATASETS.register_module()
class LSPDataset(BaseCocoStyleDataset):
    """LSP (Johnson & Everingham, BMVC 2010), read from ``images/`` and ``joints.mat``.

    2000 images of one annotated person, 14 joints, all labelled; 1-1000 are for training,
    1001-2000 for testing. ``keypoints_visible`` is (1, 14, 2): labelled (always 1) and, beside it,
    visible (0 where LSP's flag says occluded), so that flips keep the two together.

    Paper: how a person is located in the image is not said. Here: by the box around the joints,
    in training and testing, because that is MMPose's evaluation with ground-truth boxes.

    Args:
        split: 'train' or 'test'.
        ann_file: The official ``joints.mat``, below ``data_root``.
        data_prefix: Where the images are, below ``data_root``.
        kwargs: Arguments of MMPose's ``BaseCocoStyleDataset``.

    Raises:
        ValueError: For an unknown split or a file that is not LSP's.
        FileNotFoundError: If ``joints.mat`` or the images are not there.
    """

    METAINFO: dict = LSP_METAINFO

    def __init__(
        self,
        split: str = 'train',
        ann_file: str = 'joints.mat',
        data_prefix: dict = dict(img='images/'),
        **kwargs,
    ):
        if split not in SPLITS:
            raise ValueError(f'split of LSPDataset must be one of {list(SPLITS)}, got {split!r}.')
        self.split = split
        super().__init__(ann_file=ann_file, data_prefix=data_prefix, **kwargs)

    def _load_annotations(self) -> Tuple[List[dict], List[dict]]:
        """Give one instance and one image entry for each image of the split."""
        for path in (self.ann_file, self.data_prefix['img']):
            if not osp.exists(path):
                raise FileNotFoundError(
                    f"{path} is missing: data_root must hold LSP's joints.mat and images/."
                )
        keypoints, occluded = read_lsp_joints(self.ann_file)
        instances = [
            self._make_instance(number, keypoints[number - 1], occluded[number - 1])
            for number in SPLITS[self.split]
        ]
        images = [{key: item[key] for key in ('img_id', 'img_path')} for item in instances]
        return instances, images

    def _make_instance(self, number: int, keypoints: np.ndarray, occluded: np.ndarray) -> dict:
        labelled = np.ones_like(occluded)
        x1, y1, x2, y2 = box = joint_box(keypoints, labelled)
        return dict(
            id=number,
            img_id=number,
            img_path=osp.join(self.data_prefix['img'], f'im{number:04d}.jpg'),
            category_id=1,
            bbox=box[None],
            bbox_score=np.ones(1, dtype=np.float32),
            area=np.array((x2 - x1) * (y2 - y1), dtype=np.float32),
            num_keypoints=int(labelled.sum()),
            keypoints=keypoints[None],
            keypoints_visible=np.stack([labelled, ~occluded], axis=-1)[None].astype(np.float32),
        )
