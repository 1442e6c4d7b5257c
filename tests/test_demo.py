import re
import runpy
import sys
from pathlib import Path

import cv2
import demo
import pytest

from mssh_mmpose.datasets.mpii_meta import MPII_GROUPS
from mssh_mmpose.errors import InputError

TOOL = Path(__file__).parents[1] / 'tools/demo.py'


def test_the_time_is_said_before_it_passes(monkeypatch):
    seconds = {'step': 0.5, 'pictures': 0.8}
    monkeypatch.setattr('mssh_mmpose.timing.fastest', lambda variants, rounds: seconds)
    monkeypatch.setattr('mssh_mmpose.datasets.synthetic.default_workers', lambda: 2)
    whole = demo.estimate(demo.parse_args([]))
    half = demo.estimate(demo.parse_args(['--train', '500', '--val', '100']))
    # 1200 pictures at 0.2 s by two workers, then 5 epochs of 1000 images, 16 in half a second
    assert whole == pytest.approx(25 + 120 + 1.2 * 5 * (1000 + 200 / 3) / 16 * 0.5)
    assert half - 25 == pytest.approx((whole - 25) / 2)
    options = ['--cfg-options', 'train_cfg.max_epochs=1', '--cfg-options', 'randomness.seed=1']
    short = demo.estimate(demo.parse_args(options))
    assert short - 25 - 120 == pytest.approx((whole - 25 - 120) / 5)


@pytest.fixture
def folder(tmp_path):
    """A folder whose name MMEngine's command line would change."""
    return tmp_path / 'my demo, first'


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Run the demo on a few people for one epoch; give exit status and output."""

    def run_once():
        options = ['train_cfg.max_epochs=1', 'param_scheduler.0.total_steps=1']
        options += ['train_cfg.val_interval=1', 'train_dataloader.batch_size=4']
        options += [f'{loader}_dataloader.num_workers=0' for loader in ('train', 'val', 'test')]
        args = ['--train', '8', '--val', '4', '--work-dir', str(folder), '--cfg-options']
        monkeypatch.setattr(sys, 'argv', ['demo.py', *args, *options])
        with pytest.raises(SystemExit) as exit_:
            runpy.run_path(str(TOOL), run_name='__main__')
        return exit_.value.code, capsys.readouterr().out

    return run_once


def test_pictures_come_last_and_a_low_score_is_a_failure(run, folder):
    status, output = run()
    assert status == 1
    lines = output.splitlines()
    assert re.match(r'About \d+ minutes? on this machine', lines[0])
    assert 'FAILED: expected a total of at least 70, got' in lines[-4]
    pictures = ('predictions.jpg', 'training.png', 'shipped_network.png')
    assert lines[-3:] == [str(folder / name) for name in pictures]
    assert all(cv2.imread(path) is not None for path in lines[-3:])
    assert cv2.absdiff(*(cv2.imread(str(folder / pictures[i])) for i in (0, 2))).max() > 100
    table = [line.split() for line in lines if line.split()[:1] == ['Head']]
    assert table[-1] == [*MPII_GROUPS, 'Total']

    started = (folder / 'training/epoch_1.pth').stat().st_mtime_ns
    status, output = run()
    assert status == 1
    assert 'already there, kept' in output
    assert (folder / 'training/epoch_1.pth').stat().st_mtime_ns == started


def test_a_folder_of_others_is_kept(tmp_path):
    foreign = tmp_path / 'training/notes.txt'
    foreign.parent.mkdir()
    foreign.write_text('mine')
    with pytest.raises(InputError, match='--work-dir: .*training is not a training of the demo'):
        demo.prepare(foreign.parent, 'stamp')
    assert foreign.read_text() == 'mine'


def test_a_training_of_other_settings_is_replaced(tmp_path):
    training = tmp_path / 'training'
    assert demo.prepare(training, 'first') == []
    (training / 'epoch_1.pth').touch()
    assert demo.prepare(training, 'first') == ['--resume']
    assert demo.prepare(training, 'second') == []
    assert [path.name for path in training.iterdir()] == ['fingerprint.txt']
