import pytest
import torch
import torch.nn.functional as F
from forked import forked_tool
from mmengine.config import Config
from mmpose.registry import MODELS
from torch import nn

from mssh_mmpose.engine.checkpoint import read_checkpoint, weights_of
from mssh_mmpose.engine.loading import load_weights
from mssh_mmpose.models import MSSHNet
from mssh_mmpose.models.pytorch_pose import (
    convert_state_dict,
    data_preprocessor,
    network_settings,
)


class TheirBlock(nn.Module):
    """A bottleneck with the weight names of the other project."""

    def __init__(self, width_in, width):
        super().__init__()
        mid = width // 2
        self.bn1, self.conv1 = nn.BatchNorm2d(width_in), nn.Conv2d(width_in, mid, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(mid), nn.Conv2d(mid, mid, 3, padding=1)
        self.bn3, self.conv3 = nn.BatchNorm2d(mid), nn.Conv2d(mid, width, 1)
        self.downsample = None
        if width_in != width:
            self.downsample = nn.Sequential(nn.Conv2d(width_in, width, 1))

    def forward(self, x):
        y = x
        for bn, conv in ((self.bn1, self.conv1), (self.bn2, self.conv2), (self.bn3, self.conv3)):
            y = conv(torch.relu(bn(y)))
        return y + (x if self.downsample is None else self.downsample(x))


def their_blocks(width_in, width):
    return nn.Sequential(TheirBlock(width_in, width))


class TheirHourglass(nn.Module):
    def __init__(self, depth, width):
        super().__init__()
        self.hg = nn.ModuleList(
            nn.ModuleList(their_blocks(width, width) for _ in range(3 if level else 4))
            for level in range(depth)
        )

    def level(self, d, x):
        y = self.hg[d][1](F.max_pool2d(x, 2))
        y = self.level(d - 1, y) if d else self.hg[d][3](y)
        return self.hg[d][0](x) + F.interpolate(self.hg[d][2](y), scale_factor=2)

    def forward(self, x):
        return self.level(len(self.hg) - 1, x)


class TheirNet(nn.Module):
    def __init__(self, num_stacks, width, num_keypoints, depth=4):
        super().__init__()
        half, last = width // 2, num_stacks - 1
        self.conv1, self.bn1 = nn.Conv2d(3, half // 2, 7, 2, 3), nn.BatchNorm2d(half // 2)
        self.layer1 = their_blocks(half // 2, half)
        self.layer2 = their_blocks(half, width)
        self.layer3 = their_blocks(width, width)
        self.hg = nn.ModuleList(TheirHourglass(depth, width) for _ in range(num_stacks))
        self.res = nn.ModuleList(their_blocks(width, width) for _ in range(num_stacks))
        self.fc = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU())
            for _ in range(num_stacks)
        )
        self.score = nn.ModuleList(nn.Conv2d(width, num_keypoints, 1) for _ in range(num_stacks))
        self.fc_ = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(last))
        self.score_ = nn.ModuleList(nn.Conv2d(num_keypoints, width, 1) for _ in range(last))

    def forward(self, x):
        x = self.layer1(torch.relu(self.bn1(self.conv1(x))))
        x = self.layer3(self.layer2(F.max_pool2d(x, 2)))
        outputs = []
        for i, hourglass in enumerate(self.hg):
            y = self.fc[i](self.res[i](hourglass(x)))
            outputs.append(self.score[i](y))
            if i < len(self.fc_):
                x = x + self.fc_[i](y) + self.score_[i](outputs[-1])
        return tuple(outputs)


def make_theirs(num_stacks=2, width=16, num_keypoints=5, depth=4):
    """A network whose batch norms are not at their initial values."""
    torch.manual_seed(0)
    net = TheirNet(num_stacks, width, num_keypoints, depth).eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.running_var):
                nn.init.uniform_(value, 0.5, 1.5)
            for value in (module.bias, module.running_mean):
                nn.init.normal_(value, std=0.5)
    return net


def convert(state_dict):
    net = MSSHNet(**network_settings(state_dict)).eval()
    net.load_state_dict(convert_state_dict(state_dict))
    return net


