"""Studies: reading them, their statistics, and runs that are killed and go on."""

import csv
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from exported import make_config
from mmengine.registry import init_default_scope

from mssh_mmpose.study.job import Job, JobFailed, last_whole_checkpoint
from mssh_mmpose.study.plan import Variant, fingerprint, read_study
from mssh_mmpose.study.results import COLUMNS, FinishedRun, Results, summary
from mssh_mmpose.study.runner import run_study
from mssh_mmpose.study.statistics import Difference, accuracy, direction, paired_bootstrap, verdict

ROOT = Path(__file__).parents[1]
IMAGES = 8  # of make_config
STUDY = {
    'title': 'Tiny',
    'seeds': [0],
    'options': {
        'train_cfg.max_epochs': 3,
        'train_cfg.val_interval': 3,
        'param_scheduler.0.total_steps': 3,
        'train_dataloader.batch_size': 3,
        'train_dataloader.drop_last': False,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'model.channels_last': False,
    },
    'variants': [
        {'name': 'narrow', 'config': 'tiny.py', 'seeds': [0, 1]},
        {'name': 'wide', 'config': 'tiny.py', 'options': {'model.backbone.feat_channels': 32}},
    ],
    'comparisons': [
        {'variant': 'wide', 'against': 'narrow', 'question': 'Width', 'paper': 'better'}
    ],
}


@pytest.fixture
def study_file(tmp_path, monkeypatch):
    """Write a changed study of a tiny network into the working folder."""
    monkeypatch.chdir(tmp_path)
    make_config(tmp_path)

    def write(**changes):
        path = tmp_path / 'widths.yml'
        path.write_text(yaml.safe_dump({**STUDY, **changes}))
        return path

    return write


