"""Accuracy in pictures that do not show one whole person."""

import numpy as np
import pytest

from mssh_mmpose.datasets.lsp_meta import LSP_AMONG_MPII, LSP_JOINTS
from mssh_mmpose.datasets.mpii_meta import MPII_JOINTS
from mssh_mmpose.errors import InputError
from mssh_mmpose.evaluation.labelled import Labelled
from mssh_mmpose.evaluation.partial_people import (
    CROWDED,
    CUTS,
    ViewScores,
    is_upright,
    partial_views,
    score_views,
)
from mssh_mmpose.structures import Person

NETWORK = 'mssh-s_lsp_128x128'
# A standing person: x for right and left joints, and y.
HEIGHTS = dict(head_top=20, neck=40, shoulder=45, elbow=60, wrist=75, hip=80, knee=110, ankle=140)


def standing(size=(160, 120), colour=50):
    width, height = size[1], size[0]
    points = {
        name: np.array(
            [60 + 10 * name.startswith('left') - 10 * name.startswith('right'), HEIGHTS[part]],
            float,
        )
        for name in LSP_JOINTS
        for part in [name.removeprefix('left_').removeprefix('right_')]
    }
    return Labelled(np.full((height, width, 3), colour, np.uint8), points)


def test_upright():
    person = standing()
    assert is_upright(person)
    lying = Labelled(person.image, {name: p[::-1] for name, p in person.points.items()})
    assert not is_upright(lying)
    lacking = dict(person.points)
    del lacking['left_wrist']
    assert not is_upright(Labelled(person.image, lacking))


def test_views():
    person, neighbour = standing(), standing(colour=200)
    views = partial_views(person, neighbour)
    assert list(views) == [*CUTS, CROWDED]
    heights = [views[kind].image.shape[0] for kind in CUTS]
    assert heights == [110 + 2, 80 + 2, 45 + 20]  # the head is 20 px long
    parts = [{name.split('_')[-1] for name in views[kind].joints} for kind in CUTS]
    assert 'ankle' not in parts[0] and 'knee' in parts[0]
    assert 'knee' not in parts[1] and 'hip' in parts[1]
    assert parts[2] == {'top', 'neck', 'shoulder', 'elbow'}
    np.testing.assert_allclose(views['portrait'].box, [50, 20, 70, 60])

    crowded = views[CROWDED]
    np.testing.assert_allclose(crowded.box, [50, 20, 70, 140])
    pasted = crowded.image == 200
    assert pasted[20:140, 65:85].all() and pasted.sum() == 120 * 20 * 3
    assert crowded.joints == [name for name in LSP_JOINTS if not name.startswith('left')]
    assert (person.image == 50).all()


def test_pictures_grow_for_the_neighbour_and_empty_views_are_left_out():
    person = standing(size=(160, 72))
    views = partial_views(person, standing(colour=200))
    assert views[CROWDED].image.shape == (160, 85, 3)
    for name, point in person.points.items():
        if HEIGHTS.get(name.split('_')[-1], 0) < 80 or name == 'head_top':
            point[0] = -5  # outside the picture
    assert 'portrait' not in partial_views(person, standing())


def test_people_beyond_the_upper_border_are_pasted():
    """Labels may lie outside the picture; negative numbers would count from its other end."""
    person, neighbour = standing(), standing(colour=200)
    for each in (person, neighbour):
        for point in each.points.values():
            point[1] -= 25
    view = partial_views(person, neighbour)[CROWDED]
    rows = np.flatnonzero((view.image == 200).any(axis=(1, 2)))
    assert (rows[0], rows[-1]) == (0, 114)  # the neighbour's part below 0, as large


def test_mpiis_upper_neck_is_lsps_neck():
    people = [standing() for _ in range(2)]
    joints = list(MPII_JOINTS)

    def predict(image, boxes):
        points = np.array([people[0].points.get(name, (0, 0)) for name in LSP_AMONG_MPII])
        points[joints.index('upper_neck')] += 50
        return [Person(points, np.ones(16), None, boxes[0])]

    found = score_views(predict, joints, iter(people))
    # All but one of the portrait's: head top, neck, shoulders, elbows.
    assert found['portrait'].correct == pytest.approx(100 * 5 / 6)


def test_errors_are_relative_to_the_diagonal_of_eq_7():
    people = [standing() for _ in range(2)]
    for person in people:
        person.points['right_shoulder'][0] = 25  # a diagonal of 57 px, the other has 40
    joints = list(LSP_JOINTS)

    def predict(image, boxes):
        points = np.array([people[0].points[name] for name in joints])
        points[joints.index('right_elbow'), 1] += 10
        return [Person(points, np.ones(14), None, boxes[0])]

    assert score_views(predict, joints, iter(people))[CROWDED].correct == 100


def test_networks_and_people_that_cannot_be_scored():
    with pytest.raises(InputError, match='none of the joints of LSP: tail'):
        score_views(None, ['tail'], iter([standing()] * 2))
    with pytest.raises(InputError, match='not two of the people are upright'):
        score_views(None, list(LSP_JOINTS), iter([standing()]))


def test_scores():
    people = [standing() for _ in range(3)]

    def predict(image, boxes):
        """Right joints in the whole picture; elsewhere the neck is far off, with low scores."""
        found = np.stack([people[0].points[name] for name in LSP_JOINTS])
        scores = np.full(len(found), 0.9)
        if image.shape[0] < 160 or image.max() != image.min():
            found[LSP_JOINTS.index('neck')] += 100
            scores[:] = 0.1
        return [Person(found, scores, None, boxes[0])]

    scores = score_views(predict, list(LSP_JOINTS), iter(people))
    assert list(scores) == [*CUTS, CROWDED]
    # Two of the people have a neighbour; six joints are in a portrait.
    assert scores['portrait'] == ViewScores(2, pytest.approx(500 / 6), 100.0, 100.0)


def test_tool(run_tool, real_data):
    options = ['--data-root', real_data('lsp'), '--count', 4, '--device', 'cpu']
    status, out, err = run_tool('score_partial_people', NETWORK, *options)
    assert status == 0, err
    lines = [line for line in out.splitlines() if line.startswith('|')]
    assert lines[0].startswith('| picture | people | PCK@0.2 |')
    assert [line.split('|')[1].strip() for line in lines[2:]] == [*CUTS, CROWDED]


@pytest.mark.parametrize('degrees, upright', [(28, True), (32, False)])
def test_leaning_people(degrees, upright):
    a, person = np.radians(degrees), standing()
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    points = {name: p @ turn for name, p in person.points.items()}
    assert is_upright(Labelled(person.image, points)) is upright


def test_a_small_neighbour_becomes_as_large():
    person, small = standing(), standing(colour=200)
    whole = partial_views(person, standing(colour=200))[CROWDED].image
    for point in small.points.values():
        point /= 2
    assert (partial_views(person, small)[CROWDED].image == 200).sum() == (whole == 200).sum()
