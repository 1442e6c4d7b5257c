"""Is one network better than another? Statistics over people and seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import InputError

RESAMPLES = 10_000


class Difference(NamedTuple):
    """Difference of two accuracies in percentage points, and the ends of its interval."""

    mean: float
    low: float
    high: float


def accuracy(hits: np.ndarray, counts: np.ndarray) -> float:
    """Percentage of correct joints over people: both (N,).

    >>> accuracy(np.array([3, 4]), np.array([4, 4]))
    87.5
    """
    return float(100 * hits.sum() / counts.sum())


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
    runs with replacement. With one run each the interval is that over people alone.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), percentile interval. Means of S
    drawn runs spread too little by sqrt((S - 1) / S), which is much for two or three: they are
    taken that much further from their centre.

    Args:
        hits: Correct joints (S, N) of S runs on N people.
        other_hits: Correct joints (S', N) of the network to compare with.
        counts: Joints that count (N,).
        level: Probability that the interval covers.
        resamples: Number of draws.
        seed: Of the draws.

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
    """Mean over runs drawn with replacement, spread as the mean of new runs: (R, S) -> (R,)."""
    runs = rates.shape[1]
    center = rates.mean(axis=1)
    if runs == 1:
        return center
    drawn = rng.integers(runs, size=rates.shape)
    means = np.take_along_axis(rates, drawn, axis=1).mean(axis=1)
    return center + (means - center) * np.sqrt(runs / (runs - 1))


def direction(difference: Difference) -> str:
    """What an interval shows: 'better', 'worse', or 'not distinguishable' if it holds 0.

    >>> direction(Difference(1.0, 0.2, 1.8))
    'better'
    """
    if difference.low > 0:
        return 'better'
    return 'worse' if difference.high < 0 else 'not distinguishable'


def verdict(difference: Difference, paper: str) -> str:
    """Compare a result with what a paper says.

    >>> verdict(Difference(-1.0, -2.0, -0.2), 'better')
    'disagrees'
    >>> verdict(Difference(-1.0, -2.0, 0.2), 'better')
    'not distinguishable'
    """
    found = direction(difference)
    if found == 'not distinguishable':
        return found
    return 'agrees' if found == paper else 'disagrees'


def spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation.

    >>> spread([60.0, 62.0]), spread([60.0])
    ('61.0 ± 1.4', '60.0')
    """
    if len(values) == 1:
        return f'{values[0]:.1f}'
    return f'{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}'
