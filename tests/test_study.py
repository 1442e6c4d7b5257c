"""Studies are run, killed, resumed and evaluated."""

import csv
import fcntl
import os
import signal
import subprocess
import time
from functools import partial
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from forked import ForkedPopen, forked_tool
from studies import STUDY, write_study
from study import default_jobs

from mssh_mmpose.analysis import ModelCost
from mssh_mmpose.errors import InputError
from mssh_mmpose.evaluation.statistics import accuracy
from mssh_mmpose.study import results as study_results
from mssh_mmpose.study import runner
from mssh_mmpose.study.cost import plot_cost
from mssh_mmpose.study.job import Job, JobFailed
from mssh_mmpose.study.plan import read_study
from mssh_mmpose.study.report import summary
from mssh_mmpose.study.results import COLUMNS, FinishedRun, Results
from mssh_mmpose.study.runner import run_study

IMAGES = 8  # of the tiny study


@pytest.fixture
def study_file(tmp_path, monkeypatch):
    """Write a changed study of a tiny network into the working folder."""
    monkeypatch.chdir(tmp_path)
    return partial(write_study, tmp_path)


def test_runs_on_different_people_are_not_compared(study_file):
    study = read_study(study_file())
    row = dict.fromkeys(COLUMNS, '1')
    runs = {
        variant.name: [FinishedRun(row, {'PCK': np.full((2, 3), number + 4)})]
        for number, variant in enumerate(study.variants)
    }
    with pytest.raises(InputError, match='different people or joints by PCK'):
        summary(study, runs)
    for run in runs.values():
        run[0].people['PCK'][1] = 9
    assert summary(study, runs).endswith('| better | no verdict (one run) |\n')


def test_a_comparison_has_its_sign_and_verdict(study_file):
    row = dict.fromkeys(COLUMNS, '1')

    def runs(hits):
        return [FinishedRun(row, {'PCK': np.array([[hits] * 20, [9] * 20])})] * 2

    text = summary(read_study(study_file()), {'narrow': runs(4), 'wide': runs(6)})
    assert text.endswith('| Width | wide | narrow | +22.2 [+22.2, +22.2] | better | agrees |\n')


def test_minutes_of_a_run(monkeypatch):
    log = SimpleNamespace(train=[dict(time=2.0), dict(time=4.0)])
    for name, value in (('read_log', log), ('read_json', {}), ('correct_people', {})):
        monkeypatch.setattr(runner, name, lambda *_, value=value: value)
    job = SimpleNamespace(
        variant=SimpleNamespace(name='a'), seed=0, fingerprint='', epochs=2, images_per_epoch=8,
        iterations=40, cost=ModelCost(1, 1, [], []), work_dir='', metrics_file='', commit='',
        torch_version='',
    )  # fmt: skip
    assert runner.collect(job).row['minutes'] == '2.00'


def test_threads_of_a_run(study_file, tmp_path, monkeypatch):
    seen = []
    start = lambda *_, env, **__: seen.append(env) or SimpleNamespace(pid=1)  # noqa: E731
    monkeypatch.setattr('mssh_mmpose.study.job.current_commit', lambda: 'none')
    monkeypatch.setattr('mssh_mmpose.study.job.subprocess.Popen', start)
    Job(read_study(study_file()).variants[0], 0, ModelCost(1, 1, [], []), tmp_path, 3).start()
    assert seen[0]['OMP_NUM_THREADS'] == '3'


@pytest.mark.parametrize('correct, total', [(1, 9), (15, 26)])
def test_equal_scores_are_drawn(correct, total):
    row = {**dict.fromkeys(COLUMNS, '0'), 'multiply_adds': '1000', 'images': '10'}
    runs = [FinishedRun(row, {'PCK@0.2': np.array([[correct], [total]])})] * 3
    score = 100 * correct / total
    assert sum([score] * 3) / 3 != score
    marks = plot_cost('Equal', {'a': runs}).axes[0].containers[0].lines[0]
    assert marks.get_ydata() == pytest.approx([score])


