"""Low scores, which say that a box does not hold one whole person."""

from pathlib import Path

import numpy as np
import pytest

from mssh_mmpose.datasets.synthetic import write_dataset
from mssh_mmpose.evaluation.confidence import (
    GOOD,
    choose_threshold,
    good_and_wrong_boxes,
    predict_boxes,
    warning_rates,
)
from mssh_mmpose.evaluation.labelled import Labelled
from mssh_mmpose.structures import FEW_JOINTS, Person, few_joints_found, note_of_few_joints

ROOT = Path(__file__).parents[1]
NAME = 'hourglass-s_signed_lsp_128x128'
NETWORK = [ROOT / f'configs/{NAME}.py', ROOT / f'results/{NAME}/epoch_48.pth', '--device', 'cpu']
POINTS = dict(
    head_top=(60, 20), neck=(60, 30), left_wrist=(80, 50), left_knee=(60, 80), left_ankle=(60, 99)
)


def person(*scores, box=(0, 0, 9, 9)):
    return Person(np.zeros((len(scores), 2)), np.array(scores), None, np.array(box))


def labelled(points=POINTS, size=(200, 150)):
    width, height = size
    points = {name: np.array(point, float) for name, point in points.items()}
    return Labelled(np.zeros((height, width, 3), np.uint8), points)


def test_most_scores_decide():
    assert not few_joints_found(person(0.0, 0.0, 0.9, 0.9))  # half of them
    assert few_joints_found(person(0.0, 0.0, 0.0, 0.9))
    assert not few_joints_found(person(0.0, 0.0, 0.0, 0.9), threshold=0.0)


def test_note():
    low, high = person(0.0), person(1.0)
    assert note_of_few_joints([]) is note_of_few_joints([high]) is None
    assert note_of_few_joints([low]) == FEW_JOINTS
    assert note_of_few_joints([low, high, low]) == f'person 1, 3: {FEW_JOINTS}'


def test_boxes():
    boxes = good_and_wrong_boxes(labelled(), np.random.default_rng(0))
    np.testing.assert_allclose(boxes[GOOD], [60, 20, 80, 99])
    np.testing.assert_allclose(boxes['background'], [80, 0, 200, 150])
    np.testing.assert_allclose(boxes['head'], [52.5, 17.5, 67.5, 32.5])
    np.testing.assert_allclose(boxes['upper half'], [60, 20, 80, 50])
    beside = boxes['beside the person']
    np.testing.assert_allclose(beside[2:] - beside[:2], [20, 79])
    assert abs(beside - boxes[GOOD]).max() in (20, 79)


def test_boxes_for_which_there_is_no_room():
    points = {name: POINTS[name] for name in ('neck', 'left_wrist')}
    tight = labelled(points, (81, 51))
    tight.points['neck'][:] = (1, 1)
    boxes = good_and_wrong_boxes(tight, np.random.default_rng(0))
    assert set(boxes) == {GOOD, 'upper half'}


@pytest.mark.parametrize('names', [[], ['neck'], ['left_knee', 'left_ankle']])
def test_people_with_few_labels(names):
    """One joint has no area; legs have no upper half."""
    some = labelled({name: POINTS[name] for name in names})
    some.points.get('left_ankle', np.zeros(2))[:] = (70, 99)
    boxes = good_and_wrong_boxes(some, np.random.default_rng(0))
    assert (GOOD in boxes) == (len(names) == 2) and 'upper half' not in boxes
    found = predict_boxes(lambda image, boxes: [person(1.0)] * len(boxes), iter([some]))
    assert set(found) == set(boxes)


def test_choice():
    found = predict_boxes(
        lambda image, boxes: [
            person(*(0.5, 0.1)[: 1 + (i > 0)] * 2, box=b) for i, b in enumerate(boxes)
        ],
        iter([labelled()] * 3),
    )
    assert {len(people) for people in found.values()} == {3}
    assert [len(p.scores) for p in found[GOOD]] == [2, 2, 2]
    shares = warning_rates(found[GOOD])
    assert shares[:10] == [0.0] * 10 and shares[10:] == [1.0] * 4
    assert choose_threshold(shares, 0.02) == 0.5
    assert choose_threshold([0.1] * 14, 0.02) == 0.0


@pytest.mark.parametrize('dataset', ['mpii', 'lsp'])
def test_tool(run_tool, real_data, tmp_path, dataset):
    if dataset == 'mpii':
        write_dataset(tmp_path, 3, 0)
    root = real_data('lsp') if dataset == 'lsp' else tmp_path
    options = ['--dataset', dataset, '--data-root', root, '--count', 2, '--most', 1]
    status, out, err = run_tool('choose_confidence', *NETWORK, *options)
    assert status == 0, err
    assert '| threshold | whole person (2) |' in out
    assert out.endswith('Chosen: 0.7\n')  # everything may be told
