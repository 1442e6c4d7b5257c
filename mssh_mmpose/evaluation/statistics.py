"""Is one network better than another? Statistics over people and seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from ..errors import InputError

RESAMPLES = 10_000


class Difference(NamedTuple):
    """Difference of two accuracies in percentage points, and the ends of its interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it as tables show it.

        >>> str(Difference(1.25, -0.5, 3.0))
        '+1.2 [-0.5, +3.0]'
        """
        return f'{self.mean:+.1f} [{self.low:+.1f}, {self.high:+.1f}]'


def accuracy(hits: np.ndarray, counts: np.ndarray) -> float:
    """Percentage of correct joints over people: both (N,).

    >>> accuracy(np.array([3, 4]), np.array([4, 4]))
    87.5
    """
    return float(100 * hits.sum() / counts.sum())


def compare(
    hits: np.ndarray, other_hits: np.ndarray, counts: np.ndarray, level: float = 0.95
) -> Difference:
    """Compare two networks by the wider of :func:`paired_bootstrap` and :func:`welch_interval`.

    The bootstrap measures how people differ, but two or three runs show little about how seeds
    differ; the t-interval accounts for so few. With one run of either network there is only the
    bootstrap, over people.

    Args:
        hits: Correct joints (S, N) of S runs on N people.
        other_hits: Correct joints (S', N) of the network to compare with.
        counts: Joints that count (N,).
        level: Probability that the interval covers.
    """
    bootstrap = paired_bootstrap(hits, other_hits, counts, level)
    if 1 in (len(hits), len(other_hits)):
        return bootstrap
    scores = ([accuracy(run, counts) for run in each] for each in (hits, other_hits))
    return max(bootstrap, welch_interval(*scores, level), key=lambda d: d.high - d.low)


def welch_interval(
    scores: Sequence[float], other_scores: Sequence[float], level: float = 0.95
) -> Difference:
    """Compute Welch's t-interval of the difference of two means, of unlike variances.

    Welch, The generalization of 'Student's' problem when several different population variances
    are involved, Biometrika 34 (1947).

    Args:
        scores: Scores of at least two runs.
        other_scores: Scores of at least two runs of the network to compare with.
        level: Probability that the interval covers.

    Examples:
        >>> found = welch_interval([1.0, 3.0], [0.0, 2.0])  # t of two degrees of freedom: 4.30
        >>> [round(value, 2) for value in found]
        [1.0, -5.08, 7.08]
    """
    both = [np.asarray(each, dtype=float) for each in (scores, other_scores)]
    mean = float(both[0].mean() - both[1].mean())
    # The variance of the means, not of the runs.
    variances = [each.var(ddof=1) / len(each) for each in both]
    error = sum(variances)
    if error == 0:
        return Difference(mean, mean, mean)
    freedom = error**2 / sum(v**2 / (len(each) - 1) for v, each in zip(variances, both))
    reach = float(stdtrit(freedom, (1 + level) / 2) * np.sqrt(error))
    return Difference(mean, mean - reach, mean + reach)


def paired_bootstrap(
    hits: np.ndarray,
    other_hits: np.ndarray,
    counts: np.ndarray,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Bootstrap the difference of two networks on the same people, over people and seeds.

    Each resample draws people with replacement, the same for both networks, and for each network
    runs with replacement. With one run each the interval is only over people.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), percentile interval. Means of S
    drawn runs vary too little by sqrt((S - 1) / S), which matters for two or three. They are moved
    away from their centre by this factor.

    Args:
        hits: Correct joints (S, N) of S runs on N people.
        other_hits: Correct joints (S', N) of the network to compare with.
        counts: Joints that count (N,).
        level: Probability that the interval covers.
        resamples: Number of draws.
        seed: Random seed of the resampling.

    Raises:
        InputError: If the numbers of people differ.

    Examples:
        >>> hits = np.full((2, 100), 3)
        >>> paired_bootstrap(hits, hits - 1, np.full(100, 4))
        Difference(mean=25.0, low=25.0, high=25.0)
    """
    if hits.shape[1:] != counts.shape or other_hits.shape[1:] != counts.shape:
        raise InputError(
            f'expected runs on the same people, got {hits.shape}, {other_hits.shape} and '
            f'{counts.shape}.'
        )
    rng = np.random.default_rng(seed)
    people = len(counts)
    # How often each person is drawn, instead of the drawn people: one product for all.
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=resamples)
    totals = drawn @ counts
    rates = [100 * (drawn @ each.T) / totals[:, None] for each in (hits, other_hits)]
    means = [_mean_of_drawn_runs(rate, rng) for rate in rates]
    low, high = np.quantile(means[0] - means[1], [(1 - level) / 2, (1 + level) / 2])
    mean = 100 * (hits.mean(axis=0).sum() - other_hits.mean(axis=0).sum()) / counts.sum()
    return Difference(float(mean), float(low), float(high))


def _mean_of_drawn_runs(rates: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return means of drawn runs, (R, S) -> (R,), that vary as the mean of new runs would."""
    runs = rates.shape[1]
    center = rates.mean(axis=1)
    if runs == 1:
        return center
    drawn = rng.integers(runs, size=rates.shape)
    means = np.take_along_axis(rates, drawn, axis=1).mean(axis=1)
    return center + (means - center) * np.sqrt(runs / (runs - 1))


def direction(difference: Difference) -> str:
    """Return 'better', 'worse', or 'no measurable difference' if the interval contains 0.

    >>> direction(Difference(1.0, 0.2, 1.8))
    'better'
    """
    if difference.low > 0:
        return 'better'
    return 'worse' if difference.high < 0 else 'no measurable difference'


def verdict(difference: Difference, paper: str) -> str:
    """Compare a result with what a paper says.

    >>> verdict(Difference(-1.0, -2.0, -0.2), 'better')
    'disagrees'
    >>> verdict(Difference(-1.0, -2.0, 0.2), 'better')
    'no measurable difference'
    """
    found = direction(difference)
    if found == 'no measurable difference':
        return found
    return 'agrees' if found == paper else 'disagrees'


def mean_and_deviation(values: Sequence[float]) -> str:
    """Mean and sample standard deviation.

    >>> mean_and_deviation([60.0, 62.0]), mean_and_deviation([60.0])
    ('61.0 ± 1.4', '60.0')
    """
    if len(values) == 1:
        return f'{values[0]:.1f}'
    return f'{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}'
