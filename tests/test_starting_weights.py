"""The log says which weights a training takes from its starting checkpoint."""

import pytest
import torch
from mmengine.runner import save_checkpoint
from torch import nn
from toy_training import Linear, train

from mssh_mmpose.engine.starting_weights import compare
from mssh_mmpose.errors import InputError
from mssh_mmpose.models import AdaptiveWeightedHeatmapLoss
from mssh_mmpose.models.freezing import FreezableBackbone

HOOKS = dict(starting_weights=dict(type='StartingWeightsHook'))


class Named(Linear):
    """``Linear`` with a second layer of a given name."""

    def __init__(self, name):
        super().__init__()
        self.add_module(name, nn.Linear(3, 2))

    def forward(self, x, mode):
        loss = sum(layer(x).square().mean() for layer in self.children())
        return dict(loss=loss) if mode == 'loss' else [loss]


@pytest.fixture
def start(tmp_path):
    """Checkpoint of one epoch of a network with layers fc and a."""
    train(tmp_path / 'first', model=Named('a'), train_cfg=dict(by_epoch=True, max_epochs=1))
    return tmp_path / 'first/epoch_1.pth'


def test_what_was_taken_is_logged(start, tmp_path):
    runner = train(
        tmp_path, model=Named('b'), load_from=str(start), default_hooks=HOOKS, log_level='INFO'
    )
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert (
        '2 of 4 tensors of the network taken from the checkpoint; missing there or of another '
        'shape: b.weight; b.bias. Unused in it: a.weight; a.bias.'
    ) in log
    assert runner.iter == 4, 'trains'


class Frozen(FreezableBackbone):
    """A layer that is frozen."""

    def __init__(self):
        super().__init__(frozen_stages=0)
        self.layer = nn.Linear(3, 2)
        self.freeze([[self.layer]])

    def forward(self, x):
        return self.layer(x)


def test_frozen_layers_that_would_stay_random(start, tmp_path):
    model = Named('b')
    constant = nn.Parameter(torch.ones(1), requires_grad=False)  # as some heads have
    model.register_parameter('constant', constant)
    model.b = Frozen()
    with pytest.raises(InputError, match='=.*epoch_1.pth: b.layer.bias; b.layer.weight are frozen'):
        train(tmp_path, model=model, load_from=str(start), default_hooks=HOOKS)


class Counting(Linear):
    """``Linear`` with the statistics of an adaptive loss, which count iterations."""

    def __init__(self):
        super().__init__()
        self.loss = AdaptiveWeightedHeatmapLoss(1, 2, smoothing=0.9)

    def forward(self, x, mode):
        heat = self.fc(x)[..., None, None].expand(-1, 2, 4, 4)
        (loss,) = self.loss([heat], [torch.ones_like(heat)], [torch.ones(len(x), 2)])
        return dict(loss=loss) if mode == 'loss' else [loss]


def test_statistics_of_the_loss_begin_anew(tmp_path):
    """Its warm-up counts the iterations of this training; a continued one goes on."""
    train(tmp_path / 'first', model=Counting())
    settings = dict(load_from=str(tmp_path / 'first/epoch_2.pth'), default_hooks=HOOKS)
    settings['train_cfg'] = dict(by_epoch=True, max_epochs=3)
    continued = train(tmp_path / 'a', model=Counting(), resume=True, **settings)
    anew = train(tmp_path / 'b', model=Counting(), **settings)
    assert (continued.model.loss.iterations, anew.model.loss.iterations) == (6, 6)
    settings['train_cfg'] = dict(by_epoch=True, max_epochs=1)
    loss = train(tmp_path / 'c', model=Counting(), **settings).model.loss
    assert loss.iterations == 2 and loss.running.any()


def test_another_network_is_refused(start, tmp_path):
    weights = torch.load(start, weights_only=False)['state_dict']
    renamed = {f'other.{name}': value for name, value in weights.items()}
    path = str(tmp_path / 'other.pth')
    for content in (dict(state_dict=renamed), renamed):
        save_checkpoint(content, path)
        match = r'other.pth: no tensor fits .* fc.weight; fc.bias; .* has other.fc.weight; '
        with pytest.raises(InputError, match=match):
            train(tmp_path / 'work', load_from=path, default_hooks=HOOKS)


def test_a_training_is_continued_only_whole(start, tmp_path):
    settings = dict(load_from=str(start), resume=True, default_hooks=HOOKS)
    with pytest.raises(InputError, match='cannot be continued with this config: 2 of 4 tensors'):
        train(tmp_path / 'b', model=Named('b'), **settings)
    with pytest.raises(InputError, match='shape: none. Unused in it: a.weight; a.bias. To start'):
        train(tmp_path / 'fc', **settings)
    assert train(tmp_path / 'a', model=Named('a'), **settings).epoch == 2


def test_comparison():
    small, large = (nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, n)) for n in (1, 2))
    fit = compare(large, small.state_dict())
    assert fit.taken == [f'0.{name}' for name in ('weight', 'bias', 'running_mean', 'running_var')]
    assert fit.unset == fit.unused == ['1.weight', '1.bias']
