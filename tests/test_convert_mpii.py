"""Files as MATLAB writes MPII's official annotations, with each of their irregularities."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from mmpose.datasets import MpiiDataset
from scipy.io import loadmat, savemat

from mssh_mmpose.datasets import MPIIOcclusionDataset
from mssh_mmpose.datasets.converters.mpii import read_mpii_release
from mssh_mmpose.datasets.converters.mpii_splits import (
    read_person_list,
    reason_to_leave_out,
    split_people,
)
from mssh_mmpose.datasets.mpii_meta import MPII_JOINTS

EMPTY = np.zeros((0, 0))


def struct_array(items):
    """A MATLAB struct array; one item makes a plain struct, none an empty array."""
    if not items:
        return EMPTY
    if len(items) == 1:
        return items[0]
    names = list(dict.fromkeys(name for item in items for name in item))
    array = np.empty((1, len(items)), dtype=[(name, object) for name in names])
    for i, item in enumerate(items):
        for name in names:
            array[0, i][name] = item.get(name, EMPTY)
    return array


def points(ids=range(16), visible=lambda k: k % 2):
    """Joints at (10 k + 1, 5 k + 2); the flag of the head's two is missing, as in MPII."""
    items = [dict(x=10.0 * k + 1, y=5.0 * k + 2, id=k, is_visible=visible(k)) for k in ids]
    for item in items:
        if item['id'] in (8, 9):
            item['is_visible'] = EMPTY
    return struct_array(items)


def rect(**changes):
    person = dict(
        x1=10.0,
        y1=20.0,
        x2=40.0,
        y2=60.0,
        annopoints=dict(point=points()),
        scale=2.5,
        objpos=dict(x=100.0, y=200.0),
    )
    person.update(changes)
    return {name: value for name, value in person.items() if value is not None}


def image(name, *people):
    return dict(image=dict(name=name), annorect=struct_array(list(people)))


def save(path, images, train, single=None):
    cells = np.empty((len(images), 1), dtype=object)
    cells[:, 0] = single or [EMPTY] * len(images)
    release = dict(
        annolist=struct_array(images), img_train=np.array([train], float), single_person=cells
    )
    savemat(path, dict(RELEASE=release))


@pytest.fixture
def official(tmp_path):
    """Four training images and two test images."""
    images = [
        image('a.jpg', rect(), rect(scale=1.5, objpos=dict(x=7.0, y=8.0))),
        image(
            'b.jpg',
            rect(annopoints=dict(point=points([3]))),  # a single point is no array
            rect(annopoints=dict(point=points([0, 6], visible=str))),  # flags as strings
            rect(annopoints=None),
            rect(annopoints=EMPTY),
            rect(scale=EMPTY),
            rect(objpos=EMPTY),
        ),
        image('c.jpg'),  # nobody
        image('d.jpg', rect(x1=None, y1=None, x2=None, y2=None)),
        image('e.jpg', rect(annopoints=None), rect(annopoints=None, scale=EMPTY)),
        image('f.jpg', rect(annopoints=None, scale=3.0)),
    ]
    single = [np.array([1, 2]), 1.0, EMPTY, EMPTY, np.array([[1]]), EMPTY]
    save(tmp_path / 'mpii.mat', images, [1, 1, 1, 1, 0, 0], single)
    return tmp_path


def test_everybody(official):
    people = read_mpii_release(official / 'mpii.mat').people
    assert [(p.image, p.image_index, p.person) for p in people] == [
        *(('a.jpg', 1, j) for j in (1, 2)),
        *(('b.jpg', 2, j) for j in (1, 2, 3, 4, 5, 6)),
        ('d.jpg', 4, 1),
        *(('e.jpg', 5, j) for j in (1, 2)),
        ('f.jpg', 6, 1),
    ]
    assert [p.single_person for p in people] == [
        *(True, True),
        *(True, False, False, False, False, False),
        False,
        *(True, False),
        False,
    ]
    assert [p.train for p in people] == [True] * 9 + [False] * 3


def test_joints_by_hand(official):
    people = read_mpii_release(official / 'mpii.mat').people
    first = people[0]
    np.testing.assert_array_equal(first.joints, [(10 * k + 1, 5 * k + 2) for k in range(16)])
    assert first.labelled.all()
    hidden = [k for k in range(0, 16, 2) if k != 8]  # 8 has no flag and counts as visible
    np.testing.assert_array_equal(np.flatnonzero(first.occluded), hidden)
    np.testing.assert_array_equal(first.headbox, [[10, 20], [40, 60]])
    np.testing.assert_array_equal(first.center, [100, 200])
    assert first.scale == 2.5
    single, strings = people[2], people[3]
    assert np.flatnonzero(single.labelled) == [3] and not single.occluded.any()
    np.testing.assert_array_equal(single.joints[0], [-1, -1])
    np.testing.assert_array_equal(np.flatnonzero(strings.labelled), [0, 6])
    np.testing.assert_array_equal(np.flatnonzero(strings.occluded), [0])
    assert not people[4].labelled.any() and people[6].scale is None and people[7].center is None
    assert people[8].headbox is None


