"""Comparison of running times."""

import time
from collections.abc import Callable


def fastest(variants: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Run the variants in turn and give each one's shortest time in seconds.

    Taking turns and the minimum make a machine that does other things hurt little.

    Examples:
        >>> times = fastest({'short': lambda: sum(range(9)), 'long': lambda: sum(range(99999))}, 3)
        >>> min(times, key=times.get)
        'short'
    """
    times = {name: [] for name in variants}
    for function in variants.values():
        function()  # warms up
    for _ in range(rounds):
        for name, function in variants.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in times.items()}
