"""Interrupted trainings continue from the newest whole checkpoint, with all validations."""

import os
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop
from toy_training import Linear, MeanLoss, Numbers, train

from mssh_mmpose.checks import check_schedule
from mssh_mmpose.cli.run_config import use_safe_hooks
from mssh_mmpose.cli.train import TrainRunner
from mssh_mmpose.engine.resuming import newest_checkpoint, read_training
from mssh_mmpose.errors import InputError

HOOKS = dict(
    checkpoint=dict(type='WholeCheckpointHook', interval=1),
    resumed_validation=dict(type='ResumedValidationHook'),
)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Work dir of three epochs, and another file of weights."""
    folder = tmp_path_factory.mktemp('trained')
    epochs = dict(by_epoch=True, max_epochs=3, val_interval=1)
    train(folder, train_cfg=epochs, default_hooks=HOOKS)
    weights = torch.load(folder / 'epoch_3.pth', weights_only=False)['state_dict']
    torch.save(dict(state_dict=weights, meta=dict(epoch=9)), folder / 'best_9.pth')
    return folder


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def spoil(path):
    checkpoint = torch.load(path, weights_only=False)
    checkpoint['state_dict']['fc.bias'][0] = torch.inf
    torch.save(checkpoint, path)


def garble(path):
    """A whole archive whose content is none."""
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a/data.pkl', b'nothing')


def age(folder):
    """Times of a copy, in which the oldest checkpoint comes last."""
    for epoch in (1, 2, 3):
        os.utime(folder / f'epoch_{epoch}.pth', (0, 10**9 - epoch))


def set_back(folder):
    """The clock on the wall is set back after two epochs, as in autumn or another time zone."""
    checkpoint = torch.load(folder / 'epoch_3.pth', weights_only=False)
    checkpoint['meta']['time'] = '20200101_000000'
    torch.save(checkpoint, folder / 'epoch_3.pth')


DAMAGES = {
    'none': (lambda f: None, 3, []),
    'times of a copy': (age, 3, []),
    'a clock set back': (set_back, 3, []),
    'half': (lambda f: cut(f / 'epoch_3.pth', 1000), 2, ['epoch_3.pth is truncated, .*1000 b']),
    'empty': (lambda f: cut(f / 'epoch_3.pth', 0), 2, ['epoch_3.pth is empty']),
    'inf': (lambda f: spoil(f / 'epoch_3.pth'), 2, ['not finite .state_dict.fc.bias']),
    'garbled': (lambda f: garble(f / 'epoch_3.pth'), 2, ['epoch_3.pth cannot be read']),
    'no pointer': (lambda f: (f / 'last_checkpoint').unlink(), 3, ['last_checkpoint is missing']),
    'empty pointer': (lambda f: cut(f / 'last_checkpoint', 0), 3, ['last_checkpoint is empty']),
    'gone': (lambda f: (f / 'epoch_3.pth').unlink(), 2, ['epoch_3.pth, named by .*, is missing']),
    'all': (lambda f: [cut(p, 0) for p in f.glob('epoch*')], None, ['epoch_..pth is empty'] * 3),
}


@pytest.mark.parametrize('case', DAMAGES)
def test_the_newest_whole_checkpoint_is_found(trained, tmp_path, case):
    damage, epoch, reasons = DAMAGES[case]
    folder = tmp_path / 'copy'
    shutil.copytree(trained, folder)
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_3.pth'))
    damage(folder)
    found, skipped = newest_checkpoint(str(folder), str(folder))
    assert found == (None if epoch is None else str(folder / f'epoch_{epoch}.pth'))
    assert len(skipped) == len(reasons)
    assert all(re.search(*pair) for pair in zip(reasons, skipped)), skipped


def test_a_folder_without_checkpoints(tmp_path):
    for folder in map(str, (tmp_path, tmp_path / 'nothing')):
        assert newest_checkpoint(folder, folder) == (None, [])


def test_checkpoints_in_another_folder(tmp_path):
    """MMEngine's note of the last one stays in the work dir."""
    hook = dict(HOOKS['checkpoint'], out_dir=str(tmp_path / 'big'))
    hooks = dict(HOOKS, checkpoint=hook)
    work_dir, folder = str(tmp_path / 'run'), str(tmp_path / 'big/run')
    run(work_dir, Recorder(), hooks)
    assert newest_checkpoint(folder, work_dir) == (f'{folder}/epoch_4.pth', [])
    run(work_dir, Recorder(), hooks)
    (earlier,) = Path(folder).glob('earlier_*')
    assert (earlier / 'last_checkpoint').read_text() == f'{folder}/epoch_4.pth'


def test_weights_alone_cannot_be_continued(trained):
    with pytest.raises(InputError, match=r'no state of a training .* load_from=.*best_9.pth'):
        read_training(trained / 'best_9.pth')


# ---- validations


