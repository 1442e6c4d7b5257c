"""Checkpoints are written whole and finite, and other trainings' checkpoints are kept."""

import errno
import os
import shutil

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner.checkpoint import find_latest_checkpoint
from toy_training import train

from mssh_mmpose.engine import whole_checkpoints
from mssh_mmpose.errors import InputError, RunError

EPOCHS = dict(by_epoch=True, val_interval=1)


def hooks(type='WholeCheckpointHook', interval=1, **settings):
    checkpoint = dict(type=type, interval=interval, **settings)
    return dict(default_hooks=dict(checkpoint=checkpoint, finite=dict(type='FiniteLossHook')))


def files(folder):
    """Names of the checkpoints below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob('*.pth*')}


def newest(folder):
    return find_latest_checkpoint(str(folder))


def run(folder, epochs=3, settings=None, **more):
    return train(
        folder, train_cfg=dict(EPOCHS, max_epochs=epochs), **hooks(**(settings or {})), **more
    )


@pytest.mark.parametrize(
    'settings',
    [
        dict(interval=1, max_keep_ckpts=2),
        dict(interval=2, save_begin=1, save_optimizer=False),
        dict(interval=3, by_epoch=False, max_keep_ckpts=1, filename_tmpl='step{}.pth'),
        dict(interval=1, max_keep_ckpts=1, save_best='body/PCK', rule='greater'),
        dict(interval=1, max_keep_ckpts=1, out_dir='out'),
    ],
)
def test_the_files_are_those_of_mmengines_hook(tmp_path, monkeypatch, settings):
    found = []
    for kind in ('CheckpointHook', 'WholeCheckpointHook'):
        (tmp_path / kind).mkdir()
        monkeypatch.chdir(tmp_path / kind)
        run('work', settings=dict(settings, type=kind))
        found.append((files(tmp_path / kind), os.path.relpath(newest('work'))))
    assert found[0] == found[1] and found[0][0]


def test_a_best_score_that_the_validation_lacks(tmp_path):
    with pytest.raises(InputError, match="'body/AP', the validation has body/PCK, body/visible: n"):
        run(tmp_path, settings=dict(save_best='body/AP', rule='greater'))
    assert 'epoch_1.pth' in files(tmp_path)


@pytest.mark.parametrize('failing', ['epoch_2.pth', 'last_checkpoint'])
def test_a_failed_write_costs_no_checkpoint(tmp_path, monkeypatch, failing):
    write = whole_checkpoints.write_whole

    def fail(content, path):
        if str(path).endswith(failing) and content != str(tmp_path / 'epoch_1.pth').encode():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(content, path)

    monkeypatch.setattr(whole_checkpoints, 'write_whole', fail)
    match = rf'{failing} \(.* bytes\) cannot be written: No space left .* --resume'
    with pytest.raises(RunError, match=match):
        run(tmp_path, settings=dict(max_keep_ckpts=1))
    assert 'epoch_1.pth' in files(tmp_path)
    assert newest(tmp_path).endswith('epoch_1.pth')


@pytest.mark.parametrize('metrics', ['body/PCK', ['body/PCK', 'body/visible']])
def test_a_failed_write_costs_no_best_checkpoint(tmp_path, monkeypatch, metrics):
    write = whole_checkpoints.write_whole

    def fail(content, path):
        if str(path).endswith('epoch_2.pth') and 'best_' in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(content, path)

    settings = dict(save_best=metrics, rule='less')
    monkeypatch.setattr(whole_checkpoints, 'write_whole', fail)
    monkeypatch.setattr('mmengine.hooks.CheckpointHook.rule_map', dict(less=lambda x, y: True))
    with pytest.raises(RunError, match='cannot be written'):
        run(tmp_path, settings=settings)
    assert 'best_body_PCK_epoch_1.pth' in files(tmp_path)
    monkeypatch.setattr(whole_checkpoints, 'write_whole', write)
    run(tmp_path / 'whole', settings=settings)
    best = {name for name in files(tmp_path / 'whole') if 'best_' in name}
    names = [metrics] if isinstance(metrics, str) else metrics
    assert best == {f'best_{name.replace("/", "_")}_epoch_3.pth' for name in names}


def test_a_full_disk_leaves_no_part_of_a_file(tmp_path):
    backend = whole_checkpoints.WholeFileBackend()
    with pytest.raises(RunError, match='cannot be written: Is a directory'):
        (tmp_path / 'epoch_1.pth').mkdir()
        backend.put(b'new', tmp_path / 'epoch_1.pth')
    assert files(tmp_path) == {'epoch_1.pth'}


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path, monkeypatch):
    """Killed between the new checkpoint and the removal of the oldest."""

    def kill(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(whole_checkpoints.WholeFileBackend, 'remove', kill)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, settings=dict(max_keep_ckpts=2))
    assert files(tmp_path) == {'epoch_1.pth', 'epoch_2.pth', 'epoch_3.pth'}
    monkeypatch.undo()
    run(tmp_path, settings=dict(max_keep_ckpts=2), load_from=newest(tmp_path), resume=True)
    assert files(tmp_path) == {'epoch_2.pth', 'epoch_3.pth'}


def test_a_fresh_start_keeps_the_checkpoints_of_another_training(tmp_path):
    best = dict(max_keep_ckpts=1, save_best='body/PCK', rule='greater')
    run(tmp_path, epochs=2, settings=best)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    assert set(before) == {'epoch_2.pth', 'best_body_PCK_epoch_1.pth'}
    for starts in (1, 2):
        run(tmp_path, epochs=3, settings=best)
        assert newest(tmp_path).endswith('/epoch_3.pth')
        assert len(list(tmp_path.glob('earlier_*'))) == starts
    (first,) = (path.parent for path in tmp_path.glob('earlier_*/epoch_2.pth'))
    assert {name: (first / name).read_bytes() for name in files(first)} == before


def test_the_new_place_of_starting_weights_is_told(tmp_path, monkeypatch):
    run(tmp_path, epochs=1)
    said = []
    monkeypatch.setattr(MMLogger, 'warning', lambda self, text: said.append(text))
    run(tmp_path, epochs=1, load_from=str(tmp_path / 'epoch_1.pth'))
    (earlier,) = tmp_path.glob('earlier_*/epoch_1.pth')
    assert [text for text in said if text.endswith(f'start from it again: load_from={earlier}')]


def test_checkpoints_of_another_folder_are_not_removed(tmp_path):
    """A copied work dir, and a training that goes on in a folder that was used before."""
    a, b, copy = (tmp_path / name for name in ('a', 'b', 'copy'))
    best = dict(max_keep_ckpts=1, save_best='body/PCK', rule='less')
    run(a, epochs=1, settings=best)
    run(b, epochs=1, settings=best)
    shutil.copytree(a, copy)
    before = files(a)
    for folder in (copy, b):
        start = str(copy / 'epoch_1.pth') if folder == copy else str(a / 'epoch_1.pth')
        runner = run(folder, epochs=2, settings=best, load_from=start, resume=True)
        assert runner.message_hub.get_info('keep_ckpt_ids')[-1] == 2
    assert files(a) == before
    assert 'epoch_1.pth' not in files(copy), 'its own is removed'
    assert {name.split('/')[-1] for name in files(b)} == {*before, 'epoch_2.pth'}


def is_finite(path):
    checkpoint = torch.load(path, weights_only=False)
    return whole_checkpoints.find_not_finite(checkpoint) is None


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path):
    sgd = dict(optimizer=dict(type='SGD', lr=100.0))
    with pytest.raises(RunError) as stop:
        run(tmp_path, epochs=50, settings=dict(max_keep_ckpts=2), optim_wrapper=sgd)
    assert 'loss is inf in iteration' in str(stop.value)
    assert f'{newest(tmp_path)}, is finite' in str(stop.value)
    assert 'lower learning rate than 100,' in str(stop.value)
    assert len(files(tmp_path)) == 2 and all(is_finite(tmp_path / name) for name in files(tmp_path))


class Spoil(Hook):
    """Sets a number to nan at the end of an epoch."""

    def __init__(self, where, epoch):
        self.where, self.epoch = where, epoch

    def after_train_epoch(self, runner):
        if runner.epoch + 1 == self.epoch:
            optimizer = runner.optim_wrapper.optimizer
            parameter = runner.model.fc.weight
            momentum = optimizer.state[parameter]['exp_avg']
            (parameter.data if self.where == 'weights' else momentum)[0, 1] = torch.nan


@pytest.mark.parametrize(
    ('where', 'name'),
    [('weights', 'state_dict.fc.weight'), ('momentum', 'optimizer.state.0.exp_avg')],
)
@pytest.mark.parametrize('epoch', [1, 2])
def test_a_checkpoint_that_is_not_finite_is_not_written(tmp_path, where, name, epoch):
    with pytest.raises(RunError, match=f'{name} holds nan or inf in epoch {epoch}:') as stop:
        run(tmp_path, settings=dict(max_keep_ckpts=1), custom_hooks=[Spoil(where, epoch)])
    assert files(tmp_path) == ({'epoch_1.pth'} if epoch == 2 else set())
    assert ('No checkpoint was written' in str(stop.value)) == (epoch == 1)


def test_averaged_weights_are_checked_too(tmp_path):
    class Average(Hook):
        def before_save_checkpoint(self, runner, checkpoint):
            checkpoint['ema_state_dict'] = {'module.fc.bias': torch.tensor([torch.inf])}

    with pytest.raises(RunError, match=r'ema_state_dict\.module\.fc\.bias holds'):
        run(tmp_path, custom_hooks=[Average()])


def test_folders_elsewhere_are_left_to_mmengine(tmp_path):
    (tmp_path / 'epoch_9.pth').write_bytes(b'of another training')
    run(tmp_path, epochs=1, settings=dict(backend_args=dict(backend='local')))
    assert files(tmp_path) == {'epoch_9.pth', 'epoch_1.pth'}
