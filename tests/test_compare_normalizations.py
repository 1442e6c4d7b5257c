"""The adaptive loss in the network that comes with the project, on real images."""

from pathlib import Path

import torch
from forked import forked_tool

ROOT = Path(__file__).parents[1]


def test_table_of_a_trained_network(real_data):
    real_data('lsp')
    (weights,) = (ROOT / 'results/hourglass-s_lsp_128x128').glob('*.pth')
    args = ['configs/hourglass-s_lsp_128x128.py', weights, '--images=8']
    done = forked_tool('compare_normalizations', *args, cwd=ROOT)
    assert done.status == 0, done.err
    table = [line for line in done.out.splitlines() if line.startswith('|')]
    rows = [row.strip('| ').split(' | ') for row in table[2:]]
    assert [row[0] for row in rows] == ['energy', 'max', 'mean']
    for row in rows:
        errors = [float(error) for error in row[1].split(', ')]
        assert len(errors) == 3 and all(0 < error < 1 for error in errors)
        assert row[2].startswith('1.000-1.000, ')  # the first stack's weights are equal
    energy = [float(bound) for bound in rows[0][2].split(', ')[2].split('-')]
    assert energy[0] < 0.95 and energy[1] > 1.02
    assert len(rows[0][3].split(', ')) == 4


def test_hardest_and_easiest(monkeypatch, real_data):
    real_data('lsp')
    rising = torch.stack([torch.ones(14), torch.ones(14), torch.arange(1.0, 15)])
    monkeypatch.setattr('mssh_mmpose.models.adaptive_loss.adaptive_weights', lambda *_: rising)
    (weights,) = (ROOT / 'results/hourglass-s_lsp_128x128').glob('*.pth')
    args = ['configs/hourglass-s_lsp_128x128.py', weights, '--images=2']
    done = forked_tool('compare_normalizations', *args, cwd=ROOT)
    hardest, easiest = 'head_top, neck, left_wrist, left_elbow', 'left_hip, right_hip, right_knee'
    assert f'| {hardest} | {easiest}, right_ankle |' in done.out, done
