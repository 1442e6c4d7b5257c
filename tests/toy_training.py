"""Trainings by MMEngine's runner of four weights on four numbers, in a tenth of a second."""

import uuid
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpose.registry import DATASETS, METRICS, MODELS

from mssh_mmpose import config_path


@DATASETS.register_module()
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


@METRICS.register_module()
class Half(BaseMetric):
    default_prefix = 'body'

    def process(self, data_batch, data_samples) -> None:
        self.results.append(1)

    def compute_metrics(self, results: list) -> dict:
        return dict(PCK=np.float64(0.5), visible=np.float32(0.25))


def train(
    work_dir: str | Path, schedulers: list | None = None, kind: type[Runner] = Runner, **settings
) -> Runner:
    """Train two epochs of two iterations by a kind of runner, with a validation after each."""
    loader = dict(
        batch_size=2,
        num_workers=0,
        dataset=Numbers(),
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    torch.manual_seed(0)
    defaults = dict(
        model=Linear(),
        train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=2, val_interval=1),
        val_evaluator=Evaluator(Half()),
        log_level='ERROR',
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)),
    )
    runner = kind(
        work_dir=str(work_dir),
        val_dataloader=loader,
        val_cfg=dict(),
        param_scheduler=schedulers,
        default_scope='mmpose',
        experiment_name=uuid.uuid4().hex,
        **{**defaults, **settings},
    )
    runner.train()
    return runner


# ---- a config of such a training, for the tools

_CONFIG = """
_base_ = [{base!r}]
model = dict(type='NoisyLinear')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    dataset=dict(type='NoisyNumbers'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
val_dataloader = dict(
    train_dataloader,
    dataset=dict(type='Numbers'),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='MeanLoss')
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, max_epochs={epochs}, val_interval=1)
optim_wrapper = dict(optimizer=dict(type='RMSprop', lr=0.01))
param_scheduler = dict(type='ReduceOnPlateauLR', monitor='body/PCK', rule='greater', patience=2)
default_hooks = dict(logger=dict(interval=1))
custom_hooks = [dict(type='EpochSeedHook')]
"""


@DATASETS.register_module()
class NoisyNumbers(Numbers):
    """Other numbers in every epoch."""

    def __getitem__(self, index: int) -> dict:
        return dict(x=torch.full((3,), float(index)) + torch.randn(3))


@MODELS.register_module()
class NoisyLinear(Linear):
    """``Linear`` with the buffers of a batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 1))
        # Checkpoints are larger than any log: a limit of a file's size meets them first.
        self.register_buffer('ballast', torch.zeros(50_000))


@METRICS.register_module()
class MeanLoss(Half):
    def process(self, data_batch, data_samples) -> None:
        self.results += [float(loss) for loss in data_samples]

    def compute_metrics(self, results: list) -> dict:
        return dict(PCK=sum(results) / len(results))


def write_toy_config(folder: Path, epochs: int = 2) -> Path:
    """Write a config into a folder; return its path."""
    path = folder / 'toy.py'
    path.write_text(_CONFIG.format(base=config_path('_base_/runtime.py'), epochs=epochs))
    return path