def test_cost_of_an_image_and_of_the_training():
    """A step costs three times as much as a prediction."""
    row = {**dict.fromkeys(COLUMNS, '0'), 'multiply_adds': '2000000000', 'images': '5000'}
    runs = [FinishedRun(row, {'PCK@0.2': np.array([[1], [2]])})]
    axes = plot_cost('Cost', {'a': runs}).axes
    drawn = [float(ax.containers[0].lines[0].get_xdata()[0]) for ax in axes]
    assert drawn == pytest.approx([2, 3 * 2 * 5])


@pytest.mark.parametrize('drop_last, images, share', [(False, 8, 2 / 9), (True, 6, 2 / 6)])
def test_progress_in_the_first_epoch(study_file, tmp_path, drop_last, images, share):
    """Three epochs of eight images in batches of three; the log ends at iteration 2."""
    options = {**STUDY['options'], 'train_dataloader.drop_last': drop_last}
    variant = read_study(study_file(options=options)).variants[0]
    job = Job(variant, 0, ModelCost(1, 1, [], []), tmp_path, 1)
    assert job.progress() == 0
    log = job.work_dir / '20260101_000000/vis_data/scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"loss": 1, "epoch": 1, "iter": 2, "step": 2}\n')
    assert (job.images_per_epoch, job.progress()) == (images, pytest.approx(share))


@pytest.fixture
def forks(monkeypatch):
    """Studies start their trainings and tests by forks of this process."""
    popen = SimpleNamespace(Popen=ForkedPopen, TimeoutExpired=subprocess.TimeoutExpired)
    monkeypatch.setattr('mssh_mmpose.study.job.subprocess', popen)
    monkeypatch.setattr('mssh_mmpose.study.runner.POLL_SECONDS', 0.05)


def run_tool(*args):
    return forked_tool('study', *args, seconds=300)


def rows(folder):
    """Results without times."""
    with (folder / 'results.csv').open() as file:
        return [{k: v for k, v in row.items() if k != 'minutes'} for row in csv.DictReader(file)]


def test_a_killed_study_goes_on_to_the_same_numbers(study_file, tmp_path, forks):
    path = study_file()
    whole = run_tool(path, '--work-dir', 'a', '--out-dir', 'whole')
    assert whole.status == 0, whole.err

    study = os.fork()
    if not study:
        os.setsid()
        run_tool(path, '--jobs', '1', '--work-dir', 'b')
        os._exit(0)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob('b/narrow/seed0-*/work/epoch_1.pth')):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(study, signal.SIGKILL)
    os.waitpid(study, 0)
    assert not (tmp_path / 'widths/results.csv').exists()
    again = run_tool(path, '--work-dir', 'b')
    assert again.status == 0, again.err
    assert rows(tmp_path / 'widths') == rows(tmp_path / 'whole')
    log = next(tmp_path.glob('b/narrow/seed0-*/output.log')).read_text()
    assert 'resumed epoch' in log

    text = (tmp_path / 'widths/summary.md').read_text()
    assert '3 of 3 runs.' in text and '| Width | wide | narrow |' in text
    picture = cv2.imread(str(tmp_path / 'widths/cost.png'))
    assert picture.std() > 5
    results = Results(tmp_path / 'widths')
    run = results.runs['narrow', 1]
    hits, counts = run.people['PCKh@0.5'].astype(int)
    assert accuracy(hits, counts) == pytest.approx(float(run.row['mpii/PCKh@0.5']), abs=1e-3)
    assert int(run.row['images']) == 3 * IMAGES  # the last batch of an epoch is smaller

    third = run_tool(path, '--work-dir', 'b')
    assert '3 of them finished before' in third.out
    study = read_study(path)
    assert summary(study, results.select(study)) == text
    check_results_of_other_settings(study_file, tmp_path)


def check_results_of_other_settings(study_file, tmp_path):
    """Runs of a changed config are ignored, and so are those of other names."""
    narrow, wide = STUDY['variants']
    options = {'model.backbone.feat_channels': 24}
    variants = [dict(narrow, name='other'), dict(wide, options=options)]
    done = run_tool(study_file(variants=variants, comparisons=[]), '--summary-only')
    assert done.status == 0, done.err
    assert 'results.csv are of other variants or settings: left out' in done.out
    assert 'No run is finished.' in (tmp_path / 'widths/summary.md').read_text()


