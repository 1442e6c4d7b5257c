"""The adaptive loss in the network that comes with the project, on real images."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_table_of_a_trained_network(real_data):
    real_data('lsp')
    (weights,) = (ROOT / 'results/hourglass-s_lsp_128x128').glob('*.pth')
    done = subprocess.run(
        [
            sys.executable,
            'tools/compare_normalizations.py',
            'configs/hourglass-s_lsp_128x128.py',
            str(weights),
            '--images=8',
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    table = [line for line in done.stdout.splitlines() if line.startswith('|')]
    rows = [row.strip('| ').split(' | ') for row in table[2:]]
    assert [row[0] for row in rows] == ['energy', 'max', 'mean']
    for row in rows:
        errors = [float(error) for error in row[1].split(', ')]
        assert len(errors) == 3 and all(0 < error < 1 for error in errors)
        assert row[2].startswith('1.000-1.000, ')  # the first stack's weights are equal
    energy = [float(bound) for bound in rows[0][2].split(', ')[2].split('-')]
    assert energy[0] < 0.95 and energy[1] > 1.02
    assert len(rows[0][3].split(', ')) == 4
