"""Every epoch has random numbers of its own, which follow from the seed."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from forked import forked
from mmengine.hooks import Hook
from toy_training import NoisyNumbers, train

from mssh_mmpose.engine.hooks import EpochSeedHook


def test_epoch_seeds_need_workers_that_start_anew():
    class Runner:
        class train_dataloader:  # noqa: N801
            persistent_workers = True

    with pytest.raises(ValueError, match='persistent_workers to False'):
        EpochSeedHook().before_train(Runner)


class Drawn(Hook):
    """Keeps what every epoch sees."""

    def __init__(self):
        self.epochs = []

    def before_train_epoch(self, runner):
        self.epochs.append([])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.epochs[-1].extend(data_batch['x'].flatten().tolist())


@pytest.mark.parametrize('workers', [0, 1])
def test_epoch_seeds(tmp_path, workers):
    """Every epoch draws other numbers, a repeated training and one that continues the same."""

    def start(name, **settings):
        loader = dict(batch_size=2, num_workers=workers, dataset=NoisyNumbers())
        loader['sampler'] = dict(type='DefaultSampler', shuffle=False)
        loader['collate_fn'] = dict(type='default_collate')
        hook = Drawn()
        settings |= dict(train_dataloader=loader, randomness=dict(seed=3))
        settings['custom_hooks'] = [dict(type='EpochSeedHook'), hook]

        def run():
            train(tmp_path / name, **settings)
            print(json.dumps(hook.epochs))

        # Workers make the process handle SIGCHLD, at which it would crash after pytest has set a
        # small stack for signals and PyTorch has used AMX.
        return forked(run)

    def drawn(name, **settings):
        ended = start(name, **settings)
        assert ended.status == 0, ended.err
        return json.loads(ended.out.splitlines()[-1])

    first, second = drawn('a')
    assert not set(first) & set(second)
    assert drawn('b') == [first, second]
    checkpoint = str(tmp_path / 'a/epoch_1.pth')
    assert drawn('c', load_from=checkpoint, resume=True) == [second]
    if workers:
        ended = start('d', train_cfg=dict(by_epoch=False, max_iters=2))
        assert 'num_workers to 0, it is 1, or count epochs' in ended.err


def test_epoch_seeds_of_ranks(monkeypatch):
    """Ranks draw different numbers, in this process and in workers, and anew in every epoch."""
    loader = SimpleNamespace(num_workers=2)
    runner = SimpleNamespace(train_dataloader=loader, seed=3, epoch=1)
    found = []
    for rank, epoch in ((0, 1), (0, 2), (1, 1), (1, 2)):
        runner.epoch = epoch
        monkeypatch.setattr('mssh_mmpose.engine.hooks.get_rank', lambda rank=rank: rank)
        EpochSeedHook().before_train_epoch(runner)
        found.append(torch.rand(1).item())
        for worker in (0, 1):
            loader.worker_init_fn(worker)
            found.append(np.random.rand())
    assert len(set(found)) == 12
