import pytest
import torch
from mmengine.config import Config
from mmpose.registry import OPTIM_WRAPPERS
from torch import nn

from mssh_mmpose.cli import run_config
from mssh_mmpose.errors import InputError


def make_wrapper(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return OPTIM_WRAPPERS.build(dict(type='Bf16OptimWrapper', optimizer=optimizer))


def test_forward_in_bfloat16_weights_and_gradients_in_float32():
    model = nn.Conv2d(3, 4, 3)
    wrapper = make_wrapper(model)
    with wrapper.optim_context(model):
        output = model(torch.rand(2, 3, 8, 8))
    assert output.dtype == torch.bfloat16
    assert model(torch.rand(2, 3, 8, 8)).dtype == torch.float32
    before = model.weight.detach().clone()
    wrapper.backward(output.float().square().mean())
    wrapper.step()
    assert model.weight.dtype == model.weight.grad.dtype == torch.float32
    assert not torch.equal(model.weight, before)


def test_close_to_float32():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 1))
    image = torch.rand(2, 3, 8, 8)
    with make_wrapper(model).optim_context(model):
        output = model(image).float()
    torch.testing.assert_close(output, model(image), atol=2e-2, rtol=2e-2)


def test_a_checkpoint_of_the_gpu_wrapper_resumes():
    model = nn.Conv2d(3, 4, 3)
    wrapper = make_wrapper(model)
    state = wrapper.state_dict()
    state['loss_scaler'] = dict(scale=1024.0)
    wrapper.load_state_dict(state)


@pytest.mark.parametrize(
    ('device', 'before', 'after'),
    [
        ('cpu', dict(), dict(type='Bf16OptimWrapper')),
        ('mps', dict(type='OptimWrapper'), dict(type='Bf16OptimWrapper')),
        (
            'cpu',
            dict(type='AmpOptimWrapper', loss_scale=512.0, dtype='float16'),
            dict(type='Bf16OptimWrapper'),
        ),
        ('cuda', dict(), dict(type='AmpOptimWrapper', loss_scale='dynamic')),
        (
            'cuda',
            dict(type='AmpOptimWrapper', loss_scale=512.0),
            dict(type='AmpOptimWrapper', loss_scale=512.0),
        ),
        ('cuda', dict(type='Bf16OptimWrapper'), dict(type='Bf16OptimWrapper')),
    ],
)
def test_amp_option_chooses_by_device(monkeypatch, device, before, after):
    monkeypatch.setattr(run_config, 'get_device', lambda: device)
    cfg = Config(dict(optim_wrapper=before))
    run_config.enable_amp(cfg)
    assert cfg.optim_wrapper.to_dict() == after


@pytest.mark.parametrize(
    'device, capability, warned',
    [('cpu', 'AVX2', True), ('cpu', 'AVX512', False), ('mps', 'DEFAULT', False)],
)
def test_amp_warns_where_bfloat16_is_slow(monkeypatch, capsys, device, capability, warned):
    monkeypatch.setattr(run_config, 'get_device', lambda: device)
    monkeypatch.setattr('torch.backends.cpu.get_cpu_capability', lambda: capability)
    run_config.enable_amp(Config(dict(optim_wrapper={})))
    assert ('times slower' in capsys.readouterr().out) is warned


def test_amp_option_refuses_other_wrappers():
    cfg = Config(dict(optim_wrapper=dict(type='ApexOptimWrapper')))
    with pytest.raises(InputError, match='is ApexOptimWrapper, expected one of'):
        run_config.enable_amp(cfg)


@pytest.mark.parametrize('head', ['HeatmapHead', 'mmpose.RTMCCHead'])
def test_mmposes_heads_cannot_be_trained_in_bfloat16(monkeypatch, head):
    """Their accuracy calls NumPy; on a GPU they are trained in float16."""
    cfg = Config(dict(optim_wrapper={}, model=dict(head=dict(type=head))))
    monkeypatch.setattr(run_config, 'get_device', lambda: 'cpu')
    with pytest.raises(InputError, match=f'{head.split(".")[-1]} cannot be trained in bfloat16'):
        run_config.enable_amp(cfg)
    monkeypatch.setattr(run_config, 'get_device', lambda: 'cuda')
    run_config.enable_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
