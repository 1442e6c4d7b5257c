import numpy as np
import pytest

from mssh_mmpose.evaluation import baseline_scores, occlusion_scores, pck_correct, percentage

EVERY = np.ones(4, bool)


def test_pck_by_hand():
    """Two people, tori of 10 and 20 px, threshold 0.2: 2 and 4 px."""
    target = np.zeros((2, 4, 2))
    pred = np.zeros((2, 4, 2))
    pred[..., 0] = [[0, 1.9, 2.1, 0], [3.9, 4.1, 0, 0]]
    pred[..., 1] = [[0, 0, 0, -1.9], [0, 0, 3.0, -4.1]]
    correct = pck_correct(pred, target, np.array([10.0, 20.0]), 0.2)
    np.testing.assert_array_equal(correct, [[True, True, False, True], [True, False, True, False]])


def test_distance_is_euclidean_and_the_threshold_inclusive():
    target = np.zeros((1, 2, 2))
    pred = np.array([[[3.0, 4.0], [4.0, 4.0]]])
    np.testing.assert_array_equal(pck_correct(pred, target, np.array([10.0]), 0.5), [[True, False]])


def test_eq_7_does_not_depend_on_the_scale():
    rng = np.random.default_rng(0)
    pred, target = rng.random((2, 5, 14, 2))
    torso = rng.random(5) + 0.1
    expected = pck_correct(pred, target, torso, 0.2)
    np.testing.assert_array_equal(pck_correct(8 * pred, 8 * target, 8 * torso, 0.2), expected)


def test_prediction_without_a_value_is_wrong():
    target = np.zeros((1, 1, 2))
    assert not pck_correct(target + np.nan, target, np.ones(1), 0.2).any()


def test_inputs_are_unchanged():
    pred, target, torso = np.ones((2, 3, 2)), np.zeros((2, 3, 2)), np.array([1.0, 2.0])
    pck_correct(pred, target, torso, 0.2)
    assert pred.min() == 1 and not target.any() and list(torso) == [1, 2]


@pytest.mark.parametrize(
    'pred, target, torso',
    [((2, 3, 2), (2, 4, 2), (2,)), ((2, 3, 2), (2, 3, 2), (3,)), ((2, 3, 2), (2, 3, 2), (2, 1))],
)
def test_shapes_that_disagree(pred, target, torso):
    shapes = [str(shape).replace('(', r'\(').replace(')', r'\)') for shape in (pred, target, torso)]
    with pytest.raises(ValueError, match=f'got {shapes[0]}, {shapes[1]} and {shapes[2]}'):
        pck_correct(np.zeros(pred), np.zeros(target), np.ones(torso), 0.2)


@pytest.mark.parametrize('length', [0.0, -1.0, float('nan')])
def test_reference_length_must_be_positive(length):
    zero = np.zeros((2, 3, 2))
    with pytest.raises(ValueError, match=f'must be positive, got {length}'):
        pck_correct(zero, zero, np.array([1.0, length]), 0.2)


def test_nobody():
    correct = pck_correct(np.zeros((0, 3, 2)), np.zeros((0, 3, 2)), np.zeros(0), 0.2)
    assert correct.shape == (0, 3)


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
