"""Checkpoints of a real runner load and resume; a pickle that runs code does not load."""

import os
import pickle
import re
import sys
import types
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import mmengine.runner.checkpoint as upstream
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, load_checkpoint
from mmengine.utils import digit_version
from toy_training import Linear, train

from mssh_mmpose.cli.train import TrainRunner
from mssh_mmpose.engine import load_from_http, load_from_local
from mssh_mmpose.engine.checkpoint import LOADERS, read_checkpoint, weights_of
from mssh_mmpose.engine.pickles import stored_method
from mssh_mmpose.engine.resuming import newest_checkpoint
from mssh_mmpose.errors import InputError

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6.0'),
    reason='torch < 2.6 keeps the loaders of MMEngine',
)


SCHEDULES = {
    'steps': [
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=3),
        dict(type='MultiStepLR', milestones=[1, 2], by_epoch=True),
    ],
    'one_cycle': [dict(type='OneCycleLR', eta_max=0.1, total_steps=8, by_epoch=False)],
    'one_cycle_linear': [
        dict(
            type='OneCycleLR', eta_max=0.1, total_steps=8, by_epoch=False, anneal_strategy='linear'
        )
    ],
    'plateau': [dict(type='ReduceOnPlateauLR', monitor='body/PCK', rule='greater')],
}


def test_trainings_resume_with_an_older_torch(tmp_path, monkeypatch) -> None:
    """Which has no allow-list that could rename."""
    train(tmp_path)
    monkeypatch.setattr(torch, '__version__', '2.5.1')
    monkeypatch.delattr(torch.serialization, 'safe_globals')
    newest = str(tmp_path / 'epoch_2.pth')
    assert newest_checkpoint(str(tmp_path), str(tmp_path))[0] == newest


@pytest.mark.parametrize('schedule', SCHEDULES)
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, schedule: str) -> None:
    whole = train(tmp_path / 'whole', SCHEDULES[schedule])
    first = str(tmp_path / 'whole/epoch_1.pth')
    resumed = train(
        tmp_path / 'resumed', SCHEDULES[schedule], TrainRunner, load_from=first, resume=True
    )

    assert (resumed.epoch, resumed.iter) == (2, 4)
    torch.testing.assert_close(resumed.model.state_dict(), whole.model.state_dict())
    for name in ('train/lr', 'train/loss'):
        history = [run.message_hub.get_scalar(name).data[0] for run in (resumed, whole)]
        np.testing.assert_allclose(*history)


def test_a_checkpoint_loads_into_a_model(tmp_path) -> None:
    runner = train(tmp_path / 'run', SCHEDULES['steps'])
    model = Linear()
    checkpoint = load_checkpoint(model, str(tmp_path / 'run/epoch_2.pth'))
    torch.testing.assert_close(model.state_dict(), runner.model.state_dict())
    np.testing.assert_array_equal(checkpoint['meta']['dataset_meta']['sigmas'], np.ones(2))


def test_empty_arrays_load(tmp_path) -> None:
    """A data set without sigmas puts an empty array into the checkpoint's meta."""
    path = tmp_path / 'empty.pth'
    torch.save({'sigmas': np.array([])}, path)
    assert CheckpointLoader.load_checkpoint(str(path))['sigmas'].shape == (0,)


