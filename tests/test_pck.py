import numpy as np
import pytest

from mssh_mmpose.evaluation import (
    accuracy_curve,
    area_under_curve,
    baseline_scores,
    occlusion_scores,
    percentage,
    relative_errors,
    summarize,
)

EVERY = np.ones(4, bool)


def test_pck_by_hand():
    """Two people, torsos of 10 and 20 px, threshold 0.2: 2 and 4 px."""
    target = np.zeros((2, 4, 2))
    pred = np.zeros((2, 4, 2))
    pred[..., 0] = [[0, 1.9, 2.1, 0], [3.9, 4.1, 0, 0]]
    pred[..., 1] = [[0, 0, 0, -1.9], [0, 0, 3.0, -4.1]]
    correct = relative_errors(pred, target, np.array([10.0, 20.0])) <= 0.2
    np.testing.assert_array_equal(correct, [[True, True, False, True], [True, False, True, False]])


def test_distance_is_euclidean_and_the_threshold_inclusive():
    target = np.zeros((1, 2, 2))
    pred = np.array([[[3.0, 4.0], [4.0, 4.0]]])
    np.testing.assert_array_equal(
        relative_errors(pred, target, np.array([10.0])) <= 0.5, [[True, False]]
    )


def test_eq_7_does_not_depend_on_the_scale():
    rng = np.random.default_rng(0)
    pred, target = rng.random((2, 5, 14, 2))
    torso = rng.random(5) + 0.1
    expected = relative_errors(pred, target, torso) <= 0.2
    np.testing.assert_array_equal(relative_errors(8 * pred, 8 * target, 8 * torso) <= 0.2, expected)


def test_prediction_without_a_value_is_wrong():
    target = np.zeros((1, 1, 2))
    assert np.isposinf(relative_errors(target + np.nan, target, np.ones(1))).all()


def test_inputs_are_unchanged():
    pred, target, torso = np.ones((2, 3, 2)), np.zeros((2, 3, 2)), np.array([1.0, 2.0])
    relative_errors(pred, target, torso)
    assert pred.min() == 1 and not target.any() and list(torso) == [1, 2]


@pytest.mark.parametrize(
    'pred, target, torso',
    [((2, 3, 2), (2, 4, 2), (2,)), ((2, 3, 2), (2, 3, 2), (3,)), ((2, 3, 2), (2, 3, 2), (2, 1))],
)
def test_shapes_that_disagree(pred, target, torso):
    shapes = [str(shape).replace('(', r'\(').replace(')', r'\)') for shape in (pred, target, torso)]
    with pytest.raises(ValueError, match=f'got {shapes[0]}, {shapes[1]} and {shapes[2]}'):
        relative_errors(np.zeros(pred), np.zeros(target), np.ones(torso))


@pytest.mark.parametrize('length', [0.0, -1.0, float('nan')])
def test_reference_length_must_be_positive(length):
    zero = np.zeros((2, 3, 2))
    with pytest.raises(ValueError, match=f'must be positive, got {length} for person 1'):
        relative_errors(zero, zero, np.array([1.0, length]))


def test_nobody():
    errors = relative_errors(np.zeros((0, 3, 2)), np.zeros((0, 3, 2)), np.zeros(0))
    assert errors.shape == (0, 3)


def test_float64():
    """A float32 difference of large coordinates would be off."""
    pred = np.float32([[[2000.1, 0]]])
    errors = relative_errors(pred, np.zeros((1, 1, 2), np.float32), np.float32([3.0]))
    assert errors.dtype == np.float64 and errors[0, 0] == np.float64(np.float32(2000.1)) / 3


def test_area_is_the_integral_of_the_curve():
    rng = np.random.default_rng(0)
    errors, counted = rng.exponential(0.3, (50, 14)), rng.random((50, 14)) < 0.8
    steps = np.linspace(0, 0.5, 20001)
    curve = accuracy_curve(errors, counted, steps)
    assert (np.diff(curve) >= 0).all()
    assert area_under_curve(errors, counted) == pytest.approx(curve.mean(), abs=0.01)
    assert np.isnan(area_under_curve(errors, ~np.ones_like(counted)))


