import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mssh_mmpose.engine.logs import iterations_per_epoch, read_log
from mssh_mmpose.errors import InputError
from mssh_mmpose.pictures import write_figure
from mssh_mmpose.visualization.curves import plot_pck, plot_training, total_metrics

TOOL = Path(__file__).parents[1] / 'tools/plot_training.py'


def train_record(iteration, per_epoch=10, **values):
    losses = dict(loss=3.0 / iteration, loss_stack1=2.0 / iteration, loss_stack2=1.0 / iteration)
    epoch = (iteration - 1) // per_epoch + 1
    return dict(lr=1e-3, acc_pose=0.5, **losses, epoch=epoch, iter=iteration, **values)


def val_record(epoch, metric='PCK'):
    return {metric: 10.0 * epoch, f'Head {metric}': 5.0, 'time': 0.1, 'step': epoch}


def write_log(work_dir, records, run='20260101_000000', end='\n'):
    file = Path(work_dir, run, 'vis_data/scalars.json')
    file.parent.mkdir(parents=True)
    file.write_text('\n'.join(json.dumps(record) for record in records) + end)
    return file


def epochs(first, last):
    for epoch in range(first, last + 1):
        yield from (train_record(10 * (epoch - 1) + i) for i in (5, 10))
        yield val_record(epoch)


def test_training_and_validation_are_told_apart(tmp_path):
    file = write_log(tmp_path, epochs(1, 3))
    log = read_log(tmp_path)
    assert [record['iter'] for record in log.train] == [5, 10, 15, 20, 25, 30]
    assert [record['step'] for record in log.val] == [1, 2, 3]
    assert iterations_per_epoch(log.train) == 10
    assert read_log(file) == log


def test_resumed_run_continues_and_replaces(tmp_path):
    write_log(tmp_path, epochs(1, 3), '20260101_000000')
    write_log(tmp_path, epochs(3, 4), '20260102_000000')
    write_log(tmp_path, [], '20260103_000000')
    log = read_log(tmp_path)
    assert [record['iter'] for record in log.train] == list(range(5, 45, 5))
    assert [record['step'] for record in log.val] == [1, 2, 3, 4]


def test_a_new_start_forgets_the_validations_of_the_one_before(tmp_path):
    write_log(tmp_path, epochs(1, 3), '20260101_000000')
    write_log(tmp_path, [train_record(5)], '20260102_000000')
    log = read_log(tmp_path)
    assert [record['iter'] for record in log.train] == [5] and log.val == []


def test_validations_that_a_resumed_run_begins_with(tmp_path):
    write_log(tmp_path, epochs(1, 2), '20260101_000000')
    write_log(tmp_path, [val_record(2), *list(epochs(3, 3))[:-1]], '20260102_000000')
    write_log(tmp_path, [val_record(3)], '20260103_000000')
    write_log(tmp_path, [val_record(0)], '20260104_000000')
    log = read_log(tmp_path)
    assert [record['iter'] for record in log.train] == list(range(5, 35, 5))
    assert [record['step'] for record in log.val] == [1, 2, 3]


def test_a_new_start_in_the_same_work_dir_replaces_the_old_run(tmp_path):
    write_log(tmp_path, epochs(1, 3), '20260101_000000')
    write_log(tmp_path, epochs(1, 1), '20260102_000000')
    assert len(read_log(tmp_path).train) == 2


def test_truncated_last_line_is_left_out(tmp_path):
    write_log(tmp_path, epochs(1, 2), end='\n{"lr": 0.00')
    assert len(read_log(tmp_path).train) == 4


def test_broken_line_in_the_middle_is_named(tmp_path):
    file = write_log(tmp_path, epochs(1, 1), end='\n{"lr": 0.00\n{}\n')
    with pytest.raises(ValueError, match=f'line 4 of {file} is not JSON'):
        read_log(tmp_path)


def test_missing_and_empty_logs(tmp_path):
    with pytest.raises(FileNotFoundError, match='no log in'):
        read_log(tmp_path)
    write_log(tmp_path, [val_record(1)])
    with pytest.raises(ValueError, match='no training record in'):
        read_log(tmp_path)


def test_unknown_metrics_are_all_shown():
    assert total_metrics([{'coco/AP': 0.5, 'coco/AR': 0.6, 'step': 1}]) == ['coco/AP', 'coco/AR']


