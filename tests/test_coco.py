"""Training, testing and prediction on a tiny COCO file, by the tools."""

import json

import numpy as np
import pytest
from coco_people import COCO_JOINTS, write_coco

from mssh_mmpose import config_path


@pytest.fixture(scope='module')
def coco(tmp_path_factory):
    root = tmp_path_factory.mktemp('coco')
    write_coco(root, 6, 3)
    return root


def options(root):
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
            settings[f'{dataset}.bbox_file'] = f'{root}/annotations/detections.json'
    return ['--cfg-options', *(f'{key}={value}' for key, value in settings.items())]


@pytest.mark.parametrize('name', ['mssh-s_coco_128x96', 'mssh-s_udp_coco_128x96'])
def test_end_to_end(name, coco, tmp_path, monkeypatch, run_tool):
    monkeypatch.chdir(tmp_path)
    config = config_path(f'coco/{name}.py')
    status, _, err = run_tool('train', config, '--work-dir', 'work', *options(coco))
    assert status == 0, err
    weights = next((tmp_path / 'work').glob('best_coco_AP_epoch_1.pth'))
    args = ['--work-dir', 'work', '--out', 'metrics.json', *options(coco)]
    status, _, err = run_tool('test', config, weights, *args)
    assert status == 0, err
    assert 0 <= json.loads((tmp_path / 'metrics.json').read_text())['coco/AP'] <= 1
    narrow = tmp_path / 'narrow.py'
    narrow.write_text(f'_base_ = [{config!r}]\nmodel = dict(backbone=dict(feat_channels=8))\n')
    picture = next((coco / 'images').iterdir())
    status, _, err = run_tool('infer', narrow, weights, picture, '--out-dir', 'out')
    assert status == 0, err
    (person,) = json.loads((tmp_path / f'out/predictions/{picture.stem}.json').read_text())
    assert np.shape(person['keypoints']) == (len(COCO_JOINTS), 2)