def test_without_a_list(official, run_tool):
    out = official / 'annotations'
    status, text, err = run_tool('convert_mpii', official / 'mpii.mat', '--out', out)
    assert status == 0, err
    assert 'no --val-list: all annotated training people go to trainval' in text
    assert 'trainval: 5 people in 3 images' in text and 'test: 2 people in 2 images' in text
    assert 'left out: 5 people: 2 without joints, 2 without scale, 1 without objpos\n' in text
    assert '1 people without a head box' in text and 'more than once' not in text
    names = ['mpii_gt_trainval.mat', 'mpii_test.json', 'mpii_trainval.json']
    assert sorted(path.name for path in out.iterdir()) == names
    # Right ankle (id 0): 3 full people and one of two joints, flags 0.
    assert '| right_ankle | 4 | 100.0 |' in text and '| upper_neck | 3 | 0.0 |' in text
    people = json.loads((out / 'mpii_trainval.json').read_text())
    assert [(p['image'], p['person'], p['image_index']) for p in people] == [
        ('a.jpg', 1, 1),
        ('a.jpg', 2, 1),
        ('b.jpg', 1, 2),
        ('b.jpg', 2, 2),
        ('d.jpg', 1, 4),
    ]
    assert people[1]['center'] == [7, 8] and people[1]['scale'] == 1.5
    test = json.loads((out / 'mpii_test.json').read_text())
    assert [(p['image'], p['single_person']) for p in test] == [('e.jpg', True), ('f.jpg', False)]


def test_with_a_list(official, run_tool):
    """Validation people are in the order of the list, as in other programs' predictions."""
    (official / 'val.txt').write_text('# two people\nb.jpg, 2\n\na.jpg 1  # the first\n')
    args = ['--out', official / 'out', '--val-list', official / 'val.txt']
    status, text, err = run_tool('convert_mpii', official / 'mpii.mat', *args)
    assert status == 0, err
    assert 'train: 3 people' in text and 'val: 2 people' in text
    names = ['mpii_gt_val.mat', 'mpii_test.json', 'mpii_train.json', 'mpii_val.json']
    assert sorted(path.name for path in (official / 'out').iterdir()) == names
    val = json.loads((official / 'out' / 'mpii_val.json').read_text())
    assert [(p['image'], p['person']) for p in val] == [('b.jpg', 2), ('a.jpg', 1)]


def test_both_data_sets_read_it(official, run_tool):
    (official / 'val.txt').write_text('a.jpg 2\nb.jpg 1\n')
    args = ['--out', official, '--val-list', official / 'val.txt']
    assert run_tool('convert_mpii', official / 'mpii.mat', *args)[0] == 0
    for name in 'abdef':
        (official / f'{name}.jpg').touch()
    for split, count in (('train', 3), ('val', 2), ('test', 2)):
        files = dict(ann_file=f'mpii_{split}.json', data_root=str(official))
        ours = MPIIOcclusionDataset(data_prefix=dict(img=''), test_mode=True, **files)
        assert len(ours) == count
        numbered = json.loads((official / f'mpii_{split}.json').read_text())
        for number, person in enumerate(numbered):  # MMPose wants numbers for names
            person['image'] = f'{number}.jpg'
        (official / f'mpii_{split}.json').write_text(json.dumps(numbered))
        if split != 'test':  # MMPose leaves out people without joints, who would be everybody
            assert len(MpiiDataset(data_prefix=dict(img=''), **files)) == count
    assert ours.get_data_info(0)['num_keypoints'] == 0  # of a test image


def test_head_sizes_and_flags_arrive(official, run_tool):
    (official / 'val.txt').write_text('a.jpg 2\nb.jpg 2\n')
    args = ['--out', official, '--val-list', official / 'val.txt']
    assert run_tool('convert_mpii', official / 'mpii.mat', *args)[0] == 0
    for name in 'ab':
        (official / f'{name}.jpg').touch()
    dataset = MPIIOcclusionDataset(
        ann_file='mpii_val.json',
        headbox_file='mpii_gt_val.mat',
        data_root=str(official),
        data_prefix=dict(img=''),
    )
    info = dataset.get_data_info(1)
    np.testing.assert_allclose(info['head_size'], [[30]])
    labelled, visible = info['keypoints_visible'][0].T
    assert [MPII_JOINTS[k] for k in np.flatnonzero(labelled)] == ['right_ankle', 'pelvis']
    assert visible[0] == 0 and visible[6] == 1
    np.testing.assert_allclose(info['keypoints'][0, 6], [60, 31])


