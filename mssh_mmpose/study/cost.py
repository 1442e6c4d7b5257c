"""Plot of a study's accuracy over cost."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from .results import FinishedRun

MARKERS = 'osD^v<>PX'


def plot_cost(title: str, finished: dict[str, list[FinishedRun]]) -> Figure:
    """Draw the first metric over the cost of an image, and over the cost of the training.

    A marker is the mean of a variant's runs; its line goes from the worst to the best run. Variants
    of the same cost stand side by side.

    Args:
        title: Title of the figure.
        finished: Runs by variant, at least one.
    """
    figure = Figure(figsize=(11, 5), layout='constrained')
    per_image, training = figure.subplots(1, 2, sharey=True)
    costs = [int(runs[0].row['multiply_adds']) / 1e9 for runs in finished.values()]
    # A backward pass computes twice as much as a forward pass.
    training_costs = [
        3 * cost * int(runs[0].row['images']) / 1e3 for cost, runs in zip(costs, finished.values())
    ]
    places, training_places = side_by_side(costs), side_by_side(training_costs)
    for number, (name, runs) in enumerate(finished.items()):
        metric = next(iter(runs[0].people))
        values = [run.score(metric) for run in runs]
        style = dict(
            marker=MARKERS[number % len(MARKERS)], color=f'C{number % 10}', capsize=3, linestyle=''
        )
        mean = sum(values) / len(values)
        # The mean of equal values may differ from them by rounding.
        reach = [[max(mean - min(values), 0)], [max(max(values) - mean, 0)]]
        label = f'{name} ({len(values)})'
        per_image.errorbar(places[number], mean, yerr=reach, label=label, **style)
        training.errorbar(training_places[number], mean, yerr=reach, **style)
    per_image.set(ylabel=f'{metric} (%)')
    per_image.set(xlabel='multiply-adds of an image (G)')
    training.set(xlabel='training: 3 x images x multiply-adds (T)')
    for ax in (per_image, training):
        ax.set_xlim(min(0, ax.dataLim.x0 - 0.02 * ax.dataLim.x1), 1.05 * ax.dataLim.x1)
        ax.locator_params(axis='x', nbins=6)
        ax.grid(alpha=0.3)
    figure.suptitle(f'{title}; runs in brackets, equal costs side by side')
    figure.legend(*per_image.get_legend_handles_labels(), loc='outside right center')
    return figure


def side_by_side(costs: Sequence[float]) -> list[float]:
    """Return where to draw costs, so that those within 1 % of the highest do not cover each other.

    Examples:
        >>> side_by_side([100, 50, 100])
        [99.0, 50.0, 101.0]
    """
    highest = max(costs)
    places = []
    for number, cost in enumerate(costs):
        near = [n for n, other in enumerate(costs) if abs(other - cost) < 0.01 * highest]
        places.append(cost + 0.02 * highest * (near.index(number) - (len(near) - 1) / 2))
    return places