class Recorder(Hook):
    """Notes after how many epochs or iterations there was a validation; kills the n-th."""

    def __init__(self, kill=None):
        self.kill, self.steps = kill, []

    def after_val_iter(self, runner, *args, **kwargs):
        if self.kill == len(self.steps) + 1:
            raise KeyboardInterrupt

    def after_val_epoch(self, runner, metrics=None):
        self.steps.append(runner.epoch or runner.iter)


def run(folder, recorder, hooks=HOOKS, **settings):
    """Train 4 epochs with a rate that depends on validations; return the runner."""
    plateau = dict(type='ReduceOnPlateauLR', monitor='body/PCK', rule='greater', patience=1)
    settings.setdefault('train_cfg', dict(by_epoch=True, max_epochs=4, val_interval=1))
    settings.update(
        default_hooks=hooks, custom_hooks=[recorder], val_evaluator=Evaluator(MeanLoss())
    )
    return train(folder, [plateau], **settings)


@pytest.mark.parametrize('epoch', [1, 3, 4])
def test_a_validation_that_was_cut_off_is_run(tmp_path, epoch):
    uninterrupted = Recorder()
    whole = run(tmp_path / 'whole', uninterrupted)
    first, second = Recorder(kill=epoch), Recorder()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / 'run', first)
    start = str(tmp_path / f'run/epoch_{epoch}.pth')
    resumed = run(tmp_path / 'run', second, load_from=start, resume=True)
    assert first.steps + second.steps == uninterrupted.steps == [1, 2, 3, 4]
    torch.testing.assert_close(resumed.model.state_dict(), whole.model.state_dict(), rtol=0, atol=0)
    rates = [runner.optim_wrapper.get_lr()['lr'] for runner in (resumed, whole)]
    assert rates[0] == rates[1]
    scores = [runner.message_hub.get_scalar('val/body/PCK').data for runner in (resumed, whole)]
    np.testing.assert_array_equal(*scores)


