"""One check for all loading: every command refuses invalid weights."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from exported import make_checkpoint, make_config
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from torch import nn

from mssh_mmpose import load_model
from mssh_mmpose.datasets import LSP_METAINFO
from mssh_mmpose.engine.loading import build_network, load_network, load_weights, unused_weights
from mssh_mmpose.errors import InputError
from mssh_mmpose.evaluation.predictions import read_predictions

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return make_config(tmp_path_factory.mktemp('loading'))


@pytest.fixture(scope='module')
def good(config):
    """Content of a whole checkpoint with its config inside."""
    content = torch.load(make_checkpoint(config, config.parent / 'a.pth'), weights_only=False)
    content['meta']['cfg'] = Config.fromfile(config).pretty_text
    del content['optimizer']
    return content


def filters(state):
    return [key for key, value in state.items() if value.ndim == 4]


def without_one(state):
    del state[filters(state)[2]]


def set_to(make):
    def change(state):
        key = filters(state)[-1]
        state[key] = make(state[key])

    return change


def one_value(number):
    def make(value):
        value = value.clone()
        value.view(-1)[-1] = number
        return value

    return make


def all_zero(state):
    state.update({key: torch.zeros_like(value) for key, value in state.items()})


def of_another(state):
    for key in filters(state):
        state[key] = state[key].repeat(2, 1, 1, 1)


def renamed(state):
    state.update({f'model.{key}': state.pop(key) for key in list(state)})


BAD = {
    'missing': (without_one, r'1 of \d+ tensors cannot be used: .*weight is missing'),
    'of another name': (renamed, r'is missing and \d+ more|no tensor fits'),
    'of another shape': (of_another, r'has shape \(.*\), expected \('),
    'nan': (set_to(one_value(float('nan'))), 'is not finite'),
    'inf': (set_to(one_value(-float('inf'))), 'is not finite'),
    'too large for float32': (set_to(lambda x: x.double() + 1e300), 'is not finite'),
    'zero': (all_zero, 'all filters are zero'),
    'sparse': (set_to(lambda x: x.to_sparse()), r'not an ordinary tensor \(torch.sparse_coo\)'),
    'meta': (set_to(lambda x: x.to('meta')), 'not an ordinary tensor .on the meta'),
    'quantised': (
        set_to(lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)),
        r'not an ordinary tensor \(quantised\)',
    ),
    'NumPy': (set_to(lambda x: x.numpy()), 'is a ndarray, expected a tensor'),
    'a list': (set_to(lambda x: x.tolist()), 'is a list, expected a tensor'),
    'integers': (set_to(lambda x: x.int()), 'holds torch.int32, expected torch.float32'),
    'complex': (set_to(lambda x: x.to(torch.complex64)), 'holds torch.complex64'),
}


@pytest.fixture(params=BAD)
def bad(request, good, tmp_path):
    """A broken checkpoint and the expected message."""
    change, message = BAD[request.param]
    content = copy.deepcopy(good)
    change(content['state_dict'])
    path = tmp_path / 'bad.pth'
    torch.save(content, path)
    return path, f'checkpoint {path}.*{message}'


@pytest.mark.filterwarnings('ignore:.*quantize')
def test_inference_refuses(bad, config):
    """Both ways to name a network refuse it."""
    path, message = bad
    for names in ((path,), (config, path)):
        with pytest.raises(InputError, match=message):
            load_model(*names, device='cpu')


@pytest.mark.filterwarnings('ignore:.*quantize')
def test_testing_refuses(bad, config, tmp_path, run_tool):
    path, message = bad
    status, _, err = run_tool('test', config, path, '--work-dir', tmp_path)
    assert status == 2 and re.search(message, err), err


@pytest.mark.filterwarnings('ignore:.*quantize')
def test_export_and_publishing_refuse(bad, config, tmp_path, run_tool):
    path, message = bad
    pytest.importorskip('onnxruntime')
    for tool, target in (('export_onnx', tmp_path / 'a.onnx'), ('publish_model', tmp_path / 'a')):
        status, _, err = run_tool(tool, config, path, target)
        assert status == 2 and re.search(message, err), err
    assert not list(tmp_path.glob('a.onnx')) and not list(tmp_path.glob('a/*'))


def test_by_the_config_inside(good, config, tmp_path):
    torch.save(good, tmp_path / 'a.pth')
    network = load_network(None, tmp_path / 'a.pth')
    assert not network.training and network.cfg.model == Config.fromfile(config).model
    by_file = load_network(config, tmp_path / 'a.pth')
    torch.testing.assert_close(network.state_dict(), by_file.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(dict(network.state_dict()), dict(good['state_dict']))
    image = np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    one, other = (load_model(*names, device='cpu') for names in (
        (tmp_path / 'a.pth',), (config, tmp_path / 'a.pth')
    ))  # fmt: skip
    np.testing.assert_array_equal(
        one.predict(image)[0].keypoints, other.predict(image)[0].keypoints
    )


def test_the_file_is_read_once(good, config, tmp_path, monkeypatch, run_tool):
    torch.save(good, tmp_path / 'a.pth')
    reads, load = [], torch.load
    monkeypatch.setattr(torch, 'load', lambda *args, **kw: reads.append(1) or load(*args, **kw))
    load_model(config, tmp_path / 'a.pth', 'cpu')
    assert len(reads) == 1
    status, _, err = run_tool('test', config, tmp_path / 'a.pth', '--work-dir', tmp_path)
    assert status == 0, err
    assert len(reads) == 2


def test_moving_averages_are_of_the_checkpoint(good, config, tmp_path, run_tool):
    """EMAHook tests with averages that it copies from the checkpoint."""
    torch.save(good, tmp_path / 'a.pth')
    ema = tmp_path / 'ema.py'
    ema.write_text(f"_base_ = [{str(config)!r}]\ncustom_hooks = [dict(type='EMAHook')]\n")
    for file in (config, ema):
        args = ['--work-dir', tmp_path, '--dump', tmp_path / f'{file.stem}.pkl']
        status, _, err = run_tool('test', file, tmp_path / 'a.pth', *args)
        assert status == 0, err
    one, other = (read_predictions(tmp_path / f'{file.stem}.pkl') for file in (config, ema))
    for person, prediction in one.items():
        np.testing.assert_array_equal(prediction['keypoints'], other[person]['keypoints'])


def test_weights_of_distributed_training_and_half_precision(good, config, tmp_path):
    state = {f'module.{key}': value.half() for key, value in good['state_dict'].items()}
    torch.save({**good, 'state_dict': state}, tmp_path / 'a.pth')
    network = load_network(config, tmp_path / 'a.pth')
    assert {value.dtype for value in network.parameters()} == {torch.float32}
    torch.save(good['state_dict'], tmp_path / 'bare.pth')
    bare = load_network(config, tmp_path / 'bare.pth')
    assert bare.dataset_meta['dataset_name'] == 'mpii'
    torch.testing.assert_close(bare.state_dict(), network.state_dict(), rtol=1e-3, atol=1e-3)


def test_what_decides_nothing_may_be_missing(good, config):
    network = build_network(Config.fromfile(config))
    weights = {k: v for k, v in good['state_dict'].items() if 'num_batches_tracked' not in k}
    extra = {'head.loss_module.energy': torch.ones(3), 'backbone.odd': torch.ones(1)}
    load_weights(network, {**weights, **extra}, 'a.pth')
    assert unused_weights(network, {**weights, **extra}) == ['backbone.odd']


def test_old_names_of_a_model_are_renamed_by_its_hooks():
    """As MMPose's estimators do with checkpoints of its versions 0.x."""
    model = nn.Sequential(nn.Linear(2, 2))

    def rename(state, prefix, *args):
        state[f'{prefix}weight'] = state.pop(f'{prefix}kernel', None)

    model[0]._register_load_state_dict_pre_hook(rename)
    load_weights(model, {'0.kernel': torch.ones(2, 2), '0.bias': torch.zeros(2)}, 'a.pth')
    assert model[0].weight.eq(1).all()