@pytest.mark.parametrize(
    ('num_stacks', 'width', 'num_keypoints', 'depth', 'side'),
    [(2, 256, 16, 4, 64), (1, 16, 14, 4, 128), (3, 16, 5, 3, 64)],
)
@torch.no_grad()
def test_same_output_at_every_stack(num_stacks, width, num_keypoints, depth, side):
    theirs = make_theirs(num_stacks, width, num_keypoints, depth)
    ours = convert(theirs.state_dict())
    image = torch.rand(2, 3, side, side)
    outputs = ours(image)
    assert len(outputs) == num_stacks
    torch.testing.assert_close(outputs, theirs(image), rtol=0, atol=0)


def test_names_and_sizes_are_read_from_the_weights():
    weights = {f'module.{k}': v for k, v in make_theirs(2, 16, 5).state_dict().items()}
    assert network_settings(weights) == dict(
        num_keypoints=5,
        input_size=(256, 256),
        stage_strides=(4, 4),
        feat_channels=16,
        block='PreActBottleneck',
    )
    assert convert(weights) is not None


def test_old_files_without_batch_counters():
    weights = make_theirs().state_dict()
    old = {k: v for k, v in weights.items() if not k.endswith('num_batches_tracked')}
    before = list(old)
    assert convert_state_dict(old).keys() == convert_state_dict(weights).keys()
    assert list(old) == before


def test_every_wrong_key_is_listed():
    weights = make_theirs().state_dict()
    del weights['hg.1.hg.3.0.0.bn2.running_mean'], weights['fc_.0.bias']
    weights['layer9.weight'] = torch.zeros(1)
    weights['res.0.0.conv2.weight'] = torch.zeros(8, 8, 1, 1)
    with pytest.raises(ValueError) as caught:
        convert_state_dict(weights)
    lines = [line.strip() for line in str(caught.value).splitlines()[1:]]
    assert sorted(lines) == [
        'fc_.0.bias is missing',
        'hg.1.hg.3.0.0.bn2.running_mean is missing',
        'layer9.weight is unexpected',
        'res.0.0.conv2.weight has shape (8, 8, 1, 1), expected (8, 8, 3, 3)',
    ]


def test_networks_of_other_kinds_are_refused():
    with pytest.raises(ValueError, match='expected score.0.weight'):
        convert_state_dict({'layer1.weight': torch.zeros(1)})
    weights = make_theirs().state_dict()
    weights['res.0.1.bn1.weight'] = torch.ones(16)
    with pytest.raises(ValueError, match=r'several blocks per position \(res.0.1.bn1.weight\)'):
        convert_state_dict(weights)


def test_preprocessor_gives_the_values_of_the_other_project():
    preprocessor = MODELS.build(data_preprocessor())
    bgr = torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)
    mean = torch.tensor([0.4404, 0.4440, 0.4327]).view(3, 1, 1)
    theirs = bgr.flip(0) / 255 - mean
    ours = preprocessor(dict(inputs=[bgr], data_samples=[]))['inputs'][0]
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


def test_tool_writes_a_checkpoint_that_fits_the_printed_config(tmp_path):
    weights = {f'module.{k}': v for k, v in make_theirs(2, 16, 16).state_dict().items()}
    source, output = tmp_path / 'theirs.pth.tar', tmp_path / 'new/ours.pth'
    torch.save(dict(epoch=3, best_acc=0.5, arch='hg', state_dict=weights), source)
    done = forked_tool('convert_pytorch_pose', source, output)
    assert done.status == 0, done.err
    settings = done.out.split('needs\n')[1]
    for name in ('backbone', 'data_preprocessor'):
        assert f'model.{name}' in settings
    cfg = Config.fromstring(
        'model = dict(backbone=dict(), head=dict(), data_preprocessor=dict())\n', '.py'
    )
    namespace = dict(model=cfg.model)
    exec(settings, namespace)
    model = cfg.model
    model.type = 'MultiStagePoseEstimator'
    model.head.type = 'MultiStageHead'
    weights = weights_of(read_checkpoint(str(output)), str(output))
    load_weights(MODELS.build(model), weights, str(output))
    # The adaptive loss keeps averages, which a checkpoint from elsewhere cannot have.
    model.head.loss = dict(type='AdaptiveWeightedHeatmapLoss')
    load_weights(MODELS.build(model), weights, str(output))


def test_tool_reports_wrong_files_in_one_line(tmp_path):
    done = forked_tool('convert_pytorch_pose', tmp_path / 'nothing.pth', tmp_path / 'out.pth')
    assert done.status == 2
    last = done.err.splitlines()[-1]  # a library may warn before
    assert last.startswith('tools/convert_pytorch_pose.py: error: argument source: checkpoint')
    assert 'not found' in done.err
