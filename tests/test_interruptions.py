"""Trainings that are killed, find the disk full, or diverge.

Killed by SIGKILL and resumed, they end with the weights of an uninterrupted one.

``make soak`` kills a network of this project (MSSH_SOAK) at many random moments (MSSH_KILLS).
"""

import errno
import os
import random
import re
import resource
import signal
import time
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from forked import fork, tool
from mmengine.config import Config
from mmengine.fileio import LocalBackend
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner, ValLoop
from tiny_config import write_tiny_config
from toy_training import write_toy_config

import mssh_mmpose.cli.train  # noqa: F401, for all forks
from mssh_mmpose.engine.logs import read_log
from mssh_mmpose.engine.whole_checkpoints import find_not_finite

EPOCHS = 7


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp('kills')
    if os.environ.get('MSSH_SOAK'):
        options = {'train_cfg.max_epochs': EPOCHS, 'param_scheduler.0.total_steps': EPOCHS}
        cfg = Config.fromfile(write_tiny_config(folder))
        cfg.merge_from_dict(options)
        cfg.dump(folder / 'soak.py')
        return folder / 'soak.py'
    return write_toy_config(folder, EPOCHS)


def train(config, work_dir, prepare=None, options=()):
    """Start ``tools/train.py --resume`` in a fork of this process, which has imported it all.

    Args:
        config: Config file.
        work_dir: Work dir; what is printed to stderr goes to the file ``errors`` beside it.
        prepare: Called in the new process first.
        options: Settings of the config to change.
    """
    more = ['--cfg-options', *options] if options else []
    start = tool('train', config, '--work-dir', work_dir, '--resume', *more, cwd=work_dir.parent)

    def run():
        if prepare is not None:
            prepare()
        start()

    with open(os.devnull, 'a') as out, (work_dir.parent / 'errors').open('a') as errors:
        return fork(run, out, errors, seconds=600)


