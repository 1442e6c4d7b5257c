"""Statistics of studies against known intervals."""

import numpy as np
import pytest
from scipy import stats

from mssh_mmpose.evaluation.statistics import (
    Difference,
    accuracy,
    compare,
    direction,
    paired_bootstrap,
    verdict,
    welch_interval,
)


def test_bootstrap_of_people_agrees_with_the_normal_approximation():
    """One run each: the paired standard error of the mean."""
    rng = np.random.default_rng(0)
    counts = np.full(1000, 14)
    ours, theirs = rng.binomial(14, 0.72, (1, 1000)), rng.binomial(14, 0.70, (1, 1000))
    found = paired_bootstrap(ours, theirs, counts)
    each = 100 * (ours - theirs)[0] / 14
    assert found.mean == pytest.approx(each.mean())
    half = 1.96 * each.std() / np.sqrt(1000)
    assert found.low == pytest.approx(each.mean() - half, abs=0.05)
    assert found.high == pytest.approx(each.mean() + half, abs=0.05)


def test_bootstrap_is_paired():
    """People of different difficulty do not widen the interval if both networks are affected."""
    hard = np.random.default_rng(0).integers(0, 14, (1, 500))
    found = paired_bootstrap(hard + 1, hard, np.full(500, 14))
    assert found.low == pytest.approx(found.high)


def test_bootstrap_includes_the_spread_of_seeds():
    """Two runs 10 points apart against one: the mean of two new runs has a deviation of 10 / 2."""
    counts = np.full(200, 10)
    found = paired_bootstrap(np.array([[6], [7]]).repeat(200, 1), np.full((1, 200), 6), counts)
    reach = 5 * 2**0.5  # both drawn runs are the better, or the worse; standard deviation 5
    assert (found.mean, found.low, found.high) == pytest.approx((5, 5 - reach, 5 + reach))
    with pytest.raises(ValueError, match='the same people'):
        paired_bootstrap(np.zeros((1, 3)), np.zeros((1, 4)), np.ones(3))


def test_verdicts():
    better, none = Difference(1.0, 0.5, 1.5), Difference(0.1, -0.5, 0.7)
    assert direction(better) == 'better' and direction(none) == 'no measurable difference'
    assert verdict(better, 'better') == 'agrees' and verdict(better, 'worse') == 'disagrees'
    assert verdict(none, 'better') == 'no measurable difference'


def test_welch_interval_is_that_of_scipy():
    ours, theirs = [50.5, 52.0, 49.9], [48.0, 48.2]
    found = welch_interval(ours, theirs, level=0.9)
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.9)
    assert found.mean == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert welch_interval([3.0, 3.0], [1.0, 1.0]) == (2.0, 2.0, 2.0)


def test_a_comparison_takes_the_wider_interval():
    counts = np.full(300, 10)
    people = np.random.default_rng(0).integers(0, 9, 300)
    far = np.stack([people, people + 1])  # seeds 10 points apart, people alike
    assert compare(far, far - 0, counts) == welch_interval(
        *([accuracy(run, counts) for run in far],) * 2
    )
    shuffled = np.stack([np.roll(people, shift) for shift in (0, 1)])  # seeds alike in the mean
    near = compare(far * 0 + people, shuffled, counts)
    assert near == paired_bootstrap(far * 0 + people, shuffled, counts) and near.low < near.high
    # One run each: there is no spread between seeds to measure.
    assert compare(far[:1], shuffled, counts) == paired_bootstrap(far[:1], shuffled, counts)