@pytest.mark.parametrize(
    'person, message',
    [
        (rect(scale=np.nan), 'a.jpg, person 1, scale: expected a number of at most 5000, got nan'),
        (rect(scale=1e30), r'a.jpg, person 1, scale: expected a number .* got 1e\+30'),
        (rect(scale=6000.0), 'a.jpg, person 1, scale: expected a number of at most 5000, got 6000'),
        (rect(x1=1e30), r'a.jpg, person 1: expected a number of at most 1e\+06, got 1e\+30'),
        (
            rect(annopoints=dict(point=struct_array([dict(x=1e30, y=1.0, id=0)]))),
            r'a.jpg, person 1: expected a number of at most 1e\+06, got 1e\+30',
        ),
        (rect(scale='tall'), "a.jpg, person 1, scale: expected a number, got 'tall'"),
        (rect(annopoints=dict(point=points([16]))), 'of id 0-15 with x and y, got id 16'),
        (rect(annopoints=dict(point=points([0.5]))), 'got id 0.5'),
        (rect(annopoints=dict(point=dict(x=1.0, y=EMPTY, id=2))), r'at \(1.0, None\)'),
    ],
)
def test_faulty_people(tmp_path, person, message):
    save(tmp_path / 'mpii.mat', [image('a.jpg', person)], [1])
    with pytest.raises(ValueError, match=message):
        read_mpii_release(tmp_path / 'mpii.mat')


def test_repeated_joints(tmp_path, run_tool):
    """The first annotation is used, as in MPII's own evaluation; the tool prints their number."""
    again = points([3, 4, 3, 3])
    again[0, 2]['x'], again[0, 3]['x'] = 500.0, 600.0
    save(tmp_path / 'mpii.mat', [image('a.jpg', rect(annopoints=dict(point=again)))], [1])
    (person,) = read_mpii_release(tmp_path / 'mpii.mat').people
    assert person.repeated == 2
    np.testing.assert_array_equal(np.flatnonzero(person.labelled), [3, 4])
    np.testing.assert_array_equal(person.joints[3], [31, 17])
    status, text, err = run_tool('convert_mpii', tmp_path / 'mpii.mat', '--out', tmp_path / 'out')
    assert status == 0, err
    assert 'joints given more than once: 2; the first annotation is used' in text


@pytest.mark.parametrize(
    'train, changes, reason',
    [
        (1, dict(), None),
        (1, dict(annopoints=EMPTY, scale=EMPTY), 'joints'),
        (0, dict(annopoints=EMPTY), None),
        (0, dict(objpos=EMPTY), 'objpos'),
        (1, dict(objpos=dict(x=1.0, y=EMPTY)), 'objpos'),
        (1, dict(scale=None), 'scale'),
        (1, dict(scale=-0.005), 'scale'),
    ],
)
def test_who_is_left_out(tmp_path, train, changes, reason):
    save(tmp_path / 'mpii.mat', [image('a.jpg', rect(**changes))], [train])
    (person,) = read_mpii_release(tmp_path / 'mpii.mat').people
    assert reason_to_leave_out(person) == reason


@pytest.mark.parametrize(
    'single, expected',
    [
        ([EMPTY, EMPTY], [False] * 4),
        ([np.array([1, 2]), np.array([1, 2])], [True] * 4),  # lists of one length
        ([2.0, 1.0], [False, True, True, False]),
    ],
)
def test_lists_of_single_people(tmp_path, single, expected):
    images = [image(name, rect(), rect()) for name in ('a.jpg', 'b.jpg')]
    save(tmp_path / 'mpii.mat', images, [1, 0], single)
    people = read_mpii_release(tmp_path / 'mpii.mat').people
    assert [person.single_person for person in people] == expected


def test_lists_of_other_lengths(tmp_path):
    images = [image('a.jpg', rect()), image('b.jpg', rect())]
    save(tmp_path / 'mpii.mat', images, [1, 0], [1.0, 1.0])
    release = loadmat(tmp_path / 'mpii.mat')['RELEASE']
    for name, message in (
        ('single_person', '2 images, single_person of 3'),
        ('img_train', 'has 3'),
    ):
        faulty = {field: release[field][0, 0] for field in release.dtype.names}
        faulty[name] = np.resize(faulty[name], 3)
        savemat(tmp_path / 'faulty.mat', dict(RELEASE=faulty))
        with pytest.raises(ValueError, match=message):
            read_mpii_release(tmp_path / 'faulty.mat')


def test_no_images_at_all(tmp_path, run_tool):
    save(tmp_path / 'mpii.mat', [], [])
    status, _, err = run_tool('convert_mpii', tmp_path / 'mpii.mat', '--out', tmp_path / 'out')
    assert status == 2 and 'annolist of RELEASE is empty, expected images' in err


