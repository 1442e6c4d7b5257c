import json

import numpy as np
import pytest
from mmpose.registry import METRICS

from mssh_mmpose.evaluation.tables import PAPER, results_table, save_scores

KINDS = {
    'PCKhAccuracy': 'mpii/PCKh@0.5',
    'LSPPCKAccuracy': 'lsp/PCK@0.2',
    'PCPAccuracy': 'lsp/PCP@0.5',
}


def rows(table):
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in table.splitlines()]


@pytest.mark.parametrize('metric', KINDS)
def test_columns_of_the_paper(metric):
    """Every score of a metric has a column, and the paper's row is below ours."""
    names = METRICS.build(dict(type=metric)).evaluate(0)
    scores = {name: 10.0 + i for i, name in enumerate(names)}
    tables = [rows(table) for table in results_table(scores).split('\n\n')]
    title, _, ours, paper = tables[0]
    key = KINDS[metric]
    prefix, _, name = key.rpartition('/')
    assert title[0] == key and ours[0] == 'ours' and paper[0].startswith("the paper's")
    for column, value in zip(title[1:], ours[1:]):
        group = f'{prefix}/{column} {name}'
        if group in scores:
            assert float(value) == scores[group]
    assert float(ours[title.index('Total')]) == scores[key]
    figures = PAPER[name.partition('@')[0]].row
    assert [float(cell) for cell in paper[1:] if cell] == list(figures)
    assert paper[title.index('Total')] == f'{figures[-1]:.1f}'
    shown = sum(len(table[2]) - 1 for table in tables if table[0][0] != 'metric')
    listed = [table for table in tables if table[0][0] == 'metric']
    shown += sum(len(table) - 2 for table in listed)
    assert shown == len(scores)


@pytest.mark.parametrize(
    'metric, row',
    [
        ('PCKhAccuracy', '98.0 96.4 91.8 87.5 90.4 87.8 84.2 91.2'),
        ('LSPPCKAccuracy', '96.9 92.5 87.7 85.2 92.7 93.3 91.7 91.4'),
        ('PCPAccuracy', '97.9 94.3 91.4 86.6 78.5 95.7 89.5'),
    ],
)
def test_the_row_of_the_paper(metric, row):
    scores = dict.fromkeys(METRICS.build(dict(type=metric)).evaluate(0), 1.0)
    paper = rows(results_table(scores).split('\n\n')[0])[3]
    assert [cell for cell in paper[1:] if cell] == row.split()


def test_the_paper_is_quoted_for_its_threshold_only():
    scores = {'lsp/PCK@0.1': 50.0, 'lsp/PCP-mean@0.5': 60.0}
    assert 'paper' not in results_table(scores)


def test_the_test_set_is_named():
    """The paper's Table 1 is not about the images that we score."""
    table = results_table(dict.fromkeys(METRICS.build(dict(type='PCKhAccuracy')).evaluate(0), 1.0))
    assert "the paper's, on the test set (Table 1)" in table


def test_other_metrics_are_listed():
    table = results_table({'occlusion/F1': 25.5, 'lsp/PCK@0.2': 70.0, 'x': np.nan})
    assert '| occlusion/F1 | 25.5 |' in table and '| x | nan |' in table


def test_numbers_of_numpy(tmp_path):
    """As MMPose's CocoMetric returns them."""
    save_scores({'coco/AP': np.float64(0.5)}, tmp_path / 'scores.yaml')
    assert (tmp_path / 'scores.yaml').read_text() == 'coco/AP: 0.5\n'


def test_suffixes_in_capitals(tmp_path):
    save_scores({'a': 1.5}, tmp_path / 'scores.JSON')
    assert json.loads((tmp_path / 'scores.JSON').read_text()) == {'a': 1.5}
