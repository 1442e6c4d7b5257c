"""Training, testing and prediction on a tiny COCO file, by the tools."""

import json
import shutil

import numpy as np
import pytest
from coco_people import COCO_JOINTS, write_coco

from mssh_mmpose import config_path
from mssh_mmpose.config import read_config


@pytest.fixture(scope='module')
def coco(tmp_path_factory):
    root = tmp_path_factory.mktemp('coco')
    write_coco(root, 6, 3)
    return root


def options(root, detections='detections.json'):
    """Options of the tools for a tiny network on the files of ``write_coco``."""
    settings = {
        'model.backbone.feat_channels': 8,
        'train_cfg.max_epochs': 1,
        'train_cfg.val_interval': 1,
        'train_dataloader.batch_size': 3,
    }
    for name in ('train', 'val', 'test'):
        dataset = f'{name}_dataloader.dataset'
        settings[f'{name}_dataloader.num_workers'] = 0
        settings[f'{name}_dataloader.persistent_workers'] = False
        settings[f'{dataset}.data_root'] = f'{root}/'
        split = 'train' if name == 'train' else 'val'
        settings[f'{dataset}.ann_file'] = f'annotations/{split}.json'
        settings[f'{dataset}.data_prefix.img'] = 'images/'
        if split == 'val':
            boxes = f'{root}/annotations/{detections}' if detections else None
            settings[f'{dataset}.bbox_file'] = boxes
    return ['--cfg-options', *(f'{key}={value}' for key, value in settings.items())]


@pytest.mark.parametrize(
    'name, detections',
    [('mssh-s_coco_128x96', 'detections.json'), ('mssh-s_udp_coco_128x96', None)],
)
def test_end_to_end(name, detections, coco, tmp_path, monkeypatch, run_tool):
    monkeypatch.chdir(tmp_path)
    settings = options(coco, detections)
    config = config_path(f'coco/{name}.py')
    status, _, err = run_tool('train', config, '--work-dir', 'work', *settings)
    assert status == 0, err
    weights = next((tmp_path / 'work').glob('best_coco_AP_epoch_1.pth'))
    args = ['--work-dir', 'work', '--out', 'metrics.json', *settings]
    status, _, err = run_tool('test', config, weights, *args)
    assert status == 0, err
    assert 0 <= json.loads((tmp_path / 'metrics.json').read_text())['coco/AP'] <= 1
    elsewhere = [*args, 'test_dataloader.dataset.data_prefix.img=annotations/']
    status, _, err = run_tool('test', config, weights, *elsewhere)
    assert status == 2 and 'test_dataloader.dataset: 3 of its 3 pictures are missing' in err
    narrow = tmp_path / 'narrow.py'
    narrow.write_text(f'_base_ = [{config!r}]\nmodel = dict(backbone=dict(feat_channels=8))\n')
    picture = next((coco / 'images').iterdir())
    status, _, err = run_tool('infer', narrow, weights, picture, '--out-dir', 'out')
    assert status == 0, err
    (person,) = json.loads((tmp_path / f'out/predictions/{picture.stem}.json').read_text())
    assert np.shape(person['keypoints']) == (len(COCO_JOINTS), 2)


def test_detected_boxes_have_no_joints(coco, tmp_path, monkeypatch, run_tool):
    """MMPose gives them joints at (0, 0), labelled: neither checked nor scored as such."""
    monkeypatch.chdir(tmp_path)
    settings = '\n'.join(
        f'{name}_dataloader = dict(dataset=dict(data_root={str(coco)!r}, '
        f"ann_file='annotations/val.json', data_prefix=dict(img='images/'), bbox_file={boxes!r}))"
        for name, boxes in (
            ('val', str(coco / 'annotations/detections.json')),
            ('test', None),
        )
    )
    base = config_path('coco/mssh-s_coco_128x96.py')
    (tmp_path / 'tiny.py').write_text(f'_base_ = [{base!r}]\n{settings}\n')
    status, out, err = run_tool('check_dataset', 'tiny.py', '--splits', 'val')
    assert status == 0 and 'boxes of a detector, without joints' in out and '%' not in out, err
    assert ': remark: ' not in out + err
    assert 'Picture' not in out
    np.savez('some.npz', pred=np.zeros((3, len(COCO_JOINTS), 2)))
    status, _, err = run_tool('evaluate_predictions', 'tiny.py', 'some.npz')
    assert status == 2 and "CocoMetric cannot score keypoints alone, it needs 'keypoint" in err
    (tmp_path / 'boxes.py').write_text(
        "_base_ = ['tiny.py']\ntest_dataloader = _base_.val_dataloader"
    )
    (tmp_path / 'wrapped.py').write_text(
        "_base_ = ['tiny.py']\ntest_dataloader = dict(dataset=dict(_delete_=True, "
        "type='RepeatDataset', times=1, dataset=_base_.val_dataloader.dataset))"
    )
    status, _, err = run_tool('evaluate_predictions', 'wrapped.py', 'some.npz')
    assert status == 2 and 'are boxes of a detector' in err
    status, _, err = run_tool('evaluate_predictions', 'boxes.py', 'some.npz')
    assert status == 2 and 'are boxes of a detector' in err and 'bbox_file to None' in err


def test_missing_detections_are_named(coco, tmp_path, monkeypatch, run_tool):
    monkeypatch.chdir(tmp_path)
    config = config_path('coco/mssh-s_coco_128x96.py')
    status, _, err = run_tool('train', config, *options(coco, 'gone.json'))
    assert status != 0
    assert 'data set not found' in err and 'gone.json (val_dataloader.dataset.bbox_file)' in err