def test_a_run_that_fails_is_named(study_file):
    """In a process of its own, as users have it."""
    options = {**STUDY['options'], 'optim_wrapper.optimizer.lr': 'fast'}
    done = run_tool(study_file(options=options), '--jobs', '1')
    assert done.status == 1, done.err
    assert 'narrow, seed 0, ended with status' in done.err and 'output.log' in done.err


@pytest.mark.parametrize(
    'options, message',
    [
        ({'model.backbone.block': 'Nothing'}, 'variant odd: no network can be built'),
        ({'modle.backbone.feat_channels': 24}, 'variant odd, options modle.* no such setting'),
        ({'param_scheduler.3.gamma': 1}, 'variant odd, options do not fit'),
        ({'test_evaluator': {'type': 'EPE', '_delete_': True}}, 'test_evaluator one of PCKh'),
        ({'test_evaluator': []}, 'variant odd: .*tiny.py lacks test_evaluator'),
        ({'test_dataloader.dataset.indices': 4}, 'narrow and odd have different test people'),
        ({'train_cfg.by_epoch': False}, 'must train by epochs'),
        ({'default_hooks.checkpoint.by_epoch': False}, 'in a training by epochs: set it to True'),
        (
            {'default_hooks.checkpoint.save_last': False},
            'checkpoint must not be None, nor change save_last',
        ),
        ({'default_hooks.checkpoint.out_dir': 'a'}, 'nor change save_last, out_dir'),
        ({'default_hooks.checkpoint': None}, 'checkpoint must not be None'),
        ({'default_hooks.logger': None}, 'default_hooks.logger and timer must not be None'),
        (
            {'visualizer.vis_backends': [{'type': 'TensorboardVisBackend'}]},
            "must have a 'LocalVisBackend'",
        ),
        ({'train_cfg.max_epochs': 0}, 'max_epochs: expected a whole number of at least 1, got 0'),
        ({'train_cfg.max_epochs': -2}, 'at least 1, got -2'),
        ({'train_cfg.max_epochs': 2.5}, 'at least 1, got 2.5'),
        ({'train_dataloader.dataset.ann_file': 'no.json'}, 'odd, train_dataloader: .*no.json'),
        ({'val_dataloader.dataset.data_root': 'nowhere'}, 'odd, val_dataloader: .*nowhere'),
        (
            {'train_dataloader.dataset.indices': 0},
            'odd, train_dataloader: there is nobody in the data set',
        ),
    ],
)
def test_all_is_checked_before_the_first_training(study_file, tmp_path, options, message):
    variants = [*STUDY['variants'], dict(name='odd', config='tiny.py', options=options)]
    study = read_study(study_file(variants=variants))
    with pytest.raises(InputError, match=message):
        run_study(study, Results(tmp_path / 'out'), tmp_path / 'work', jobs=1, threads=1)
    assert not (tmp_path / 'work').exists()


def test_a_run_that_outlived_its_study_is_named(study_file, tmp_path):
    """If only the study is killed, its runs continue and hold their locks."""
    job = Job(read_study(study_file()).variants[0], 0, ModelCost(1, 1, [], []), tmp_path, threads=1)
    job.folder.mkdir(parents=True)
    with (job.folder / 'lock').open('w') as lock:
        lock.write('4711')
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match='process 4711 is working in'):
            job.start()


def test_two_studies_do_not_write_into_one_folder(study_file, tmp_path):
    study, results = read_study(study_file()), Results(tmp_path / 'out')
    row = {**dict.fromkeys(COLUMNS, '1'), 'variant': 'narrow', 'seed': '0'}
    with Results(tmp_path / 'out').held():
        with pytest.raises(InputError, match=f'process {os.getpid()} runs a study.*--out-dir'):
            run_study(study, results, tmp_path / 'work', jobs=1, threads=1)
        other = Results(tmp_path / 'out')
        other.add(FinishedRun(row, {'PCK@0.2': np.ones((2, 3))}))
    assert not results.runs
    with results.held():  # what the other has added since is kept
        assert results.runs['narrow', 0].score('PCK@0.2') == 100