def test_nobody_to_train_on(tmp_path, run_tool):
    save(tmp_path / 'mpii.mat', [image('a.jpg', rect(annopoints=None), rect(scale=EMPTY))], [1])
    status, _, err = run_tool('convert_mpii', tmp_path / 'mpii.mat', '--out', tmp_path / 'out')
    assert status == 2
    assert 'none of the 2 people in training images can be used: person 1 of a.jpg has no' in err


def test_all_files_or_none(official, run_tool, monkeypatch):
    """With a full disk nothing new is written, and old files stay."""
    out = official / 'out'
    assert run_tool('convert_mpii', official / 'mpii.mat', '--out', out)[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    write_bytes = Path.write_bytes

    def write_json_only(path, content):
        if '.mat.' in path.name:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return write_bytes(path, content)

    monkeypatch.setattr(Path, 'write_bytes', write_json_only)
    (official / 'val.txt').write_text('a.jpg 1\n')
    args = ['--out', out, '--val-list', official / 'val.txt']
    status, _, err = run_tool('convert_mpii', official / 'mpii.mat', *args)
    assert status == 2 and 'No space left on device' in err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_another_file(tmp_path, run_tool):
    savemat(tmp_path / 'x.mat', dict(joints=np.zeros(3)))
    status, _, err = run_tool('convert_mpii', tmp_path / 'x.mat', '--out', tmp_path / 'out')
    assert status == 2 and "expected MPII's struct RELEASE" in err
    assert list((tmp_path / 'out').iterdir()) == []
    (tmp_path / 'file').touch()
    status, _, err = run_tool('convert_mpii', tmp_path / 'x.mat', '--out', tmp_path / 'file')
    assert status == 2 and 'cannot be written' in err


@pytest.mark.parametrize(
    'text, message',
    [
        ('a.jpg', "line 1: expected an image and the number of a person from 1, got 'a.jpg'"),
        ('a' * 99, f"got '{'a' * 60}'[.]$"),
        ('\na.jpg 0', 'line 2: expected an image'),
        ('a.jpg 1\nb.jpg 2\na.jpg,1', "line 3: 'a.jpg,1' is in line 1 too"),
    ],
)
def test_faulty_lists(tmp_path, text, message):
    (tmp_path / 'val.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_person_list(tmp_path / 'val.txt')


@pytest.mark.parametrize('line', ['b.jpg 3', 'z.jpg 1', 'e.jpg 1', 'a.jpg 9'])
def test_people_of_the_list_who_are_not_annotated(official, line):
    (official / 'val.txt').write_text(f'a.jpg 1\n{line}\n')
    people = read_mpii_release(official / 'mpii.mat').people
    with pytest.raises(ValueError, match='line 2 of the list: person .* is not an annotated'):
        split_people(people, read_person_list(official / 'val.txt'))


def test_validation_people_of_mmposes_json(official, run_tool):
    """They are found by image and centre."""
    mat, listing, out = official / 'mpii.mat', official / 'val.json', official / 'out'
    assert run_tool('convert_mpii', mat, '--out', out)[0] == 0
    everybody = json.loads((out / 'mpii_trainval.json').read_text())
    chosen = everybody[1]
    entry = {name: chosen[name] for name in ('image', 'center', 'joints', 'joints_vis', 'scale')}
    listing.write_text(json.dumps([entry]))
    status, text, err = run_tool('convert_mpii', mat, '--out', out, '--val-list', listing)
    assert status == 0, err
    assert json.loads((out / 'mpii_val.json').read_text()) == [chosen]
    assert 'train: 1 people are in images of validation people, too' in text
    assert len(json.loads((out / 'mpii_train.json').read_text())) == len(everybody) - 1
    for change, message in (
        (dict(center=[9, 9]), '0 of the 2 annotated people of this image'),
        (dict(image='c.jpg'), '0 of the 0 annotated people of this image'),
        (dict(center='left'), 'expected x and y of its center'),
    ):
        listing.write_text(json.dumps([entry, entry | change]))
        status, _, err = run_tool('convert_mpii', mat, '--out', out, '--val-list', listing)
        assert status == 2 and f'person 1 ({(entry | change)["image"]}): {message}' in err
    listing.write_text(json.dumps([entry, entry]))
    status, _, err = run_tool('convert_mpii', mat, '--out', out, '--val-list', listing)
    assert status == 2 and 'person 1 (a.jpg) is person 0, too' in err


def test_validation_needs_head_boxes(official, run_tool):
    (official / 'val.txt').write_text('d.jpg 1\n')
    args = ['--out', official / 'out', '--val-list', official / 'val.txt']
    status, _, err = run_tool('convert_mpii', official / 'mpii.mat', *args)
    assert status == 2 and '1 people have no head box' in err and 'person 1 of d.jpg' in err
