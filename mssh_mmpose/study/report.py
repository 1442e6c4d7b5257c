"""The results of a study as Markdown."""

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..evaluation.statistics import compare, direction, mean_and_deviation, verdict
from ..markdown import markdown_table
from .plan import Comparison, Study
from .results import FinishedRun

EXPLANATION = """\
Difference to the other variant in points, with a 95 % interval: the wider of a bootstrap over
people and runs, paired in the people, and of Welch's t-interval over the seeds. An interval that
contains 0 shows no measurable difference. A single run does not show how much seeds differ: its
interval is only over people, and there is no verdict. "Paper" is the direction that the paper
reports, for networks of its own size on its own data."""


def summary(study: Study, finished: dict[str, list[FinishedRun]]) -> str:
    """Describe a study as Markdown: each variant's scores, and each comparison.

    Args:
        study: The planned runs.
        finished: Finished runs by variant, from :meth:`Results.select`.

    Raises:
        InputError: If variants that are compared were tested on different people.
    """
    if not finished:
        return f'# {study.title}\n\nNo run is finished.\n'
    metrics = list(next(iter(finished.values()))[0].people)
    total = sum(len(variant.seeds) for variant in study.variants)
    number = sum(map(len, finished.values()))
    lines = [f'# {study.title}', '']
    lines += [
        f'{number} of {total} runs. Scores are means and standard deviations over the seeds. '
        'Minutes are those of training, including slow-downs by other jobs on the machine.',
        '',
    ]
    heads = ['variant', 'runs', *metrics, 'epochs', 'parameters (M)', 'multiply-adds (G)']
    rows = (_variant_row(name, runs, metrics) for name, runs in finished.items())
    lines.append(markdown_table([*heads, 'minutes'], rows))
    compared = [c for c in study.comparisons if c.variant in finished and c.against in finished]
    if compared:
        lines += ['', '## Comparisons', '']
        lines += [EXPLANATION.replace('\n', ' '), '']
        rows = (_comparison(c, finished[c.variant], finished[c.against], metrics) for c in compared)
        heads = ['question', 'variant', 'against', *metrics, 'paper', 'ours']
        lines.append(markdown_table(heads, rows, 'lll' + 'r' * len(metrics) + 'll'))
    return '\n'.join(lines) + '\n'


def _variant_row(name: str, runs: Sequence[FinishedRun], metrics: Sequence[str]) -> list[str]:
    first = runs[0].row
    minutes = np.mean([float(run.row['minutes']) for run in runs])
    return [
        name,
        str(len(runs)),
        *(mean_and_deviation([run.score(metric) for run in runs]) for metric in metrics),
        first['epochs'],
        f'{int(first["parameters"]) / 1e6:.3f}',
        f'{int(first["multiply_adds"]) / 1e9:.3f}',
        f'{minutes:.1f}',
    ]


def _comparison(
    comparison: Comparison,
    runs: Sequence[FinishedRun],
    others: Sequence[FinishedRun],
    metrics: Sequence[str],
) -> list[str]:
    differences = []
    for metric in metrics:
        counts = runs[0].people[metric][1]
        if not all(np.array_equal(run.people[metric][1], counts) for run in [*runs, *others]):
            raise InputError(
                f'runs of {comparison.variant} and {comparison.against} were tested on different '
                f'people or joints by {metric}; train all of them again in a new --out-dir.'
            )
        hits = (np.array([r.people[metric][0] for r in each], int) for each in (runs, others))
        differences.append(compare(*hits, counts.astype(int)))
    # The first metric decides.
    paper = comparison.paper
    ours = verdict(differences[0], paper) if paper else direction(differences[0])
    if 1 in (len(runs), len(others)):
        ours = 'no verdict (one run)'
    return [
        comparison.question,
        comparison.variant,
        comparison.against,
        *map(str, differences),
        paper or '-',
        ours,
    ]