def test_what_it_is_for(tmp_path):
    """Without the hook the validation is lost."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Recorder(kill=2))
    hooks = dict(HOOKS)
    del hooks['resumed_validation']
    second = Recorder()
    run(tmp_path, second, hooks, load_from=str(tmp_path / 'epoch_2.pth'), resume=True)
    assert second.steps == [3, 4]


def test_only_validations_that_are_due_are_run(tmp_path):
    run(tmp_path, Recorder())
    for epoch, steps in ((1, [3, 4]), (2, [3, 4]), (3, [3, 4])):
        recorder = Recorder()
        start = str(tmp_path / f'epoch_{epoch}.pth')
        settings = dict(load_from=start, resume=True)
        settings['train_cfg'] = dict(by_epoch=True, max_epochs=4, val_interval=3)
        run(tmp_path / f'from_{epoch}', recorder, **settings)
        assert recorder.steps == steps
    recorder = Recorder()
    run(tmp_path / 'loaded', recorder, load_from=start)
    assert recorder.steps == [1, 2, 3, 4]


def test_a_validation_that_the_checkpoint_knows_is_not_repeated(tmp_path):
    """MMEngine writes the checkpoint once more where the score is the best so far."""
    best = dict(HOOKS['checkpoint'], save_best='body/PCK', rule='greater')
    hooks = dict(HOOKS, checkpoint=best)
    run(tmp_path, Recorder(), hooks)
    recorder = Recorder()
    run(tmp_path, recorder, hooks, load_from=str(tmp_path / 'epoch_1.pth'), resume=True)
    assert recorder.steps == [2, 3, 4]


def test_trainings_that_count_iterations(tmp_path, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)  # MMEngine's, between epochs
    hooks = dict(HOOKS, checkpoint=dict(HOOKS['checkpoint'], by_epoch=False, interval=2))
    loop = dict(by_epoch=False, max_iters=6, val_interval=4)
    run(tmp_path, Recorder(), hooks, train_cfg=loop)
    for start, steps in ((2, [4, 6]), (4, [4, 6]), (6, [6])):
        recorder = Recorder()
        path = str(tmp_path / f'iter_{start}.pth')
        settings = dict(train_cfg=loop, load_from=path, resume=True)
        run(tmp_path / f'from_{start}', recorder, hooks, **settings)
        assert recorder.steps == steps


# ---- what the runner of tools/train.py refuses


def one_cycle(epochs, rate=0.1):
    cycle = dict(type='OneCycleLR', eta_max=rate, total_steps=epochs, by_epoch=True)
    return [dict(cycle, convert_to_iter_based=True)]


def steps(milestones):
    return [dict(type='MultiStepLR', milestones=milestones, by_epoch=True)]


@pytest.mark.parametrize(
    'before, now, message',
    [
        ((2, one_cycle(2)), (4, one_cycle(4)), r".0 has .*'total_steps': 4.* there and .*8"),
        ((2, one_cycle(2)), (2, one_cycle(2, 0.2)), r".0 has .*'eta_max': 0\.1.* there and .*0\.2"),
        ((2, steps([1, 2])), (4, steps([1, 3])), r".0 has .*'end': 2.* there and .*'end': 4"),
        ((2, steps([1])), (2, one_cycle(2)), r".0 has .*'milestones'.* there"),
        ((2, steps([1])), (2, steps([1]) * 2), ' has 1 schedules there and 2 in'),
        ((2, steps([1])), (2, []), ' has 1 schedules there and 0 in'),
    ],
)
def test_another_plan_is_not_continued(tmp_path, before, now, message):
    """MMEngine would keep the old one: with a rate of 0, or too high, to the end."""

    def run(epochs, schedulers, **settings):
        epochs = dict(by_epoch=True, max_epochs=epochs, val_interval=9)
        settings |= dict(train_cfg=epochs, kind=TrainRunner, default_hooks=HOOKS)
        return train(tmp_path, schedulers, **settings)

    run(*before)
    start = dict(load_from=str(tmp_path / 'epoch_1.pth'))
    assert run(*before, resume=True, **start).epoch == 2
    with pytest.raises(InputError, match=rf'epoch_1.pth: .*param_scheduler{message}'):
        run(*now, resume=True, **start)
    assert run(*now, **start).epoch == now[0]


def test_a_checkpoint_without_its_plan_is_not_continued(tmp_path):
    """MMEngine would begin the plan anew."""

    def run(**settings):
        settings |= dict(train_cfg=dict(by_epoch=True, max_epochs=2, val_interval=9))
        hook = dict(HOOKS['checkpoint'], save_param_scheduler=False)
        settings |= dict(kind=TrainRunner, default_hooks=dict(HOOKS, checkpoint=hook))
        return train(tmp_path, one_cycle(2), **settings)

    run()
    with pytest.raises(InputError, match='param_scheduler has 0 schedules there and 1 in'):
        run(load_from=str(tmp_path / 'epoch_1.pth'), resume=True)


@pytest.mark.parametrize('first', [1, 2, 3])
@pytest.mark.parametrize('gamma', [0.1, 0.5])
def test_a_schedule_by_steps_is_prolonged(tmp_path, first, gamma):
    def run(folder, epochs, **settings):
        epochs = dict(by_epoch=True, max_epochs=epochs, val_interval=9)
        schedules = [
            dict(type='MultiStepLR', milestones=[2, 3], gamma=gamma),
            dict(type='ExponentialLR', gamma=0.9),
        ]
        settings |= dict(train_cfg=epochs, kind=TrainRunner, default_hooks=HOOKS)
        return train(tmp_path / folder, schedules, **settings)

    whole = run('whole', 5)
    run('parts', first)
    parts = run('parts', 5, resume=True, load_from=str(tmp_path / f'parts/epoch_{first}.pth'))
    rates = [each.message_hub.get_scalar('train/lr').data[0] for each in (parts, whole)]
    np.testing.assert_allclose(*rates)
    assert len(set(rates[0])) == 5
    torch.testing.assert_close(parts.model.state_dict(), whole.model.state_dict())


def test_too_few_people_for_a_batch(tmp_path):
    loader = dict(batch_size=5, num_workers=0, dataset=Numbers(), drop_last=True)
    loader['sampler'] = dict(type='DefaultSampler', shuffle=False)
    with pytest.raises(InputError, match='the 4 people of a process make no batch of 5: lower'):
        train(tmp_path, one_cycle(2), kind=TrainRunner, train_dataloader=loader)


def test_nothing_to_train(tmp_path):
    frozen = Linear().requires_grad_(False)
    with pytest.raises(InputError, match='the whole network is frozen'):
        train(tmp_path, kind=TrainRunner, model=frozen)


@pytest.mark.parametrize('epochs', [True, False])
def test_checkpoints_are_written_at_the_ends_of_what_is_counted(epochs):
    counted = dict(max_epochs=2) if epochs else dict(max_iters=2)
    cfg = Config(dict(train_cfg=dict(by_epoch=epochs, val_interval=1, **counted)))
    use_safe_hooks(cfg)
    hook = dict(type='WholeCheckpointHook', interval=1)
    assert cfg.default_hooks.checkpoint == hook | ({} if epochs else dict(by_epoch=False))
    check_schedule(cfg)
    cfg.default_hooks.checkpoint.by_epoch = not epochs
    with pytest.raises(InputError, match=f'set it to {epochs}, or leave it out'):
        check_schedule(cfg)


@pytest.mark.parametrize('loop', [
    dict(type='mmengine.IterBasedTrainLoop', max_iters=2),
    dict(type=IterBasedTrainLoop, max_iters=2),
    dict(type='MyLoop', max_iters=2),
    dict(by_epoch=False, max_iters=2),
])  # fmt: skip
@pytest.mark.parametrize('hook', [
    None, dict(type='Mine', every=2), dict(type='CheckpointHook', interval=1, by_epoch=False),
])  # fmt: skip
def test_checkpoint_hooks_and_loops_of_every_form(loop, hook):
    cfg = Config(dict(train_cfg=loop, default_hooks=dict(checkpoint=hook)))
    use_safe_hooks(cfg)
    check_schedule(cfg)
    if hook and hook['type'] == 'CheckpointHook':
        hook['type'] = 'WholeCheckpointHook'
    assert cfg.default_hooks.checkpoint == hook
