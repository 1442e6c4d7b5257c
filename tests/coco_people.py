"""Synthetic people as COCO writes them, for tests of data sets of that form."""

import json
from pathlib import Path

import cv2
import numpy as np

from mssh_mmpose.datasets.mpii_meta import MPII_INDEX
from mssh_mmpose.datasets.synthetic import write_dataset

COCO_JOINTS = [
    'nose',
    *(
        f'{side}_{part}'
        for part in ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
        for side in ('left', 'right')
    ),
]


def write_coco(root: Path, num_train: int, num_val: int, joints: list[str] = COCO_JOINTS) -> None:
    """Write ``images/`` and ``annotations/{train,val,detections}.json`` below ``root``.

    Joints that MPII has too are labelled, the others are not. Detections are the boxes of the
    validation people.
    """
    write_dataset(root, num_train, num_val)
    folder = root / 'annotations'
    for split in ('train', 'val'):
        people = json.loads((folder / f'mpii_{split}.json').read_text())
        coco = coco_file(root, people, joints)
        (folder / f'{split}.json').write_text(json.dumps(coco))
    detections = [
        dict(image_id=person['image_id'], category_id=1, bbox=person['bbox'], score=0.9)
        for person in coco['annotations']
    ]
    (folder / 'detections.json').write_text(json.dumps(detections))


def coco_file(root: Path, people: list[dict], joints: list[str]) -> dict:
    """Contents of a COCO file about people of MPII's JSON, whose coordinates count from 1."""
    images, annotations = [], []
    for number, person in enumerate(people, 1):
        height, width = cv2.imread(str(root / 'images' / person['image'])).shape[:2]
        images.append(dict(id=number, file_name=person['image'], height=height, width=width))
        points = np.array(person['joints']) - 1
        low, high = points.min(axis=0), points.max(axis=0)
        keypoints = [
            [*points[MPII_INDEX[joint]], 2] if joint in MPII_INDEX else [0, 0, 0]
            for joint in joints
        ]
        annotations.append(
            dict(
                id=number,
                image_id=number,
                category_id=1,
                iscrowd=0,
                bbox=[*low, *(high - low)],
                area=float(np.prod(high - low)),
                num_keypoints=sum(flag > 0 for _, _, flag in keypoints),
                keypoints=np.ravel(keypoints).tolist(),
            )
        )
    category = dict(id=1, name='person', keypoints=list(joints), skeleton=[])
    return dict(images=images, annotations=annotations, categories=[category])
