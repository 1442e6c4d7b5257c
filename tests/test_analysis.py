"""Parameters and multiply-adds."""

from pathlib import Path

from forked import forked_tool
from mmengine.config import Config
from parameters import number_of_parameters
from torch import nn

from mssh_mmpose.analysis import count_multiply_adds, model_cost

ROOT = Path(__file__).parents[1]


def test_convolution_counted_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1))
    counts = count_multiply_adds(net, (20, 10))
    assert counts['0'] == 200 * 3 * 8 * 9
    assert counts['2'] == 200 * 8 * 4
    assert counts[''] == counts['0'] + counts['2']


def test_necks_count(estimator_cfg):
    neck = dict(type='ChannelMapper', in_channels=[16, 16], out_channels=32, num_outs=2)
    cfg = estimator_cfg(backbone=dict(num_keypoints=None), head=dict(in_channels=32), neck=neck)
    with_neck = model_cost(Config(dict(model=cfg)))
    cfg.pop('neck')
    cfg['head']['in_channels'] = 16
    without = model_cost(Config(dict(model=cfg)))
    # 3x3 from 16 to 32 channels, and a score convolution of twice the inputs, on both maps.
    pixels = 16**2 + 32**2
    more = pixels * (16 * 32 * 9 + 16 * 4)
    assert with_neck.multiply_adds - without.multiply_adds == more


def test_training_mode_is_kept():
    net = nn.Conv2d(3, 8, 1).train()
    count_multiply_adds(net, (4, 4))
    assert net.training


def test_table_of_all_configs():
    """The page's rows are the tool's output, checked for some; of the others the parameters."""
    page = (ROOT / 'docs/configs.md').read_text()
    names = ('mssh-s_lsp_128x128.py', 'ablation/lateral.py', 'lsp/ablation/cpm.py')
    done = forked_tool('model_table', *(f'configs/{name}' for name in names), cwd=ROOT)
    rows = done.out.splitlines()
    assert len(rows) == 2 + len(names)
    for row in rows:
        assert row in page
    for path in (ROOT / 'configs').rglob('*.py'):
        if '_base_' not in path.parts:
            network = number_of_parameters(Config.fromfile(path).model)
            assert f'| {path.relative_to(ROOT / "configs")} | {network / 1e6:.2f} |' in page