def test_a_study_is_read(study_file):
    study = read_study(study_file())
    assert study.name == 'widths'
    assert [(v.name, seed) for v, seed in study.runs()] == [
        ('narrow', 0),
        ('wide', 0),
        ('narrow', 1),
    ]
    cfg = study.variants[1].make_config(7)
    assert cfg.model.backbone.feat_channels == 32 and cfg.train_cfg.max_epochs == 3
    assert cfg.param_scheduler[0].total_steps == 3 and cfg.randomness.seed == 7


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(title=None), 'title is missing'),
        (dict(seed=[1]), 'seed is unknown'),
        (dict(variants=[dict(name='a', config='none.py')]), 'config none.py not found'),
        (dict(variants=[dict(name='a', config='tiny.py', seeds=['x'])]), 'whole numbers as seeds'),
        (dict(seeds=3), 'a list of whole numbers as seeds, got 3'),
        (dict(seeds=[0, 0]), 'a seed comes twice'),
        (dict(options=['a.b']), 'keys and values as options'),
        (dict(variants=3), 'a list of variants, got 3'),
        (dict(variants=[dict(name='a/b', config='tiny.py')]), "got 'a/b'"),
        (dict(variants=[dict(name='a', config='tiny.py')] * 2), 'two variants are called a'),
        (
            dict(comparisons=[dict(variant='wide', against='other', question='?')]),
            'other is no variant',
        ),
        (
            dict(comparisons=[dict(STUDY['comparisons'][0], paper='perhaps')]),
            'paper must be one of',
        ),
    ],
)
def test_wrong_studies(study_file, changes, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_study(study_file(**changes))


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
    """People of different difficulty do not widen the interval where both networks feel it."""
    hard = np.random.default_rng(0).integers(0, 14, (1, 500))
    found = paired_bootstrap(hard + 1, hard, np.full(500, 14))
    assert found.low == pytest.approx(found.high)


def test_bootstrap_includes_the_spread_of_seeds():
    """Two runs 10 points apart against one: the mean of two others spreads by 10 / 2."""
    counts = np.full(200, 10)
    found = paired_bootstrap(np.array([[6], [7]]).repeat(200, 1), np.full((1, 200), 6), counts)
    reach = 5 * 2**0.5  # both drawn runs are the better, or the worse; standard deviation 5
    assert (found.mean, found.low, found.high) == pytest.approx((5, 5 - reach, 5 + reach))
    with pytest.raises(ValueError, match='the same people'):
        paired_bootstrap(np.zeros((1, 3)), np.zeros((1, 4)), np.ones(3))


def test_runs_on_different_people_are_not_compared(study_file):
    study = read_study(study_file())
    row = dict.fromkeys(COLUMNS, '1')
    runs = {
        variant.name: [FinishedRun(row, {'PCK': np.full((2, 3), number + 4)})]
        for number, variant in enumerate(study.variants)
    }
    with pytest.raises(ValueError, match='different people or joints by PCK'):
        summary(study, runs)
    for run in runs.values():
        run[0].people['PCK'][1] = 9
    assert '(one run)' in summary(study, runs)


def test_verdicts():
    better, none = Difference(1.0, 0.5, 1.5), Difference(0.1, -0.5, 0.7)
    assert direction(better) == 'better' and direction(none) == 'not distinguishable'
    assert verdict(better, 'better') == 'agrees' and verdict(better, 'worse') == 'disagrees'
    assert verdict(none, 'better') == 'not distinguishable'


def test_torn_checkpoints_are_not_resumed_from(tmp_path):
    for epoch in (9, 10):
        torch.save(dict(weights=torch.zeros(1000)), tmp_path / f'epoch_{epoch}.pth')
    content = (tmp_path / 'epoch_10.pth').read_bytes()
    (tmp_path / 'epoch_10.pth').write_bytes(content[: len(content) // 2])
    assert last_whole_checkpoint(tmp_path).name == 'epoch_9.pth'
    assert last_whole_checkpoint(tmp_path / 'nothing') is None


def run_tool(*args):
    command = [sys.executable, ROOT / 'tools/study.py', *args]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def rows(folder):
    """Results without what depends on the clock."""
    with (folder / 'results.csv').open() as file:
        return [{k: v for k, v in row.items() if k != 'minutes'} for row in csv.DictReader(file)]


def test_a_killed_study_goes_on_to_the_same_numbers(study_file, tmp_path):
    path = study_file()
    whole = run_tool(path, '--work-dir', 'a', '--out-dir', 'whole')
    assert whole.returncode == 0, whole.stderr

    command = [sys.executable, ROOT / 'tools/study.py', path, '--jobs', '1', '--work-dir', 'b']
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob('b/narrow/seed0-*/work/epoch_1.pth')):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    assert not (tmp_path / 'widths/results.csv').exists()
    again = run_tool(path, '--work-dir', 'b')
    assert again.returncode == 0, again.stderr
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
    assert '3 of them finished before' in third.stdout
    study = read_study(path)
    assert summary(study, results.select(study)) == text
    check_results_of_another_config(study_file, tmp_path)


def check_results_of_another_config(study_file, tmp_path):
    """Runs of a config that has changed do not count, and neither do those of other names."""
    narrow, wide = STUDY['variants']
    options = {'model.backbone.feat_channels': 24}
    variants = [dict(narrow, name='other'), dict(wide, options=options)]
    done = run_tool(study_file(variants=variants, comparisons=[]), '--summary-only')
    assert done.returncode == 0, done.stderr
    assert 'results.csv are of other variants or configs: left out' in done.stdout
    assert 'No run is finished.' in (tmp_path / 'widths/summary.md').read_text()


def test_a_run_that_fails_is_named(study_file):
    options = {**STUDY['options'], 'train_dataloader.dataset.ann_file': 'nothing.json'}
    done = run_tool(study_file(options=options))
    assert done.returncode == 2, done.stderr
    assert 'narrow, seed 0, ended with status' in done.stderr and 'output.log' in done.stderr


@pytest.mark.parametrize(
    'options, message',
    [
        ({'model.backbone.block': 'Nothing'}, 'variant odd: no network can be built'),
        ({'modle.backbone.feat_channels': 24}, 'variant odd, options modle.* no such setting'),
        ({'param_scheduler.3.gamma': 1}, 'variant odd, options do not fit'),
        ({'test_evaluator': {'type': 'EPE', '_delete_': True}}, 'test_evaluator one of PCKh'),
        ({'test_dataloader.dataset.indices': 4}, 'narrow and odd have different test people'),
        ({'default_hooks.checkpoint.by_epoch': False}, 'must train by epochs'),
    ],
)
def test_all_is_checked_before_the_first_training(study_file, tmp_path, options, message):
    variants = [*STUDY['variants'], dict(name='odd', config='tiny.py', options=options)]
    study = read_study(study_file(variants=variants))
    with pytest.raises((ValueError, JobFailed), match=message):
        run_study(study, Results(tmp_path / 'out'), tmp_path / 'work', jobs=1, threads=1)
    assert not (tmp_path / 'work').exists()


def test_a_run_that_outlived_its_study_is_named(study_file, tmp_path):
    """Killed alone, a study leaves its children, which hold their locks."""
    init_default_scope('mmpose')
    job = Job(read_study(study_file()).variants[0], 0, tmp_path, threads=1)
    job.folder.mkdir(parents=True)
    with (job.folder / 'lock').open('w') as lock:
        lock.write('4711')
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(JobFailed, match='process 4711 is working in'):
            job.start()


def test_every_run_seeds_its_epochs():
    """MPII's configs leave that to MMEngine, whose workers repeat their numbers."""
    cfg = Variant('mpii', str(ROOT / 'configs/mssh-m_mpii_256x256.py'), (0,)).make_config(3)
    assert [hook['type'] for hook in cfg.custom_hooks][-1] == 'EpochSeedHook'
    assert not cfg.train_dataloader.persistent_workers
    assert fingerprint(cfg) != fingerprint(Variant('x', cfg.filename, (0,)).make_config(4))