def wait(process):
    """Return the exit status of a process, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.fixture(scope='module')
def uninterrupted(config, tmp_path_factory):
    """Work dir of the whole training, and the seconds it took."""
    work_dir = tmp_path_factory.mktemp('whole') / 'work'
    start = time.monotonic()
    assert wait(train(config, work_dir)) == 0, (work_dir.parent / 'errors').read_text()
    return work_dir, time.monotonic() - start


def check_equal(work_dir, whole):
    """Same weights, optimiser, checkpoints and validations, and nothing unfinished."""
    found, expected = (
        torch.load(folder / f'epoch_{EPOCHS}.pth', weights_only=False)
        for folder in (work_dir, whole)
    )
    for part in ('state_dict', 'optimizer'):
        torch.testing.assert_close(found[part], expected[part], rtol=0, atol=0)
    names = [{path.name for path in folder.glob('*.*')} for folder in (work_dir, whole)]
    assert names[0] == names[1]
    metric = 'mpii/PCKh@0.5' if os.environ.get('MSSH_SOAK') else 'body/PCK'
    scores = [
        {record['step']: record[metric] for record in read_log(folder).val}
        for folder in (work_dir, whole)
    ]
    assert scores[0] == scores[1] and set(scores[0]) == set(range(1, EPOCHS + 1))


def kill_at(owner, name, condition=lambda *args: True, share=None):
    """Return what makes a process kill itself where a function is called.

    Args:
        owner: Class or module of the function.
        name: Of the function.
        condition: Of its arguments.
        share: Of the bytes that ``Path.write_bytes`` is called with, to be written first.
    """

    def prepare():
        original = getattr(owner, name)

        def killing(*args, **kwargs):
            if condition(*args):
                if share is not None:
                    original(args[0], args[1][: int(share * len(args[1]))])
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kwargs)

        setattr(owner, name, killing)

    return prepare


def named(text):
    return lambda path, *args: text in Path(path).name


def in_epoch(number):
    return lambda loop, *args: loop.runner.epoch + 1 == number


# In an order in which each is reached: a kill costs at most what was done since a checkpoint.
MOMENTS = {
    'start': kill_at(Runner, 'from_cfg'),
    'first iteration': kill_at(OptimWrapper, 'update_params'),
    'half of the first checkpoint': kill_at(Path, 'write_bytes', named('epoch_1.pth'), share=0.5),
    'before its renaming': kill_at(os, 'replace', named('epoch_1.pth')),
    'half of the note of the last one': kill_at(
        Path, 'write_bytes', named('last_checkpoint'), share=0.5
    ),
    'first validation': kill_at(ValLoop, 'run_iter', lambda loop, i, *args: i == 1),
    'validation after resuming': kill_at(ValLoop, 'run'),
    'iteration': kill_at(EpochBasedTrainLoop, 'run_iter', in_epoch(3)),
    'half of the third checkpoint': kill_at(Path, 'write_bytes', named('epoch_3.pth'), share=0.5),
    'before the removal of the oldest': kill_at(LocalBackend, 'remove'),
    'while resuming': kill_at(Runner, 'resume'),
    'between checkpoint and note': kill_at(
        os, 'replace', lambda part, path: Path(path).name == 'last_checkpoint'
    ),
    'start of an epoch': kill_at(EpochBasedTrainLoop, 'run_epoch', in_epoch(6)),
    'last validation': kill_at(ValLoop, 'run', in_epoch(EPOCHS + 1)),
}


def test_kills_at_chosen_moments(config, uninterrupted, tmp_path):
    work_dir = tmp_path / 'work'
    for moment, prepare in MOMENTS.items():
        ended = wait(train(config, work_dir, prepare))
        assert ended == -signal.SIGKILL, (moment, (tmp_path / 'errors').read_text())
    assert wait(train(config, work_dir)) == 0, (tmp_path / 'errors').read_text()
    check_equal(work_dir, uninterrupted[0])


def test_kills_at_random_moments(config, uninterrupted, tmp_path):
    """Every fourth kill is in the writing of a checkpoint, at any of its bytes.

    A training that ended before it was killed is checked, and another is started.
    """
    whole, seconds = uninterrupted
    moments = random.Random(int(os.environ.get('MSSH_SEED', 0)))
    wanted, kills, writing, trainings = int(os.environ.get('MSSH_KILLS', 3)), 0, 0, 0
    while kills < wanted:
        work_dir, status = tmp_path / str(trainings) / 'work', -signal.SIGKILL
        work_dir.mkdir(parents=True)
        parts = set()
        while status == -signal.SIGKILL:
            in_write = kills < wanted and kills % 4 == 3
            checkpoint = kill_at(Path, 'write_bytes', named('epoch_'), share=moments.random())
            process = train(config, work_dir, checkpoint if in_write else None)
            if kills < wanted and not in_write:
                time.sleep(moments.uniform(0, seconds))
                os.kill(process, signal.SIGKILL)
            status = wait(process)
            kills += status == -signal.SIGKILL
            found = set(work_dir.glob('*.mssh-part'))
            writing, parts = writing + bool(found - parts), found
        assert status == 0, (work_dir.parent / 'errors').read_text()
        check_equal(work_dir, whole)
        trainings += 1
    print(f'{kills} kills in {trainings} trainings, {writing} of them while a file was written')


def test_a_full_disk(config, uninterrupted, tmp_path):
    """A limit of a file's size acts like a full disk, and needs no rights."""
    work_dir = tmp_path / 'work'
    third = kill_at(ValLoop, 'run', in_epoch(4))
    assert wait(train(config, work_dir, third)) == -signal.SIGKILL
    before = {path.name: path.read_bytes() for path in work_dir.glob('*.pth')}
    (tmp_path / 'errors').write_text('')

    limit = min(map(len, before.values())) // 2
    limits = (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    full = train(config, work_dir, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))
    assert wait(full) == 1
    message = r'train.py: error: .*epoch_4.pth \([\d,]+ bytes\) cannot be written: File too large'
    errors = (tmp_path / 'errors').read_text()
    assert re.search(message, errors) and 'Traceback' not in errors
    assert {path.name: path.read_bytes() for path in work_dir.glob('*.pth*')} == before

    assert wait(train(config, work_dir)) == 0
    check_equal(work_dir, uninterrupted[0])


def test_no_room_even_for_the_log(config, tmp_path):
    def fill():
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        Runner.dump_config = Mock(side_effect=full)

    assert wait(train(config, tmp_path / 'work', fill)) == 1
    errors = (tmp_path / 'errors').read_text()
    assert f'error: {tmp_path}/work: No space left on device. Make room, then' in errors
    assert 'Traceback' not in errors


def test_a_training_that_diverges(config, tmp_path):
    options = ['optim_wrapper.optimizer.type=SGD', 'optim_wrapper.optimizer.lr=1e6']
    assert wait(train(config, tmp_path / 'work', options=options)) == 1
    errors = (tmp_path / 'errors').read_text()
    assert re.search(r'train.py: error: loss is (inf|nan) in iteration \d+ \(epoch \d', errors)
    assert 'Traceback' not in errors
    for path in (tmp_path / 'work').glob('*.pth'):
        assert find_not_finite(torch.load(path, weights_only=False)) is None
