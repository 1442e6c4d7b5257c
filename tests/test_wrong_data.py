"""Wrong predictions and annotations: each is refused with a line that names it."""

import io
import json
import pickle
import re

import numpy as np
import pytest
from coco_people import write_coco
from forked import check_refused, forked_tool
from mmengine.config import Config
from scipy.io import savemat
from tiny_config import write_tiny_config

import mssh_mmpose.evaluation.tables  # noqa: F401, for all forks

MPII = 'data/annotations/mpii_train.json'
COCO = 'coco/annotations/train.json'
OTHER = """
_base_ = ['flat.py']
train_dataloader = dict(dataset=dict(_delete_=True, data_root={root!r}, pipeline=[], {settings}))
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with data in the forms of MPII, COCO and LSP, and a config of each."""
    folder = tmp_path_factory.mktemp('data')
    write_tiny_config(folder)
    Config.fromfile(folder / 'tiny.py').dump(folder / 'flat.py')
    write_coco(folder / 'coco', 4, 2)
    (folder / 'lsp/images').mkdir(parents=True)
    for number in range(1, 2001):
        (folder / f'lsp/images/im{number:04d}.jpg').touch()
    for name, settings in {
        'coco': "type='CocoDataset', ann_file='annotations/train.json', "
        "data_prefix=dict(img='images/')",
        'lsp': "type='LSPDataset', split='train'",
    }.items():
        text = OTHER.format(root=str(folder / name), settings=settings)
        (folder / f'{name}.py').write_text(text)
    return folder


class Attack:
    def __reduce__(self):
        return exec, ("open('executed', 'w')",)


# ---- predictions of four people

GOOD = np.full((4, 16, 2), 30.0)


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def dump(*numbers, keypoints=GOOD[:1]):
    return pickle.dumps([dict(id=n, pred_instances=dict(keypoints=keypoints)) for n in numbers])


NO_DUMP = 'is not what tools/test.py --dump writes'
PREDICTIONS = {
    'few.npz': (npz(pred=GOOD[:3]), '3 predictions for 4 people'),
    'joints.npz': (npz(pred=GOOD[:, :14]), r'got predictions \(14, 2\) and truth \(16, 2\)'),
    'flat.npz': (npz(pred=GOOD[..., 0]), r'of shape \(N, K, 2\), got \(4, 16\)'),
    'spatial.npz': (npz(pred=np.ones((4, 16, 3))), r'got \(4, 16, 3\)'),
    'other.npz': (npz(keypoints=GOOD), r"got \(\) .* and \['keypoints'\]"),
    'nothing.npz': (npz(), r'got \(\) .* and \[\]'),
    'text.npz': (npz(pred=np.full((4, 16, 2), 'a')), 'expected numbers .* of type <U1'),
    'complex.npz': (npz(pred=GOOD + 1j), 'expected numbers .* of type complex128'),
    'flags.npz': (npz(pred=GOOD > 0), 'expected numbers .* of type bool'),
    'cut.npz': (npz(pred=GOOD)[:300], 'is not a whole .npz file'),
    'empty.npz': (b'', 'is not a whole .npz file'),
    'no.npz': (b'text', 'is not a whole .npz file'),
    'pred.txt': (b'', 'expected a file ending in .pkl, .npz or .mat'),
    'empty.mat': (b'', 'is not a whole MATLAB file'),
    'no.mat': (b'text' * 100, 'is not a whole MATLAB file'),
    'empty.pkl': (b'', NO_DUMP),
    'cut.pkl': (dump(0)[:20], NO_DUMP),
    'numbers.pkl': (pickle.dumps([1, 2]), NO_DUMP),
    'none.pkl': (pickle.dumps(None), NO_DUMP),
    'no_keypoints.pkl': (pickle.dumps([dict(id=0, pred_instances={})]), f"{NO_DUMP}: 'keypoints'"),
    'no_number.pkl': (pickle.dumps([dict(pred_instances={})]), f"{NO_DUMP}: 'id'"),
    'text.pkl': (dump(0, keypoints='x'), f'{NO_DUMP}: could not convert'),
    'named.pkl': (dump('a'), f'{NO_DUMP}: invalid literal'),
    'nan.pkl': (dump(float('nan')), f'{NO_DUMP}: cannot convert float NaN'),
    'nobody.pkl': (dump(0, keypoints=GOOD[:0]), NO_DUMP),
    'twice.pkl': (dump(0, 0), r'person 0 comes twice'),
    'others.pkl': (dump(7, 8, 9, 10), r'4 people have none .*4 predictions are of nobody'),
    'harmful.pkl': (pickle.dumps([Attack()]), 'it holds builtins.exec, which could run code'),
}