def test_summary_by_hand():
    """Three people, two joints of a group and one of none; the second group's is never labelled."""
    errors = np.array([[0.1, 0.3, 0.0, 0.0], [0.3, 0.1, 0.6, 0.0], [0.3, 0.1, np.inf, 0.0]])
    labelled = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0]], bool)
    visible = np.array([[1, 0, 1, 1], [1, 1, 1, 1], [0, 1, 0, 1]], bool)
    groups = {'A': [0, 1], 'B': [3]}
    scores = summarize('X', errors, labelled, visible, groups, [0, 1, 3], [0.2, 0.5])
    # Columns of A: 1/3 and 1/2. Total: 2 of 5; visible: 2 of 3; occluded: 0 of 2.
    expected = {
        'A X@0.2': 125 / 3,
        'B X@0.2': np.nan,
        'X@0.2': 40,
        'X@0.2 (visible)': 200 / 3,
        'X@0.2 (occluded)': 0,
        'A X@0.5': 100,
        'B X@0.5': np.nan,
        'X@0.5': 100,
        'X@0.5 (visible)': 100,
        'X@0.5 (occluded)': 100,
        'X AUC@0-0.5': 100 * (0.8 + 0.4 + 0.4 + 0.4 + 0.8) / 5,
    }
    assert list(scores) == list(expected)
    np.testing.assert_allclose(list(scores.values()), list(expected.values()))


def test_percentage():
    correct = np.array([[True, False], [True, True]])
    assert percentage(correct, np.ones((2, 2), bool)) == 75
    assert percentage(correct, np.array([[False, True], [False, True]])) == 50
    assert np.isnan(percentage(correct, np.zeros((2, 2), bool)))


def test_occlusion_scores_by_hand():
    truth = np.array([1, 1, 1, 0, 0, 0, 1], bool)
    pred = np.array([1, 0, 1, 1, 0, 0, 0], bool)
    labelled = np.array([1, 1, 1, 1, 1, 1, 0], bool)
    # 2 hits among 3 found and 3 true.
    scores = occlusion_scores(pred, truth, labelled)
    assert scores == pytest.approx(dict(precision=200 / 3, recall=200 / 3, F1=200 / 3))
    scores = occlusion_scores(pred, truth, np.ones(7, bool))
    assert scores == pytest.approx(dict(precision=200 / 3, recall=50, F1=400 / 7))


@pytest.mark.parametrize(
    'pred, truth, labelled, expected',
    [
        (EVERY, EVERY, EVERY, 100),
        (~EVERY, EVERY, EVERY, 0),  # nothing found
        (EVERY, ~EVERY, EVERY, 0),  # nothing there
        (~EVERY, ~EVERY, EVERY, 0),
        (EVERY, EVERY, ~EVERY, 0),  # nothing labelled
    ],
)
def test_occlusion_scores_without_a_denominator(pred, truth, labelled, expected):
    scores = occlusion_scores(pred, truth, labelled)
    assert scores == dict(precision=expected, recall=expected, F1=expected)


def test_occlusion_scores_leave_the_inputs():
    pred, truth, labelled = np.ones(3, bool), np.ones(3, bool), np.zeros(3, bool)
    occlusion_scores(pred, truth, labelled)
    assert pred.all() and truth.all() and not labelled.any()


def test_occlusion_shapes_that_disagree():
    with pytest.raises(ValueError, match=r'got \(4,\), \(3,\) and \(4,\)'):
        occlusion_scores(EVERY, EVERY[:3], EVERY)


def test_baselines_by_hand():
    truth = np.array([1, 1, 0, 0, 0, 0, 0, 0, 1], bool)
    labelled = np.array([1, 1, 1, 1, 1, 1, 1, 1, 0], bool)
    scores = baseline_scores(truth, labelled)
    assert scores == pytest.approx(
        {'always visible': 0, 'always occluded': 40, 'random by rate': 25}
    )
    assert set(baseline_scores(truth, np.zeros(9, bool)).values()) == {0}


def test_random_baseline_is_the_expected_score():
    rng = np.random.default_rng(0)
    truth = rng.random(200_000) < 0.3
    guess = rng.random(200_000) < truth.mean()
    every = np.ones_like(truth)
    expected = baseline_scores(truth, every)['random by rate']
    assert occlusion_scores(guess, truth, every)['F1'] == pytest.approx(expected, abs=0.5)