def test_a_finished_run_is_kept_when_another_fails(tmp_path, monkeypatch):
    """Both at the same moment."""

    class Ended(SimpleNamespace):
        units = 1

        def start(self):
            pass

        terminate = wait = progress = start

        def poll(self):
            if self.variant.name == 'failed':
                raise JobFailed('it failed.')
            return True

    results, row = Results(tmp_path), dict.fromkeys(COLUMNS, '1')
    monkeypatch.setattr(runner, 'POLL_SECONDS', 0)
    monkeypatch.setattr(
        runner,
        'collect',
        lambda job: FinishedRun({**row, 'variant': job.variant.name, 'seed': '0'}, {}),
    )
    jobs = [
        Ended(variant=SimpleNamespace(name=name), seed=0, fingerprint='')
        for name in ('good', 'failed')
    ]
    monkeypatch.setattr(runner, '_percent', lambda *args: 0.0)
    with pytest.raises(JobFailed), results.held():
        runner._run('a study', jobs, results, 2)
    assert list(results.runs) == [('good', 0)]


def test_a_run_without_its_people(tmp_path):
    """As after a merge that takes one side's archive."""
    row = {**dict.fromkeys(COLUMNS, '1'), 'variant': 'narrow', 'seed': '0'}
    results = Results(tmp_path)
    results.add(FinishedRun(row, {'PCK@0.2': np.ones((2, 3))}))
    archive = results.archive.read_bytes()
    results.add(FinishedRun({**row, 'variant': 'wide'}, {'PCK@0.2': np.ones((2, 3))}))
    results.archive.write_bytes(archive)
    with pytest.raises(InputError, match=r"results of a study \('wide/0/\*'\)"):
        Results(tmp_path)


def kill_after(number, monkeypatch):
    """Let so many files of results be written; return their paths."""
    write, written = study_results.write_whole, []

    def killed(content, path):
        if len(written) == number:
            raise KeyboardInterrupt
        written.append(path)
        write(content, path)

    monkeypatch.setattr(study_results, 'write_whole', killed)
    return written


@pytest.mark.parametrize('kept', range(3))
def test_a_kill_while_a_run_is_replaced(tmp_path, monkeypatch, kept):
    """No row ever stands beside the people of another run."""
    row = {**dict.fromkeys(COLUMNS, '1'), 'variant': 'narrow', 'seed': '0'}
    Results(tmp_path).add(FinishedRun(row, {'PCK@0.2': np.ones((2, 3))}))
    results = Results(tmp_path)
    written = kill_after(kept, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        results.add(FinishedRun({**row, 'epochs': '2'}, {'PCK@0.2': np.zeros((2, 3))}))
    left = Results(tmp_path).runs.values()
    assert [(run.row['epochs'], run.people['PCK@0.2'].any()) for run in left] == (
        [] if written else [('1', True)]
    )


def test_a_run_of_an_older_version_has_no_notes(tmp_path):
    job = SimpleNamespace(folder=tmp_path)
    (tmp_path / 'commit.txt').write_text('a\nb')
    assert [Job._noted(job, name) for name in ('commit', 'torch')] == ['a, b', 'unknown']


def test_a_kill_between_the_two_files_loses_nothing(tmp_path, monkeypatch):
    """The table is written last: arrays without a row are harmless."""
    row = {**dict.fromkeys(COLUMNS, '1'), 'variant': 'narrow', 'seed': '0'}
    results = Results(tmp_path)
    results.add(FinishedRun(row, {'PCK@0.2': np.ones((2, 3))}))
    kill_after(1, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        results.add(FinishedRun({**row, 'variant': 'wide'}, {'PCK@0.2': np.ones((2, 3))}))
    assert list(Results(tmp_path).runs) == [('narrow', 0)]


@pytest.mark.parametrize('name, content', [('results.csv', 'a,b\n1,2\n'), ('people.npz', 'PK')])
def test_files_that_are_no_results(tmp_path, name, content):
    row = {**dict.fromkeys(COLUMNS, '1'), 'variant': 'narrow', 'seed': '0'}
    Results(tmp_path).add(FinishedRun(row, {'PCK@0.2': np.ones((2, 3))}))
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match='not the results of a study'):
        Results(tmp_path)


def test_as_many_jobs_as_cores_that_may_be_used(monkeypatch):
    """Not as the machine has: a container, or Slurm, may leave a few of many."""
    monkeypatch.setattr(os, 'cpu_count', lambda: 64)
    monkeypatch.setattr(os, 'sched_getaffinity', lambda process: {0, 5, 9}, raising=False)
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    assert default_jobs() == 3
