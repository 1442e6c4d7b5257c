"""Checkpoints of a real runner load and resume; a pickle that runs code does not."""

import os
import pickle
import re
import uuid
import zipfile

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint
from mmengine.utils import digit_version

from mssh_mmpose.engine import load_from_http, load_from_local
from mssh_mmpose.engine.checkpoint import stored_method

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6.0'),
    reason='torch < 2.6 keeps the loaders of MMEngine',
)


class Numbers(torch.utils.data.Dataset):
    metainfo = dict(sigmas=np.ones(2, np.float32), colors=np.zeros((2, 3), np.uint8), names=['a'])

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict:
        return dict(x=torch.full((3,), float(index)))


class Linear(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(3, 1)

    def forward(self, x: torch.Tensor, mode: str):
        loss = self.fc(x).square().mean()
        return dict(loss=loss) if mode == 'loss' else [loss]


class Half(BaseMetric):
    default_prefix = 'body'

    def process(self, data_batch, data_samples) -> None:
        self.results.append(1)

    def compute_metrics(self, results: list) -> dict:
        return dict(PCK=np.float64(0.5), visible=np.float32(0.25))


def train(work_dir, schedulers: list, **kwargs) -> Runner:
    loader = dict(
        batch_size=2,
        num_workers=0,
        dataset=Numbers(),
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    torch.manual_seed(0)
    runner = Runner(
        Linear(),
        str(work_dir),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=2, val_interval=1),
        val_cfg=dict(),
        val_evaluator=Evaluator(Half()),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)),
        param_scheduler=schedulers,
        log_level='ERROR',
        experiment_name=uuid.uuid4().hex,
        **kwargs,
    )
    runner.train()
    return runner


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


@pytest.mark.parametrize('schedule', SCHEDULES)
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, schedule: str) -> None:
    whole = train(tmp_path / 'whole', SCHEDULES[schedule])
    first = str(tmp_path / 'whole/epoch_1.pth')
    resumed = train(tmp_path / 'resumed', SCHEDULES[schedule], load_from=first, resume=True)

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
    """A type of the user's own."""


@pytest.mark.parametrize('zipped', [True, False])
def test_a_pickle_that_runs_code_is_refused(tmp_path, zipped: bool) -> None:
    path, trace = tmp_path / 'attack.pth', tmp_path / 'executed'
    checkpoint = dict(state_dict={}, meta=Attack(f'touch {trace}'))
    torch.save(checkpoint, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(pickle.UnpicklingError, match=r'attack\.pth .*(posix|os)\.system'):
        CheckpointLoader.load_checkpoint(str(path))
    assert not trace.exists()


def test_a_plain_pickle_that_runs_code_is_refused(tmp_path) -> None:
    path, trace = tmp_path / 'attack.pth', tmp_path / 'executed'
    path.write_bytes(pickle.dumps(Attack(f'touch {trace}')))
    with pytest.raises(RuntimeError, match='not a complete checkpoint'):
        load_from_local(str(path))
    assert not trace.exists()


def test_only_stored_methods_are_reached(tmp_path) -> None:
    torch.save(dict(meta=Reach()), tmp_path / 'reach.pth')
    with pytest.raises(pickle.UnpicklingError, match='HistoryBuffer.register_statistics'):
        load_from_local(str(tmp_path / 'reach.pth'))
    with pytest.raises(pickle.UnpicklingError):
        stored_method(np.ndarray, 'tofile')


@pytest.mark.parametrize('value, name', [
    (Unknown(), 'Unknown'),
    (np.array(['a', None], dtype=object), 'ObjectDType'),
])  # fmt: skip
def test_an_unknown_type_is_named(tmp_path, value, name: str) -> None:
    torch.save(dict(state_dict={}, meta=value), tmp_path / 'own.pth')
    with pytest.raises(pickle.UnpicklingError, match=f'{name}.*add_safe_globals'):
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


def test_missing_and_truncated_files_say_so(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match='absent.pth does not exist'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'absent.pth'))
    whole, part = tmp_path / 'whole.pth', tmp_path / 'part.pth'
    torch.save(dict(state_dict=Linear().state_dict()), whole)
    for size in (0, 100, whole.stat().st_size // 2):
        part.write_bytes(whole.read_bytes()[:size])
        with pytest.raises(RuntimeError, match=rf'part.pth is not a complete .*{size} bytes'):
            load_from_local(str(part))


def test_urls_are_loaded_with_the_same_care(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    trace = tmp_path / 'executed'
    torch.save(dict(x=np.float64(1)), tmp_path / 'good.pth')
    torch.save(dict(x=Attack(f'touch {trace}')), tmp_path / 'bad.pth')
    assert load_from_http((tmp_path / 'good.pth').as_uri()) == dict(x=1.0)
    with pytest.raises(pickle.UnpicklingError, match=r'(posix|os)\.system'):
        load_from_http((tmp_path / 'bad.pth').as_uri())
    assert not trace.exists()
    assert CheckpointLoader._get_checkpoint_loader('https://x/y.pth') is load_from_http