@pytest.mark.parametrize('metric', ['PCK', 'lsp/PCK@0.2'])
@pytest.mark.parametrize('runs', [1, 2])
def test_picture(tmp_path, metric, runs):
    for i in range(runs):
        records = [train_record(5), {metric: 10.0, 'Head PCK@0.1': 5.0, 'time': 0.1, 'step': 1}]
        write_log(tmp_path / str(i), records)
    logs = {str(i): read_log(tmp_path / str(i)) for i in range(runs)}
    figure = plot_training(logs)
    drawn = [{line.get_label(): line.get_xydata() for line in ax.lines} for ax in figure.axes]
    loss, accuracy, validation, rate = drawn
    prefixes = [f'{i}: ' for i in range(runs)] if runs > 1 else ['']
    stacks = ['stack1', 'stack2'] if runs == 1 else []
    assert list(loss) == [*(f'{prefix}sum' for prefix in prefixes), *stacks]
    assert list(accuracy) == list(rate) == list(logs)
    assert list(validation) == [f'{prefix}{metric}' for prefix in prefixes]
    for label in logs:
        np.testing.assert_allclose(rate[label], [(1, 1e-3)])
        np.testing.assert_allclose(accuracy[label], [(1, 0.5)])
    np.testing.assert_allclose(loss[f'{prefixes[0]}sum'], [(1, 0.6)])
    for prefix in prefixes:
        np.testing.assert_allclose(validation[f'{prefix}{metric}'], [(1, 10)])
    write_figure(figure, tmp_path / 'a.png')
    picture = cv2.imread(str(tmp_path / 'a.png'))
    assert picture.shape == (880, 1320, 3)
    assert picture.std() > 5


def test_picture_of_a_run_without_validation_or_epochs(tmp_path):
    write_log(tmp_path, [dict(loss=1.0, iter=20, step=20)])
    figure = plot_training({'run': read_log(tmp_path)})
    assert [text.get_text() for text in figure.axes[2].texts] == ['not in the log']


def run_tool(monkeypatch, *args):
    monkeypatch.setattr(sys, 'argv', ['plot_training.py', *map(str, args)])
    runpy.run_path(str(TOOL), run_name='__main__')


def test_a_resume_without_epochs(tmp_path):
    """Trainings by iterations logged epochs once."""
    write_log(tmp_path, epochs(1, 2))
    log = next(tmp_path.glob('*/vis_data/scalars.json'))
    records = [json.loads(line) for line in log.read_text().splitlines()]
    last = {k: v for k, v in records[-1].items() if k != 'epoch'} | {'iter': 10**6, 'loss': 1.0}
    log.write_text('\n'.join(map(json.dumps, [*records, last])))
    plot_training({'a': read_log(tmp_path)})


def test_tool_prints_the_picture(tmp_path, monkeypatch, capsys):
    write_log(tmp_path, epochs(1, 2))
    run_tool(monkeypatch, tmp_path)
    assert capsys.readouterr().out == f'{tmp_path / "training.png"}\n'
    assert (tmp_path / 'training.png').is_file()
    log = next(tmp_path.glob('*/vis_data/scalars.json'))
    run_tool(monkeypatch, log)
    assert (log.parent / 'training.png').is_file()


def test_tool_reports_a_missing_log(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit) as exit_:
        run_tool(monkeypatch, tmp_path)
    assert exit_.value.code == 2
    assert capsys.readouterr().err.startswith('tools/plot_training.py: error: no log in')


def test_tool_labels_runs(tmp_path, monkeypatch, capsys):
    """Labels are the text before '=', or the folder's name, which may contain '='."""
    monkeypatch.chdir(tmp_path)
    for folder in ('a/work', 'b/work', 'sigma=2'):
        write_log(Path(folder), epochs(1, 2))
    parse_args = runpy.run_path(str(TOOL))['parse_args']
    for words, labels in (
        (['a/work', 'sigma=2'], ['work', 'sigma=2']),
        (['a/work', 'b/work'], ['a/work', 'b/work']),
    ):
        assert parse_args(words).work_dir == dict(zip(labels, words))
    assert parse_args(['wide=sigma=2']).work_dir == dict(wide='sigma=2')
    with pytest.raises(SystemExit):
        parse_args(['wide=a/work', 'wide=b/work'])
    assert 'two are called wide' in capsys.readouterr().err
    run_tool(monkeypatch, 'narrow=a/work', 'wide=b/work')
    assert capsys.readouterr().out == 'a/work/training.png\n'


def test_runs_that_count_differently_have_no_axis_in_common(tmp_path):
    write_log(tmp_path / 'a', epochs(1, 2))
    write_log(tmp_path / 'b', [dict(loss=1.0, iter=20, step=20)])
    logs = {name: read_log(tmp_path / name) for name in 'ab'}
    with pytest.raises(InputError, match='a counted epochs, b only iterations'):
        plot_training(logs)


def test_each_panel_has_its_metric():
    run = [
        SimpleNamespace(name=name, thresholds=(0.2,), curve=lambda v=v: (np.full(101, v), v))
        for name, v in (('PCK', 10.0), ('PCP', 20.0))
    ]
    axes = plot_pck({'a': run}).axes
    assert [ax.lines[0].get_ydata()[0] for ax in axes] == [10, 20]
