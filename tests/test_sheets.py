import json

import cv2
import numpy as np
import pytest
from mmpose.datasets.datasets import MpiiDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mssh_mmpose.datasets import MPIIOcclusionDataset
from mssh_mmpose.datasets.synthetic import write_dataset
from mssh_mmpose.visualization import contact_sheet
from mssh_mmpose.visualization.sheets import annotation_sheet, write

METAINFO = parse_pose_metainfo(MpiiDataset.METAINFO)


@pytest.fixture
def sample(tmp_path):
    """A black image with all joints predicted at (10, 30) and, but one, truly at (40, 30)."""
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.zeros((60, 50, 3), np.uint8))
    visible = np.ones((1, 16, 2))
    visible[0, 0] = 0
    truth = np.full((1, 16, 2), [40.0, 30.0])
    truth[0, 0] = [25, 10]
    return dict(
        img_path=path,
        input_center=np.array([[25.0, 30.0]]),
        input_scale=np.array([[60.0, 60.0]]),
        pred_instances=dict(keypoints=np.full((1, 16, 2), [10.0, 30.0])),
        gt_instances=dict(keypoints=truth, keypoints_visible=visible),
    )


def test_rows_fill_up_and_people_are_drawn_where_they_are(sample):
    sheet = contact_sheet([sample] * 5, METAINFO, 'title', columns=2, tile=120)
    assert sheet.shape == (28 + 3 * 120, 240, 3)
    assert sheet[:28].max() > 200
    tile = sheet[28:148, :120]
    # The crop starts at x = -5 and zooms by 2.
    assert tile[60, 30].max() > 100
    assert tile[60, 84:87].min(axis=-1).max() > 200 and tile[60, 90].max() == 0, 'a white ring'
    assert tile[13:28, 52:68].max() == 0, 'unlabelled joints have no ring'
    assert (sheet[-60, 120:] == 32).all()


def test_wrong_input(sample):
    with pytest.raises(ValueError, match='at least one sample'):
        contact_sheet([], METAINFO, 'title')
    sample['img_path'] = 'nothing.png'
    with pytest.raises(FileNotFoundError, match='nothing.png cannot be read'):
        contact_sheet([sample], METAINFO, 'title')


@pytest.mark.parametrize('background', [0, 255])
def test_captions_are_readable_on_any_picture(background):
    picture = np.full((40, 200, 3), background, np.uint8)
    write(picture, 'person 7', (6, 26))
    assert picture.min() < 40 and picture.max() > 215
    strokes = np.zeros((40, 200), np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(strokes, 'person 7', (6, 26), font, 0.5, 1, 1)
    assert picture[strokes > 0].mean() > 150
    around = cv2.dilate(strokes, np.ones((3, 3))) > strokes
    assert picture[around].mean() < 110


@pytest.mark.parametrize('occlusion', [True, False])
def test_rings_are_explained_where_there_are_flags(tmp_path, monkeypatch, occlusion):
    write_dataset(tmp_path, 3, 0)
    path = tmp_path / 'annotations/mpii_train.json'
    people = json.loads(path.read_text())
    for person in people:
        if occlusion:
            person['joints_occluded'] = [1] * 16
    path.write_text(json.dumps(people))
    dataset = MPIIOcclusionDataset(ann_file='annotations/mpii_train.json', data_root=str(tmp_path))
    texts = []
    monkeypatch.setattr(
        'mssh_mmpose.visualization.sheets.write',
        lambda picture, text, place: texts.append(text),
    )
    hollow = []
    monkeypatch.setattr(
        'mssh_mmpose.visualization.sheets.draw_skeleton',
        lambda *args, **settings: hollow.append(settings['hollow']),
    )
    sheet = annotation_sheet({'train': dataset}, 2, seed=0)
    assert len(hollow) == 2 and all(np.all(each) == occlusion for each in hollow)
    assert sheet.shape == (28 + 240, 4 * 240, 3)
    title = 'labelled joints of 2 random people (seed 0)'
    assert title + ('; rings: occluded' if occlusion else '') in texts
    assert sum(text.startswith('train ') for text in texts) == 2
