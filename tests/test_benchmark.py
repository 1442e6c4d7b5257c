import re

import pytest
from tiny_config import write_tiny_config

from mssh_mmpose.cli import benchmark


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny_config(tmp_path_factory.mktemp('tiny'))


@pytest.fixture
def lines(config, run_tool, monkeypatch):
    """Run one measurement on the tiny network and return what it printed."""
    monkeypatch.setattr(benchmark, 'NUM_IMAGES', 8)

    def run(what):
        status, out, err = run_tool('benchmark', what, config, '--batch', 2, '--rounds', 1)
        assert status == 0, err
        return out

    return run


def rows(table):
    """First cell to the other cells of each row of Markdown."""
    cells = [line.strip('| ').split(' | ') for line in table.splitlines() if line.startswith('| ')]
    return {first: others for first, *others in cells}


def test_a_step_by_memory_order_and_precision(lines):
    found = rows(lines('step'))
    orders = ('contiguous', 'channels_last')
    for name in [f'{order}, {kind}' for kind in ('float32', 'bfloat16') for order in orders]:
        seconds, speed_up = map(float, found[name])
        assert seconds > 0 and speed_up > 0
    assert found['contiguous, float32'][1] == '1.00'


def test_speed_up_of_a_step(monkeypatch, capsys):
    times = {'contiguous, float32': 2.0, 'channels_last, float32': 0.5}
    monkeypatch.setattr(benchmark, 'time_steps', lambda *_: times)
    benchmark.step(None, 16, 1)
    assert '| channels_last, float32 | 0.500 | 4.00 |' in capsys.readouterr().out


def test_targets_as_a_share_of_the_step(lines):
    said = re.search(
        r'batch 2: ([\d.]+) ms; its targets: ([\d.]+) ms, ([\d.]+) % of it, ([\d.]+) ms per image',
        lines('targets'),
    )
    step, targets, share, image = map(float, said.groups())
    assert image == pytest.approx(targets / 2, abs=0.01)
    assert share == pytest.approx(100 * targets / step, rel=0.1, abs=0.1)


def test_losses_and_the_step(lines):
    out = lines('loss')
    for name in ('training step, batch 2', 'KeypointMSELoss, forward', 'adaptive, forward'):
        assert float(re.search(rf'{name}.*?: ([\d.]+) ms', out)[1]) > 0


def test_images_per_second_by_worker_processes(lines):
    found = rows(lines('data'))
    for name in ('annotation', 'LoadImage', 'TopdownAffine', 'PackPoseInputs'):
        assert float(found[name][0]) >= 0
    loaders = [f'loader, {workers} workers' for workers in (0, 1, 2)]
    for name in [*loaders, 'training step, which they feed']:
        assert int(found[name][0]) > 0
