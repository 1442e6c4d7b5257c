import json
import pickle

import numpy as np
import pytest
from scipy.io import loadmat
from test_convert_mpii import image, rect, save


@pytest.fixture
def crowd(tmp_path, run_tool, monkeypatch):
    """A working folder with the official file of one training and four test images, converted.

    Gives the keypoints (16, 2), 0-based, of the four people that can be cropped.
    """
    monkeypatch.chdir(tmp_path)
    bare = dict(annopoints=None)
    images = [
        image('a.jpg', rect()),
        image('b.jpg', rect(**bare), rect(scale=np.zeros((0, 0)), **bare), rect(**bare)),
        image('c.jpg'),
        image('d.jpg', rect(**bare)),
        image('e.jpg', rect(**bare)),
    ]
    empty = np.zeros((0, 0))
    save('mpii.mat', images, [1, 0, 0, 0, 0], [1.0, np.array([1, 3]), empty, 1.0, empty])
    assert run_tool('convert_mpii', 'mpii.mat', '--out', '.')[0] == 0
    return np.random.default_rng(0).uniform(0, 500, (4, 16, 2))


def submit(run_tool, keypoints, annotations='mpii_test.json'):
    samples = [
        dict(id=number, pred_instances=dict(keypoints=points[None]))
        for number, points in keypoints.items()
    ]
    with open('pred.pkl', 'wb') as file:
        pickle.dump(samples, file)
    return run_tool('mpii_test_submission', 'pred.pkl', 'mpii.mat', '--annotations', annotations)


def people_with_place(annolist):
    """Everybody with an objpos: image name, number in the image, and person.

    So MPII's evaluation walks through the truth and through predictions, whose n-th people it
    compares; in predictions it needs the image's name too.
    """
    for each in annolist:
        for number, person in enumerate(each['annorect'].ravel(), 1):
            if 'objpos' in person.dtype.names and person['objpos'].size:
                yield each['image']['name'].item().item(), number, person


def test_as_the_benchmark_reads_it(crowd, run_tool):
    """The people at the places of the truth's single people are those predicted for them."""
    assert submit(run_tool, dict(enumerate(crowd)))[0] == 0
    release = loadmat('mpii.mat')['RELEASE'][0, 0]
    test = release['img_train'].ravel() == 0
    truth = list(people_with_place(release['annolist'].ravel()[test]))
    pred = list(people_with_place(loadmat('work_dirs/pred_keypoints_mpii.mat')['pred'].ravel()))
    assert [entry[:2] for entry in pred] == [entry[:2] for entry in truth]
    for (_, _, ours), (_, _, theirs) in zip(pred, truth):
        for axis in 'xy':
            assert ours['objpos'][axis].item() == theirs['objpos'][axis].item()
        assert ours['scale'].tolist() == theirs['scale'].tolist()
    assert [entry[:2] for entry in truth] == [
        *(('b.jpg', 1), ('b.jpg', 2), ('b.jpg', 3)),
        ('d.jpg', 1),
        ('e.jpg', 1),
    ]
    for index, number in ((0, 0), (2, 1), (3, 2)):  # people 1 and 3 of b.jpg, and of d.jpg
        points = pred[index][2]['annopoints']['point'].item().ravel()
        by_id = {point['id'].item(): (point['x'].item(), point['y'].item()) for point in points}
        np.testing.assert_allclose([by_id[k] for k in range(16)], crowd[number] + 1)


def test_round_trip(crowd, run_tool):
    status, out, err = submit(run_tool, dict(enumerate(crowd)))
    assert status == 0, err
    assert out == '4 people in 4 test images: work_dirs/pred_keypoints_mpii.mat\n'
    pred = loadmat('work_dirs/pred_keypoints_mpii.mat')['pred']
    assert pred.shape == (1, 4)  # the images b, c, d and e
    counts = [image['annorect'].size for image in pred[0]]
    assert counts == [3, 0, 1, 1]
    people = [pred[0, 0]['annorect'][0, 0], pred[0, 0]['annorect'][0, 2]]
    people += [pred[0, 2]['annorect'][0, 0], pred[0, 3]['annorect'][0, 0]]
    assert pred[0, 0]['annorect'][0, 1]['annopoints'].size == 0  # no scale: not predicted
    for person, keypoints in zip(people, crowd):
        points = person['annopoints'][0, 0]['point']
        assert points.shape == (1, 16)
        read = [[point[name].item() for name in ('x', 'y', 'id')] for point in points[0]]
        np.testing.assert_allclose(read, [(x + 1, y + 1, k) for k, (x, y) in enumerate(keypoints)])


def test_people_who_are_not_scored_may_be_missing(crowd, run_tool):
    people = dict(enumerate(crowd))
    del people[3]
    assert submit(run_tool, people)[0] == 0
    del people[1]
    status, _, err = submit(run_tool, people)
    assert status == 2
    assert '1 of the 3 people whom the benchmark scores have no prediction' in err
    assert 'person 3 of b.jpg' in err


def test_single_people_without_place_are_not_scored(tmp_path, run_tool, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bare = dict(annopoints=None)
    people = [rect(**bare), rect(objpos=None, scale=None, **bare)]
    save('mpii.mat', [image('a.jpg', rect()), image('b.jpg', *people)], [1, 0], [1.0, [1.0, 2.0]])
    assert run_tool('convert_mpii', 'mpii.mat', '--out', '.')[0] == 0
    status, _, err = submit(run_tool, {0: np.ones((16, 2))})
    assert status == 0, err
    status, _, err = submit(run_tool, {})
    assert status == 2 and '1 of the 1 people whom the benchmark scores' in err


def test_wrong_predictions(crowd, run_tool):
    people = dict(enumerate(crowd))
    status, _, err = submit(run_tool, {**people, 9: crowd[0]})
    assert status == 2 and 'prediction of person 9, but the annotations have 4 people' in err
    status, _, err = submit(run_tool, {**people, 2: crowd[0, :14]})
    assert status == 2 and 'person 2 (d.jpg): expected 16 finite (x, y), got shape (14, 2)' in err
    people[2][3, 1] = np.nan
    status, _, err = submit(run_tool, people)
    assert status == 2 and 'person 2 (d.jpg)' in err


def test_annotations_of_other_files(crowd, run_tool):
    with open('mpii_test.json') as file:
        entries = json.load(file)
    entries[3]['image_index'] = 1  # a training image
    with open('other.json', 'w') as file:
        json.dump(entries, file)
    status, _, err = submit(run_tool, dict(enumerate(crowd)), 'other.json')
    assert status == 2 and 'predictions are of nobody in the test images' in err
    del entries[3]['image_index']
    with open('plain.json', 'w') as file:
        json.dump(entries, file)
    status, _, err = submit(run_tool, dict(enumerate(crowd)), 'plain.json')
    assert status == 2 and 'no image_index; expected the file of tools/convert_mpii.py' in err
    status, _, err = submit(run_tool, dict(enumerate(crowd)), 'none.json')
    assert status == 2 and 'none.json not found' in err
