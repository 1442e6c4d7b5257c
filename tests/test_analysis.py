"""Parameters and multiply-adds."""

import subprocess
import sys
from pathlib import Path

from torch import nn

from mssh_mmpose.analysis import count_multiply_adds

ROOT = Path(__file__).parents[1]


def test_convolution_counted_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1))
    counts = count_multiply_adds(net, (20, 10))
    assert counts['0'] == 200 * 3 * 8 * 9
    assert counts['2'] == 200 * 8 * 4
    assert counts[''] == counts['0'] + counts['2']


def test_training_mode_is_kept():
    net = nn.Conv2d(3, 8, 1).train()
    count_multiply_adds(net, (4, 4))
    assert net.training


def test_table_of_the_readme():
    """Its rows are the tool's output, here of some configs; none is missing."""
    readme = (ROOT / 'README.md').read_text()
    names = ('mssh-s_lsp_128x128.py', 'ablation/lateral.py', 'lsp/ablation/cpm.py')
    command = [sys.executable, 'tools/model_table.py', *(f'configs/{name}' for name in names)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = done.stdout.splitlines()
    assert len(rows) == 2 + len(names)
    for row in rows:
        assert row in readme
    for path in (ROOT / 'configs').rglob('*.py'):
        if '_base_' not in path.parts:
            assert f'| {path.relative_to(ROOT / "configs")} |' in readme
