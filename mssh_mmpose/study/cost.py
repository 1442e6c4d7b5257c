"""Plot of a study's accuracy over cost."""

from matplotlib.figure import Figure

from .results import FinishedRun

MARKERS = 'osD^v<>PX'


def plot_cost(title: str, finished: dict[str, list[FinishedRun]]) -> Figure:
    """Draw the first metric over the cost of an image, and over the cost of the training.

    A marker is the mean of a variant's runs; its line goes from the worst to the best run.

    Args:
        title: Of the picture.
        finished: Runs by variant, at least one.
    """
    figure = Figure(figsize=(11, 5), layout='constrained')
    per_image, training = figure.subplots(1, 2, sharey=True)
    for number, (name, runs) in enumerate(finished.items()):
        metric = next(iter(runs[0].people))
        values = [run.score(metric) for run in runs]
        cost = int(runs[0].row['multiply_adds']) / 1e9
        style = dict(
            marker=MARKERS[number % len(MARKERS)], color=f'C{number % 10}', capsize=3, linestyle=''
        )
        mean = sum(values) / len(values)
        # The mean of equal values may differ from them by rounding.
        reach = [[max(mean - min(values), 0)], [max(max(values) - mean, 0)]]
        images = int(runs[0].row['images'])
        label = f'{name} ({len(values)})'
        per_image.errorbar(cost, mean, yerr=reach, label=label, **style)
        # A backward pass computes twice as much as a forward pass.
        training.errorbar(3 * cost * images / 1e3, mean, yerr=reach, **style)
    per_image.set(ylabel=f'{metric} (%)')
    per_image.set(xlabel='multiply-adds of an image (G)')
    training.set(xlabel='training: 3 x images x multiply-adds (T)')
    for ax in (per_image, training):
        ax.set_xlim(0, 1.05 * ax.dataLim.x1)
        ax.locator_params(axis='x', nbins=6)
        ax.grid(alpha=0.3)
    figure.suptitle(f'{title}; number of runs in brackets')
    figure.legend(*per_image.get_legend_handles_labels(), loc='outside right center')
    return figure
