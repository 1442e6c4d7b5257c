"""tools/check_dataset.py on good data and on every kind of bad data."""

import json
import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from mssh_mmpose.datasets.synthetic import write_dataset
from mssh_mmpose.pictures import MAX_PIXELS

ROOT = Path(__file__).parents[1]
CONFIG = """
codec = dict(type='MSRAHeatmap', input_size=(64, 64), heatmap_size=(16, 16), sigma=1)
pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(64, 64)),
    dict(type='GenerateMultilevelTarget', encoder=[codec]),
    dict(type='PackPoseInputs'),
]
base = dict(type='MPIIOcclusionDataset', data_root='data/', pipeline=pipeline)
train_dataloader = dict(dataset=dict(ann_file='annotations/mpii_train.json', **base))
val_dataloader = dict(dataset=dict(ann_file='annotations/mpii_val.json', **base))
test_dataloader = val_dataloader
"""


@pytest.fixture
def folder(tmp_path):
    """A working folder with a config and ten people."""
    write_dataset(tmp_path / 'data', 6, 4)
    (tmp_path / 'config.py').write_text(CONFIG)
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch, run_tool):
    monkeypatch.chdir(folder)
    return lambda *args, config='config.py': run_tool('check_dataset', config, *args)


def change(folder, split, number, **values):
    path = folder / 'data' / 'annotations' / f'mpii_{split}.json'
    people = json.loads(path.read_text())
    people[number].update(values)
    path.write_text(json.dumps(people))
    return people[number]


def test_good_data(folder, run):
    status, out, err = run('--samples', '5')
    assert status == 0, err
    assert 'train: 6 people in 6 images' in out and 'val+test: 4 people' in out
    assert out.count(': 0 errors') == 2
    picture = cv2.imread(str(folder / 'work_dirs/check_dataset.png'))
    assert picture.shape == (28 + 2 * 240, 4 * 240, 3)
    assert picture[28:268].std() > 10  # people, not an empty sheet


def test_every_problem_is_reported(folder, run):
    """A truncated image, a missing image and a joint outside; the rest is still checked."""
    images = folder / 'data' / 'images'
    cut = change(folder, 'train', 1)['image']
    (images / cut).write_bytes((images / cut).read_bytes()[:3000])
    empty = change(folder, 'train', 4)['image']
    (images / empty).write_bytes(b'')
    outside = np.full((16, 2), 50.0)
    outside[3] = 900
    change(folder, 'val', 2, joints=outside.tolist(), joints_vis=[1] * 16)
    status, out, err = run('--out', 'new/sheet.png')
    assert status == 1
    output = out + err
    assert f'train: error: person 1, data/images/{cut}: ' in output
    assert f'train: error: person 4, data/images/{empty}: ' in output
    assert 'train: 2 errors, 0 remarks' in output
    assert (
        'val+test: remark: person 2' in output and 'left_hip at (899.0, 899.0) is outside' in output
    )
    assert 'val+test: 0 errors, 1 remarks' in output
    assert (folder / 'new' / 'sheet.png').is_file()


def test_large_images_are_errors(folder, run):
    """They are recognised by their header, not decoded."""
    name = change(folder, 'train', 1)['image']
    cv2.imwrite(str(folder / 'data/images' / name), np.zeros((10, 30_000, 3), np.uint8))
    status, out, err = run('--splits', 'train', '--max-pixels', '299999')
    assert status == 1
    assert f'{name} has 30000 x 10 pixels; at most 299,999 are accepted' in out + err
    assert 'train: 1 errors' in out
    status, out, err = run('--splits', 'train')
    assert '30000 x 10 pixels' not in out + err


def test_defaults(folder):
    tool = runpy.run_path(str(ROOT / 'tools/check_dataset.py'))
    args = tool['parse_args'](['mssh_mmpose::mssh-s_lsp_128x128.py'])
    assert args.max_pixels == MAX_PIXELS and args.out == 'work_dirs/check_dataset.png'


def test_a_pipeline_that_fails(folder, run):
    """Targets of occlusion for a data set without flags."""
    text = CONFIG.replace('MSRAHeatmap', 'SignedHeatmap')
    (folder / 'config.py').write_text(text)
    status, out, err = run('--splits', 'train')
    assert status == 1
    assert 'person 5' in out and 'InputError in the pipeline: the codecs need' in out
    assert 'train: 6 errors' in out


def test_a_pipeline_that_returns_nothing(folder, run):
    """Where MMEngine's data sets would take another person."""

    @TRANSFORMS.register_module()
    class Nothing(BaseTransform):
        def transform(self, results):
            return None

    step = "train_dataloader['dataset']['pipeline'].insert(0, dict(type='Nothing'))"
    (folder / 'config.py').write_text(f'{CONFIG}\n{step}\n')
    status, out, err = run('--splits', 'train')
    TRANSFORMS.module_dict.pop('Nothing')
    assert status == 0, err  # it might be by chance
    assert 'remark: person 5' in out and 'the pipeline returns nothing' in out
    assert 'train: 0 errors, 6 remarks' in out


def test_a_data_set_that_cannot_be_loaded(folder, run):
    """The other split is still checked."""
    (folder / 'data' / 'annotations' / 'mpii_train.json').write_text('[')
    status, out, err = run()
    assert status == 1
    assert 'train: error: data/annotations/mpii_train.json is not a whole JSON file' in out
    assert 'val+test: 4 people' in out


def test_unwritable_picture(folder, run):
    (folder / 'file').touch()
    status, out, err = run('--out', 'file/sheet.png')
    assert status == 2 and out == ''
    assert '--out' in err and 'cannot be written' in err


def test_missing_config(folder, run):
    status, out, err = run(config='none.py')
    assert status == 2 and 'config none.py not found' in err


def test_combined_real_data(real_data, folder, run):
    """People of LSP, with occlusion flags, and of LSPET, without."""
    for name in ('lsp', 'lspet'):
        (folder / 'data' / name).symlink_to(real_data(name))
    config = ROOT / 'configs' / 'lsp' / 'mssh-s_lsp+lspet_128x128.py'
    small = folder / 'small.py'
    small.write_text(
        f'_base_ = [{str(config)!r}]\n'
        'train_dataloader = dict(dataset=dict(datasets=[\n'
        '    dict(_base_.lsp, indices=20), dict(_base_.lspet, indices=30)]))\n'
    )
    status, out, err = run('--splits', 'train', config='small.py')
    assert status == 0, out + err
    assert 'train: 50 people in 50 images' in out
    assert '(flags for 20 people only)' in out


@pytest.mark.parametrize('number', [5, 20])
def test_another_number_of_keypoints_than_the_metainfo(folder, run, number):
    names = ', '.join(f"'joint{k}'" for k in range(number))
    text = CONFIG.replace(
        'base = dict(',
        'base = dict(metainfo=__import__("mssh_mmpose").datasets.metainfo.body_metainfo('
        f'"own", [{names}], [], {{}}), ',
    )
    (folder / 'config.py').write_text(text)
    status, out, err = run()
    assert status == 1, err
    assert f'it has 16 keypoints, the metainfo names {number}: joint0, joint1' in out + err
    (folder / 'config.py').write_text(text.replace("'joint1'", "'left_ear'"))
    assert 'joint left_ear has no right_ear among the joints' in run()[2]
    (folder / 'config.py').write_text(text.replace('[], {}', '[], {}, [0.1]'))
    assert f'expected {number} sigmas, one for each joint, got 1' in run()[2]
