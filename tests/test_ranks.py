"""Two processes train like one with both batches, except for batch statistics."""

import json
import os
import re
import socket

import pytest
import torch
from forked import forked, tool
from tiny_config import write_tiny_config
from toy_training import NoisyLinear, write_toy_config

import mssh_mmpose.cli.train  # noqa: F401, for all forks
from mssh_mmpose.engine.logs import read_log

# Normalisation by person, and the same pictures: every rank draws its own flips. The weights of
# this loss depend on the errors of all people.
LOSS = "dict(_delete_=True, type='AdaptiveWeightedHeatmapLoss', loss_weight=1000.0)"
OPTIONS = [
    *('model.backbone.norm_cfg.type=GN', 'model.backbone.norm_cfg.num_groups=2'),
    *('train_dataloader.dataset.pipeline.2.prob=0.0', 'train_cfg.max_epochs=1'),
    *('optim_wrapper.optimizer.type=SGD', 'optim_wrapper.optimizer.lr=0.01'),
]


def run_ranks(name, *args, ranks=1, prepare=lambda rank: None):
    """Run a tool on so many processes; return how they ended."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    launcher = ['--launcher', 'pytorch'] if ranks > 1 else []

    def process(rank):
        start = tool(name, *args, *launcher)

        def run():
            [loopback, *_] = (name for _, name in socket.if_nameindex() if name.startswith('lo'))
            place = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=port, GLOO_SOCKET_IFNAME=loopback)
            place.update(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=ranks)
            os.environ.update({key: str(value) for key, value in place.items()})
            prepare(rank)
            start()

        return run

    return forked(*map(process, range(ranks)))


def one_step(config, work_dir, options, ranks=1, prepare=lambda rank: None):
    args = [config, '--work-dir', work_dir, '--no-validate', '--cfg-options', *options]
    return run_ranks('train', *args, ranks=ranks, prepare=prepare)


def test_two_ranks_equal_one_with_all_people(tmp_path):
    """The first step: logged losses, and weights, by which gradients are compared too."""
    config = write_tiny_config(tmp_path)
    with config.open('a') as file:
        file.write(f"model['head']['loss'] = {LOSS}\n")
    batch = 'train_dataloader.batch_size'
    single = one_step(config, tmp_path / 'one', [*OPTIONS, f'{batch}=8'])
    ranks = one_step(config, tmp_path / 'two', [*OPTIONS, f'{batch}=4'], ranks=2)
    assert [end.status for end in (single, *ranks)] == [0, 0, 0], (single, ranks)
    (one,), (two,) = (read_log(tmp_path / name).train for name in ('one', 'two'))
    assert one['loss'] == pytest.approx(two['loss'], rel=1e-5)
    one, two = (
        torch.load(tmp_path / name / 'epoch_1.pth', weights_only=False)['state_dict']
        for name in ('one', 'two')
    )
    torch.testing.assert_close(two, one, rtol=1e-4, atol=1e-6)

    args = [config, tmp_path / 'two/epoch_1.pth', '--work-dir', tmp_path / 'test', '--out']
    options = ['--cfg-options', *OPTIONS[:2]]
    single = run_ranks('test', *args, tmp_path / '1.json', *options)
    ranks = run_ranks('test', *args, tmp_path / '2.json', *options, ranks=2)
    assert [end.status for end in (single, *ranks)] == [0, 0, 0], (single, ranks)
    one, two = (json.loads((tmp_path / f'{n}.json').read_text()) for n in (1, 2))
    assert one == two and 'mpii/PCKh@0.5' in one


def test_ranks_that_would_start_from_different_checkpoints(tmp_path):
    """As on two machines whose work dirs are not the same."""
    config = write_toy_config(tmp_path)
    options = ['train_cfg.max_epochs=1']
    end = one_step(config, tmp_path / '0', options)
    assert end.status == 0, end.err

    (tmp_path / '1').mkdir()
    args = [config, '--work-dir', '.', '--resume', '--cfg-options', 'train_cfg.max_epochs=2']
    ends = run_ranks('train', *args, ranks=2, prepare=lambda rank: os.chdir(tmp_path / str(rank)))
    for end in ends:
        assert end.status == 2, end
        assert re.search(r'start from different .*\(1, \d\), \(0, 0\)\]. They need', end.err)


def test_a_loss_that_diverges_on_one_rank_ends_both(tmp_path):
    def diverge(rank):
        forward = NoisyLinear.forward
        factor = float('nan') if rank else 1.0
        NoisyLinear.forward = lambda self, x, mode: {
            key: value * factor for key, value in forward(self, x, mode).items()
        }

    ends = one_step(
        write_toy_config(tmp_path), tmp_path / 'work', ['train_cfg.max_epochs=1'], 2, diverge
    )
    for end in ends:
        assert end.status == 1 and 'Traceback' not in end.err, end
        assert re.search('error: loss is nan in iteration 1', end.err), end
    assert not list((tmp_path / 'work').glob('*.pth'))