@pytest.mark.parametrize('name', PREDICTIONS)
def test_wrong_predictions(folder, name):
    content, message = PREDICTIONS[name]
    (folder / name).write_bytes(content)
    check_refused(folder, ['evaluate_predictions', 'flat.py', name], message)
    assert not (folder / 'executed').exists()


# ---- annotations


def check_data(folder, config, message):
    """``check_dataset`` ends with status 1 and an error of the training data."""
    line = ['check_dataset', config, '--splits', 'train', '--samples', 0]
    ended = forked_tool(*line, cwd=folder)
    assert ended.status == 1 and 'raceback' not in ended.err, ended
    assert re.search(f'^train: error: .*{message}', ended.out, re.MULTILINE | re.DOTALL), ended.out


# In place of the whole file, and words of the message.
LISTS = {
    '': 'is not a whole JSON file',
    '[{"image"': 'is not a whole JSON file',
    '[' + '1' * 5000 + ']': 'is not a whole JSON file: .*digits',
    '[' * 100_000: 'is nested too deeply',
    '{}': 'expected a list of people, got {}',
    '[]': r'expected a list of people, got \[\]',
    'null': 'expected a list of people, got None',
    '[[]]': r'person 0 is \[\], expected entries',
}
# Changed entries of the fourth person.
NAN, INF = float('nan'), float('inf')
PEOPLE = [
    (dict(joints=[[1, 2]] * 14), r"expected 'joints' of shape \(16, 2\), got \(14, 2\)"),
    (dict(joints=[[1, 2], [3]] * 8), "no numbers for 'joints'"),
    (dict(joints=[['a', 'b']] * 16), "no numbers for 'joints': could not convert"),
    (dict(joints=None), "expected 'joints' of shape"),
    (dict(joints=[[1, NAN]] * 16), r'right_ankle is at \(0, nan\)'),
    (dict(joints=[[1e30, 1]] * 16), r'right_ankle is at \(1e\+30, 0\)'),
    (dict(joints_vis=[1] * 15), r"expected 'joints_vis' of shape \(16,\), got \(15,\)"),
    (dict(joints_vis=[NAN] * 16), "nan or inf in 'joints_vis'"),
    (dict(joints_occluded=[0] * 16), "no numbers for 'joints_occluded'"),
    (dict(center=None), r"expected 'center' of shape \(2,\)"),
    (dict(center=[INF, 1]), 'the box .* cannot be in a picture'),
    (dict(scale=0), 'the box .* has no size'),
    (dict(scale=-1), 'the box .* has no size'),
    (dict(scale=1e30), 'the box .* cannot be in a picture'),
    (dict(scale=10**400), "no numbers for 'scale': int too large"),
    (dict(image=None), 'person 3: expected the name of a file for image, got None'),
    (dict(image=3), 'person 3: expected the name of a file for image, got 3'),
    (dict(image='none.jpg'), '8 images are annotated, 7 .* missing are none.jpg'),
]


def put_back(path):
    """Yield what a JSON file holds; after the test it holds it again."""
    text = path.read_text()
    yield json.loads(text)
    path.write_text(text)


@pytest.fixture
def people(folder):
    """MPII's people."""
    yield from put_back(folder / MPII)


@pytest.mark.parametrize('text', LISTS, ids=lambda text: text[:12])
def test_wrong_lists_of_people(folder, people, text):
    (folder / MPII).write_text(text)
    check_data(folder, 'flat.py', LISTS[text])


@pytest.mark.parametrize('number', range(len(PEOPLE)))
def test_wrong_people(folder, people, number):
    changes, message = PEOPLE[number]
    people[3].update(changes)
    (folder / MPII).write_text(json.dumps(people))
    check_data(folder, 'flat.py', message)


def test_nobody_is_labelled(folder, people):
    for person in people:
        person['joints_vis'] = [0] * 16
    (folder / MPII).write_text(json.dumps(people))
    check_data(
        folder, 'flat.py', r'no joint of person 0 \(\w+.jpg\), or of the 7 others, is labelled'
    )


