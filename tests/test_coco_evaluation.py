"""COCO's evaluation in this environment, compared with xtcocotools 1.14.3 and its C code."""

import json

import mmcv_ext
import numpy as np
import pytest
import torch
from torchvision.ops import boxes as torchvision_boxes
from xtcocotools import mask
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

K = 17
SIGMAS = np.linspace(0.02, 0.12, K)


@pytest.fixture(scope='module')
def scene(tmp_path_factory) -> tuple[COCO, COCO]:
    """Six images of four people, some of them crowds, with 26 detections each."""
    rng = np.random.default_rng(0)
    images = [dict(id=i, width=200, height=150, crowdIndex=i / 5) for i in range(6)]
    people, found = [], []
    for image in range(6):
        for p in range(4):
            keypoints = np.zeros((K, 3))
            keypoints[:, :2] = rng.uniform(10, 140, (K, 2)).round(1)
            keypoints[:, 2] = rng.integers(0, 3, K)
            low, high = keypoints[:, :2].min(0), keypoints[:, :2].max(0)
            area = np.prod(high - low) * rng.uniform(0.02, 0.8)
            people.append(
                dict(
                    id=len(people) + 1,
                    image_id=image,
                    category_id=1,
                    iscrowd=int(p == 3 and image % 2 == 1),
                    area=float(area),
                    bbox=[*low, *(high - low)],
                    keypoints=keypoints.ravel().tolist(),
                    num_keypoints=int((keypoints[:, 2] > 0).sum()),
                )
            )
        for d in range(26):
            keypoints = np.array(people[-1 - d % 4]['keypoints']).reshape(K, 3)
            keypoints[:, :2] += rng.normal(0, 1 + d * 0.8, (K, 2))
            keypoints[:, 2] = rng.uniform(0, 1, K)
            score = float(rng.uniform())
            found.append(dict(image_id=image, category_id=1, keypoints=keypoints.ravel().tolist()))
            found[-1]['score'] = score
    names = [str(joint) for joint in range(K)]
    categories = [dict(id=1, name='person', keypoints=names, skeleton=[])]
    path = tmp_path_factory.mktemp('coco') / 'annotations.json'
    path.write_text(json.dumps(dict(images=images, annotations=people, categories=categories)))
    truth = COCO(str(path))
    return truth, truth.loadRes(found)


# Printed by this file with the compiled xtcocotools 1.14.3, Python 3.11 and numpy 1.26.4.
EXPECTED = {
    ('keypoints', False, True): [
        0.2292458529943389, 0.4178444122253159, 0.20977954537026736, 0.672190050937867,
        0.35163425464439674, 0.7142857142857142, 0.9047619047619048, 0.8095238095238095,
        0.6888888888888889, 0.8666666666666666,
    ],
    ('keypoints', True, True): [
        0.23584272115001398, 0.4178444122253159, 0.20977954537026736, 0.679170248957669,
        0.3501353687473408, 0.7190476190476189, 0.9047619047619048, 0.8095238095238095,
        0.6944444444444444, 0.8666666666666666,
    ],
    ('keypoints', False, False): [
        0.2796495272490366, 0.5254800034365099, 0.22437175467780832, 0.7717960859851167,
        -1.0, 0.7857142857142857, 1.0, 0.8095238095238095, 0.7857142857142857, -1.0,
    ],
    ('keypoints_crowd', True, False): [
        0.2871755026209532, 0.5573453739718313, 0.23340760971962318, 0.7857142857142857,
        1.0, 0.8571428571428571, 0.3333, 0.3633, 0.2846,
    ],
    ('bbox', False, True): [
        0.6062293580976432, 0.9465546554655464, 0.573592610471701, -1.0, 0.9206418784293291,
        0.6611816318878933, 0.1619047619047619, 0.8238095238095238, 0.9285714285714286,
        -1.0, 0.9277777777777778, 0.9333333333333333,
    ],
}  # fmt: skip


@pytest.mark.parametrize('kind, sigmas, use_area', [
    ('keypoints', None, True), ('keypoints', SIGMAS, True), ('keypoints', None, False),
    ('keypoints_crowd', SIGMAS, False), ('bbox', None, True),
])  # fmt: skip
def test_ap_is_that_of_the_compiled_package_to_the_last_digit(
    scene, kind: str, sigmas: np.ndarray | None, use_area: bool
) -> None:
    evaluation = COCOeval(*scene, kind, sigmas, use_area)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    expected = EXPECTED[kind, sigmas is not None, use_area]
    assert [float(value) for value in evaluation.stats] == expected


def test_masks_are_those_of_the_compiled_package() -> None:
    y, x = np.mgrid[:40, :50]
    disks = [(x - 20) ** 2 + (y - 18) ** 2 < 150, (x - 27) ** 2 + (y - 20) ** 2 < 90]
    codes = [mask.encode(np.asfortranarray(disk.astype(np.uint8))) for disk in disks]
    for code, disk in zip(codes, disks):
        assert np.array_equal(mask.decode(code), disk)
        assert mask.area(code) == disk.sum()
        rows, columns = np.flatnonzero(disk.any(1)), np.flatnonzero(disk.any(0))
        box = [columns[0], rows[0], len(columns), len(rows)]
        assert mask.toBbox(code).tolist() == box
    both, either = (disks[0] & disks[1]).sum(), (disks[0] | disks[1]).sum()
    assert mask.iou(codes[:1], codes[1:], [0]).item() == both / either
    assert mask.iou(codes[:1], codes[1:], [1]).item() == both / disks[0].sum()
    assert mask.area(mask.merge(codes)) == either


@pytest.mark.parametrize('offset', [0, 1])
def test_nms_without_compiled_operators(offset: int) -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        corners = torch.randint(0, 30, (40, 2), generator=generator).float()
        boxes = torch.cat([corners, corners + torch.rand(40, 2, generator=generator) * 20], 1)
        scores = torch.rand(40, generator=generator)
        kept = []
        for i in scores.argsort(descending=True).tolist():
            widened = boxes + torch.tensor([0, 0, offset, offset])
            others = torchvision_boxes.box_iou(widened[i : i + 1], widened[kept])
            if not kept or others.max() <= 0.4:
                kept.append(i)
        assert mmcv_ext.nms(boxes, scores, iou_threshold=0.4, offset=offset).tolist() == kept


def test_another_operator_says_that_it_is_not_compiled() -> None:
    message = "'roi_align_forward'.*make env OPS=1.*Python 3.11 or 3.12"
    with pytest.raises(NotImplementedError, match=message):
        mmcv_ext.roi_align_forward(torch.zeros(1))
    with pytest.raises(AttributeError):
        mmcv_ext.__path__  # noqa: B018
    assert mmcv_ext.get_compiling_cuda_version() == 'nothing compiled'