def test_wrong_data_end_a_training_before_it_begins(coco, tmp_path, monkeypatch, run_tool):
    """Not at the first validation; MMPose's data sets and metrics do not look before."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(coco, tmp_path / 'coco')
    config = config_path('coco/mssh-s_coco_128x96.py')
    picture = max((tmp_path / 'coco/images').iterdir())
    picture.unlink()
    status, _, err = run_tool('train', config, *options('coco'))
    assert status == 2 and not list(tmp_path.rglob('*.pth'))
    assert 'val_dataloader.dataset: 1 of its 3 pictures are missing' in err and picture.name in err
    people = tmp_path / 'coco/annotations/train.json'
    people.write_text(people.read_text(), encoding='utf-8-sig')
    status, _, err = run_tool('train', config, *options('coco'))
    assert status == 2 and 'coco/annotations/train.json: Unexpected UTF-8 BOM' in err


def test_joints_without_sigmas(coco, tmp_path, monkeypatch, run_tool):
    monkeypatch.chdir(tmp_path)
    base = config_path('coco/mssh-s_coco_128x96.py')
    (tmp_path / 'own.py').write_text(
        f"""_base_ = [{base!r}]
from mssh_mmpose.datasets.metainfo import body_metainfo
joints = dict(metainfo=body_metainfo('own', {COCO_JOINTS}, [], paper={{}}))
train_dataloader = dict(dataset=joints)
val_dataloader = dict(dataset=joints)
"""
    )
    status, _, err = run_tool('train', 'own.py', *options(coco))
    assert status == 2 and not list(tmp_path.rglob('*.pth'))
    assert 'val_evaluator: CocoMetric needs sigmas of all 17 joints, the metainfo of the' in err


def test_people_without_an_area(coco, tmp_path, monkeypatch, run_tool):
    """As in files of one's own; MMPose's data sets do not need it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(coco, 'coco')
    path = tmp_path / 'coco/annotations/val.json'
    content = json.loads(path.read_text())
    del content['annotations'][1]['area']
    path.write_text(json.dumps(content))
    config = config_path('coco/mssh-s_coco_128x96.py')
    status, _, err = run_tool('train', config, *options('coco'))
    assert status == 2 and not list(tmp_path.rglob('*.pth'))
    number = content['annotations'][1]['id']
    assert f'needs the area of every annotation, annotation {number} has none: add it' in err
    more = 'val_evaluator.use_area=False'
    assert run_tool('train', config, *options('coco'), more)[0] == 0


def test_what_is_not_learnt_is_said(coco, tmp_path, monkeypatch, run_tool):
    """Annotations that MMPose leaves out, and joints outside the crop of 96 x 128."""
    monkeypatch.chdir(tmp_path)
    people = json.loads((coco / 'annotations/train.json').read_text())
    crowd, unlabelled, narrow, wide, *_ = people['annotations']
    crowd['iscrowd'] = 1
    unlabelled['keypoints'] = [0] * 51
    # Times 1.25 and widened to 3:4, it reaches 75 px to the sides and 100 up and down.
    narrow['bbox'] = [70, 40, 20, 160]
    # Joints above, left and right of its centre, (80, 120).
    places = [[80, 21, 2], [6, 120, 2], [154, 120, 2], [4, 120, 2], [80, 18, 2]]
    narrow['keypoints'] = np.array([*places, *12 * [[80, 120, 2]]]).ravel().tolist()
    wide['bbox'] = [5, 50, 120, 10]  # 75 px to the sides and 100 up and down, too
    wide['keypoints'] = np.array(17 * [[65, 135, 2]]).ravel().tolist()
    (tmp_path / 'people.json').write_text(json.dumps(people))
    base = config_path('coco/mssh-s_coco_128x96.py')
    files = dict(data_root=f'{coco}/', ann_file=str(tmp_path / 'people.json'))
    files['data_prefix'] = dict(img='images/')
    text = f'_base_ = [{base!r}]\ntrain_dataloader = dict(dataset={files})\n'
    (tmp_path / 'own.py').write_text(text)
    status, out, err = run_tool('check_dataset', 'own.py', '--splits', 'train', '--samples', '0')
    assert status == 0, err
    assert 'train: 4 people' in out and 'train: 2 more annotations are not used: those in' in out
    remarks = [line for line in (out + err).splitlines() if ': remark: ' in line]
    (remark,) = remarks
    assert remark.endswith(
        'left_ear, right_ear outside the crop around the box (70.0, 40.0, 90.0, 200.0); give a '
        'larger box'
    )
    # A part that was asked for is not "left out"; wrappers are looked through.
    (tmp_path / 'part.py').write_text(text.replace("'data_root'", "'indices': 2, 'data_root'"))
    _, out, _ = run_tool('check_dataset', 'part.py', '--splits', 'train', '--samples', '0')
    assert 'train: 2 people' in out and 'annotations are not used' not in out
    cfg = read_config('own.py')
    inner = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = dict(type='RepeatDataset', times=1, dataset=inner)
    cfg.dump('repeated.py')
    _, out, err = run_tool('check_dataset', 'repeated.py', '--splits', 'train', '--samples', '0')
    assert '2 more annotations are not used' in out and 'left_ear, right_ear outside' in out + err