# MMPose reads COCO's files.
COCO_FILES = {
    '': 'Expecting value',
    '{': 'Expecting property name',
    '[' * 100_000: 'RecursionError: ',
    '[]': "file format <class 'list'> not supported",
    'null': "file format <class 'NoneType'> not supported",
    '3': "file format <class 'int'> not supported",
    '{}': 'there is nobody in the data set',
    '{"images": []}': 'there is nobody in the data set',
}
COCO_PLACES = [
    (('images',), 3, 'TypeError'),
    (('images', 0, 'width'), 'a', 'TypeError'),
    (('images', 0, 'file_name'), 'none.jpg', 'No such file'),
    (('annotations',), [], 'there is nobody in the data set'),
    (('annotations', 0, 'bbox'), [1, 2, 3], 'not enough values'),
    (('annotations', 0, 'bbox'), [NAN] * 4, 'the box is .*nan'),
    (('annotations', 0, 'keypoints'), [1, 2], 'cannot reshape'),
    (('annotations', 0, 'keypoints'), ['a'] * 51, 'could not convert'),
    (('annotations', 0, 'keypoints'), [NAN, 1, 2] * 17, r'nose is at \[nan, 1'),
    (('annotations', 0, 'keypoints'), [1e30, 1, 2] * 17, r'nose is at \[1.*e\+30, 1'),
]


@pytest.fixture
def coco(folder):
    yield from put_back(folder / COCO)


@pytest.mark.parametrize('text', COCO_FILES, ids=lambda text: text[:12])
def test_wrong_files_of_coco(folder, coco, text):
    (folder / COCO).write_text(text)
    check_data(folder, 'coco.py', COCO_FILES[text])


@pytest.mark.parametrize('number', range(len(COCO_PLACES)))
def test_wrong_entries_of_coco(folder, coco, number):
    (*path, last), value, message = COCO_PLACES[number]
    entry = coco
    for key in path:
        entry = entry[key]
    entry[last] = value
    (folder / COCO).write_text(json.dumps(coco))
    check_data(folder, 'coco.py', message)


def lsp_joints(number=0.0, x=None):
    """LSP's array: flags, and the coordinate of one joint."""
    joints = np.zeros((3, 14, 2000))
    joints[:2] = np.arange(14)[:, None]
    joints[2] = number
    if x is not None:
        joints[0, 3, 5] = x
    return joints


LSP = [
    (b'', 'is not a whole MATLAB file'),
    (b'text' * 100, 'is not a whole MATLAB file'),
    (dict(a=1), "got no array 'joints'"),
    (dict(joints='abc'), r'expected joints of shape \(3, 14, 2000\) for LSP'),
    (dict(joints=np.ones((3, 13, 2000))), r'got an array of shape \(3, 13, 2000\)'),
    (dict(joints=np.ones((14, 3, 10000))), 'which is the file of LSPET'),
    (dict(joints=lsp_joints(1)), 'these flags have the opposite meaning'),
    (dict(joints=lsp_joints(7)), r'expected flags of 0 and 1, got \[7'),
    (dict(joints=lsp_joints(x=NAN)), r'im0006.jpg: left_hip is at \(nan'),
    (dict(joints=lsp_joints(x=INF)), r'im0006.jpg: left_hip is at \(inf'),
    (dict(joints=lsp_joints(x=1e30)), r'im0006.jpg: left_hip is at \(1e\+30'),
    (dict(joints=np.zeros((3, 14, 2000))), 'the box around its 14 labelled joints has no area'),
]


def write_mat(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        savemat(path, content)


@pytest.mark.parametrize('number', range(len(LSP)))
def test_wrong_joints_of_lsp(folder, number):
    write_mat(folder / 'lsp/joints.mat', LSP[number][0])
    check_data(folder, 'lsp.py', LSP[number][1])


RELEASES = [
    (b'', 'is not a whole MATLAB file'),
    (b'text' * 100, 'is not a whole MATLAB file'),
    (dict(a=1), "expected MPII's struct RELEASE"),
    (dict(RELEASE=3), "expected MPII's struct RELEASE"),
    (dict(RELEASE=dict(annolist=[], img_train=[])), 'annolist of RELEASE is empty'),
]


@pytest.mark.parametrize('number', range(len(RELEASES)))
def test_wrong_releases_of_mpii(folder, number):
    write_mat(folder / 'm.mat', RELEASES[number][0])
    check_refused(folder, ['convert_mpii', 'm.mat', '--out', 'out'], RELEASES[number][1])