def test_versions_of_modules_reach_their_hooks():
    """By which MMPose's DEKR and CID heads tell checkpoints of its versions 0.x."""
    model, seen = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1)), []
    weights = model.state_dict()
    model[0]._register_load_state_dict_pre_hook(lambda state, prefix, meta, *_: seen.append(meta))
    load_weights(model, weights, 'a.pth')
    assert seen == [dict(version=2)]


def test_networks_without_names_of_joints(good, config, tmp_path):
    meta = {key: value for key, value in good['meta'].items() if key != 'dataset_meta'}
    torch.save({**good, 'meta': meta}, tmp_path / 'a.pth')
    with pytest.raises(InputError, match='a.pth does not name the joints'):
        load_network(None, tmp_path / 'a.pth')
    assert load_network(config, tmp_path / 'a.pth').dataset_meta['dataset_name'] == 'mpii'


@pytest.mark.parametrize('names', [{}, {0: 'head', 2: 'neck'}, {'a': 'head'}, ['head'], 1])
def test_odd_names_of_joints(good, tmp_path, names):
    torch.save({**good, 'meta': {**good['meta'], 'dataset_meta': dict(keypoint_id2name=names)}},
               tmp_path / 'a.pth')  # fmt: skip
    with pytest.raises(InputError, match='a.pth does not name the joints'):
        load_network(None, tmp_path / 'a.pth')


def test_names_of_another_number_of_joints(good, config, tmp_path):
    meta = {**parse_pose_metainfo(LSP_METAINFO), 'flip_indices': list(range(16))}
    torch.save({**good, 'meta': {**good['meta'], 'dataset_meta': meta}}, tmp_path / 'a.pth')
    model = load_model(tmp_path / 'a.pth', device='cpu')
    with pytest.raises(InputError, match='finds 16 joints, but its checkpoint or config names 14'):
        model.predict(np.zeros((90, 70, 3), np.uint8))


def test_a_config_without_a_pipeline(good, config, tmp_path):
    torch.save(good, tmp_path / 'a.pth')
    settings = Config(dict(model=Config.fromfile(config).model))
    with pytest.raises(InputError, match='config given has no test_dataloader.dataset.pipeline'):
        load_model(settings, tmp_path / 'a.pth', 'cpu')


def test_a_checkpoint_without_notes(good, config, tmp_path):
    torch.save({**good, 'meta': None}, tmp_path / 'a.pth')
    assert load_network(config, tmp_path / 'a.pth').dataset_meta['dataset_name'] == 'mpii'


@pytest.mark.parametrize(
    'model, message',
    [
        (dict(type='ResNet', depth=18), "its model cannot be built: .*'?backbone"),
        (dict(type='Odd', backbone=dict(type='MSSHNet')), 'its model cannot be built: .*Odd'),
        (dict(type='PoseDataPreprocessor', backbone={}), 'its model cannot be built'),
    ],
)
def test_models_that_cannot_be_built(model, message):
    with pytest.raises(InputError, match=message):
        build_network(Config(dict(model=model), filename=None))


def test_devices_that_are_not_there(good, config, tmp_path):
    torch.save(good, tmp_path / 'a.pth')
    for device in ('cuda:99', 'odd'):
        with pytest.raises(InputError, match=f'device {device}: '):
            load_network(config, tmp_path / 'a.pth', device)
