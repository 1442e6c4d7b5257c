"""Parameters and multiply-adds."""

from torch import nn

from mssh_mmpose.analysis import count_multiply_adds


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