@pytest.mark.parametrize('core', ['core', '_core'])
def test_files_of_numpy_1_and_2_both_load(tmp_path, core: str) -> None:
    values = dict(array=np.arange(3.0), scalar=np.float32(0.5), flag=np.bool_(True))
    path, renamed = tmp_path / 'here.pth', tmp_path / 'elsewhere.pth'
    torch.save(values, path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(renamed, 'w') as new:
        for name in old.namelist():
            body = old.read(name)
            body = re.sub(rb'numpy\._?core', f'numpy.{core}'.encode(), body)
            new.writestr(name, body)
    loaded = load_from_local(str(renamed))
    np.testing.assert_array_equal(loaded.pop('array'), values.pop('array'))
    assert loaded == values


class Attack:
    """Runs a shell command when unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Reach:
    """Reaches for a method that MMEngine never stores."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, 'register_statistics')


class Unknown:
    """A type that the user defines."""


@pytest.mark.parametrize('zipped', [True, False])
def test_a_pickle_that_runs_code_is_refused(tmp_path, zipped: bool) -> None:
    path, trace = tmp_path / 'attack.pth', tmp_path / 'executed'
    checkpoint = dict(state_dict={}, meta=Attack(f'touch {trace}'))
    torch.save(checkpoint, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r'attack\.pth .*(posix|os)\.system'):
        CheckpointLoader.load_checkpoint(str(path))
    assert not trace.exists()


def test_a_plain_pickle_that_runs_code_is_refused(tmp_path) -> None:
    path, trace = tmp_path / 'attack.pth', tmp_path / 'executed'
    path.write_bytes(pickle.dumps(Attack(f'touch {trace}')))
    with pytest.raises(InputError, match='not complete or not a checkpoint'):
        load_from_local(str(path))
    assert not trace.exists()


def test_only_stored_methods_are_reached(tmp_path) -> None:
    torch.save(dict(meta=Reach()), tmp_path / 'reach.pth')
    with pytest.raises(InputError, match='HistoryBuffer.register_statistics'):
        load_from_local(str(tmp_path / 'reach.pth'))
    with pytest.raises(pickle.UnpicklingError):
        stored_method(np.ndarray, 'tofile')


@pytest.mark.parametrize('value, name', [
    (Unknown(), 'Unknown'),
    (np.array(['a', None], dtype=object), 'ObjectDType'),
])  # fmt: skip
def test_an_unknown_type_is_named(tmp_path, value, name: str) -> None:
    torch.save(dict(state_dict={}, meta=value), tmp_path / 'own.pth')
    with pytest.raises(InputError, match=f'{name}.*add_safe_globals'):
        load_from_local(str(tmp_path / 'own.pth'))


def test_a_type_the_user_allowed_loads(tmp_path) -> None:
    torch.save(dict(meta=Unknown()), tmp_path / 'own.pth')
    with torch.serialization.safe_globals([Unknown]):
        assert isinstance(load_from_local(str(tmp_path / 'own.pth'))['meta'], Unknown)


def test_the_allow_list_does_not_leak(tmp_path) -> None:
    before = set(torch.serialization.get_safe_globals())
    torch.save(dict(a=1), tmp_path / 'a.pth')
    load_from_local(str(tmp_path / 'a.pth'))
    assert set(torch.serialization.get_safe_globals()) == before


def test_missing_and_broken_files_say_so(tmp_path) -> None:
    with pytest.raises(InputError, match='absent.pth does not exist'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'absent.pth'))
    whole, part = tmp_path / 'whole.pth', tmp_path / 'part.pth'
    torch.save(dict(state_dict=Linear().state_dict()), whole)
    for size in (0, 100, whole.stat().st_size // 2):
        part.write_bytes(whole.read_bytes()[:size])
        with pytest.raises(InputError, match=rf'part.pth is not complete .*{size} bytes'):
            load_from_local(str(part))
    with zipfile.ZipFile(part, 'w') as archive:
        archive.writestr('a.txt', 'no checkpoint')
    with pytest.raises(InputError, match='part.pth cannot be read'):
        load_from_local(str(part))


@pytest.mark.parametrize('content', [[1], torch.ones(2), 'text'])
def test_a_checkpoint_is_a_dict(tmp_path, content) -> None:
    torch.save(content, tmp_path / 'odd.pth')
    with pytest.raises(InputError, match='odd.pth holds a .*expected a dict of weights'):
        read_checkpoint(str(tmp_path / 'odd.pth'))


@pytest.mark.parametrize('content', [{}, dict(state_dict=[1]), dict(state_dict={})])
def test_a_checkpoint_holds_weights(content) -> None:
    with pytest.raises(InputError, match='checkpoint a.pth holds no weights'):
        weights_of(content, 'a.pth')


def test_urls_are_loaded_with_the_same_care(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    trace = tmp_path / 'executed'
    torch.save(dict(x=np.float64(1)), tmp_path / 'good.pth')
    torch.save(dict(x=Attack(f'touch {trace}')), tmp_path / 'bad.pth')
    assert load_from_http((tmp_path / 'good.pth').as_uri()) == dict(x=1.0)
    with pytest.raises(InputError, match=r'(posix|os)\.system'):
        load_from_http((tmp_path / 'bad.pth').as_uri())
    assert not trace.exists()
    with pytest.raises(InputError, match=r'absent.pth cannot be downloaded to .*absent-\w{8}.pth'):
        load_from_http((tmp_path / 'absent.pth').as_uri())


def test_files_of_one_name_at_two_addresses(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    for x, path in enumerate(
        tmp_path / folder / f'{name}.pth'
        for name in ('epoch_1', 'model-20220101')
        for folder in 'ab'
    ):
        path.parent.mkdir(exist_ok=True)
        torch.save(dict(x=x), path)
        assert load_from_http(path.as_uri()) == dict(x=x)


def test_a_broken_download_is_not_kept(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    path = tmp_path / 'a.pth'
    torch.save(dict(x=1), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.raises(InputError, match='a.pth is not complete|downloaded'):
        load_from_http(path.as_uri())
    path.write_bytes(whole)
    assert load_from_http(path.as_uri()) == dict(x=1)
    path.unlink()
    assert load_from_http(path.as_uri()) == dict(x=1)  # from the cache


NAMES = {
    '': '{path}',
    'http://': 'http://127.0.0.1:{port}/net.pth',
    'https://': None,  # the same loader, as below
    'torchvision://': 'torchvision://net',
    'modelzoo://': 'modelzoo://net',
    'open-mmlab://': 'open-mmlab://net',
    'openmmlab://': 'openmmlab://net',
    'mmcls://': 'mmcls://net',
    r'(\S+\:)?s3://': 'cluster:s3://{path}',
    r'(\S+\:)?petrel://': 'petrel://{path}',
    'pavi://': 'pavi://{path}',
}
"""A checkpoint by each scheme of MMEngine."""


class Client:
    """Stands in for the clients of object storage and of Pavi."""

    def get(self, name: str):
        self.name = name.split('://')[1]
        return open(self.name, 'rb').read()

    def download(self, target: str) -> None:
        with open(target, 'wb') as file:
            file.write(self.get(f'pavi://{self.name}'))


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Let every scheme lead to one local file."""
    path = tmp_path / 'net.pth'
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    for name in ('get_torchvision_models', 'get_external_models', 'get_mmcls_models'):
        monkeypatch.setattr(upstream, name, lambda: {'net': path.as_uri()})
    module = 'mssh_mmpose.engine.checkpoint.'
    monkeypatch.setattr(module + 'get_file_backend', lambda name, backend_args: Client())

    class Cloud:
        @staticmethod
        def get(name):
            client = Client()
            client.name = name
            return client

    pavi = types.SimpleNamespace(modelcloud=Cloud)
    monkeypatch.setitem(sys.modules, 'pavi', pavi)
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield path, server.server_port
        server.shutdown()


def test_every_scheme_of_mmengine_is_covered() -> None:
    assert dict(CheckpointLoader._schemes) == LOADERS
    assert NAMES.keys() == LOADERS.keys() and LOADERS['https://'] is LOADERS['http://']


@pytest.mark.parametrize('scheme', [scheme for scheme, name in NAMES.items() if name])
def test_no_scheme_runs_a_pickle(places, tmp_path, scheme: str) -> None:
    """Everything that a config names is loaded by this function of MMEngine."""
    path, port = places
    name, trace = NAMES[scheme].format(path=path, port=port), tmp_path / 'executed'
    weights = {'backbone.fc.weight': torch.ones(1, 2)}
    torch.save(dict(state_dict=weights, meta=Attack(f'touch {trace}')), path)
    with pytest.raises(InputError, match=r'net(\.pth)?.*(posix|os)\.system'):
        load_checkpoint(Linear(), name, map_location='cpu')
    assert not trace.exists()
    meta = dict(lr=HistoryBuffer([1.0], [1]), value=np.float32(2))
    torch.save(dict(state_dict=weights, meta=meta), path)
    loaded = read_checkpoint(name)
    (value,) = loaded['state_dict'].values()
    torch.testing.assert_close(value, torch.ones(1, 2))
    assert list(loaded['state_dict']) == [
        'fc.weight' if scheme == 'mmcls://' else 'backbone.fc.weight'
    ]


@pytest.mark.parametrize(
    'name, message',
    [
        ('torchvision://resnet5', r'no such model; expected resnet50'),
        ('openmmlab://x', r'no such model; expected one of \d+ names'),
        ('s3://bucket/a.pth', 's3://bucket/a.pth cannot be read: Please install petrel_client'),
        ('pavi://a.pth', "pavi://a.pth cannot be read: No module named 'pavi'"),
    ],
)
def test_a_name_that_leads_nowhere(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_checkpoint(name)


def test_openmmlabs_local_and_deprecated_names(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path))
    monkeypatch.setattr(upstream, 'get_external_models', lambda: {'new/net': 'folder/net.pth'})
    monkeypatch.setattr(upstream, 'get_deprecated_model_names', lambda: {'net': 'new/net'})
    (tmp_path / 'folder').mkdir()
    torch.save(dict(x=1), tmp_path / 'folder/net.pth')
    assert read_checkpoint('open-mmlab://net') == dict(x=1)
