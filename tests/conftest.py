"""Tiny networks, samples and real data for all tests."""

import functools
import gc
import logging
import os
import runpy
import sys
import tempfile
from pathlib import Path

import command

# As the tools do, and before torch is imported.
command.set_waiting_policy()
# One thread, here and in the tools that tests start: sums over several are not repeatable.
os.environ['OMP_NUM_THREADS'] = '1'

# ruff: noqa: E402
import mmengine.config.config
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures import MultilevelPixelData, PoseDataSample
from torch import nn

from mssh_mmpose.models import MSSHNet


@functools.cache
def _formatted(text, style):
    return format_code(text, style_config=dict(style))


# Every run and every checkpoint has the text of its config formatted anew: seconds of yapf.
format_code = mmengine.config.config.FormatCode
mmengine.config.config.FormatCode = lambda text, style_config: _formatted(
    text, tuple(style_config.items())
)

# MMEngine's loggers outlive the captured streams of the tests that made them.
logging.raiseExceptions = False

ROOT = Path(__file__).parents[1]
NUM_KEYPOINTS = 4
INPUT_SIZE = (64, 64)


@pytest.fixture(autouse=True, scope='module')
def _freeze():
    """What is there stays: no garbage collection goes through it, nor copies it in forks."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture(autouse=True)
def _scope():
    """What ``default_scope`` of a config file does: types of MMPose need no prefix."""
    init_default_scope('mmpose')


@pytest.fixture(scope='session')
def real_data():
    """Find a folder of real data by name; skip the test where it is absent."""

    def find(name):
        folder = ROOT / 'data' / name
        if not folder.exists():
            pytest.skip(f'needs the real data of data/{name}, which is absent')
        return folder

    return find


@pytest.fixture
def run_tool(monkeypatch, capsys, tmp_path):
    """Run ``tools/<name>.py`` in this process, which saves seconds of importing.

    Gives exit status, stdout and stderr.
    """

    def run(name, *args):
        path = ROOT / 'tools' / f'{name}.py'
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
        monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))  # for the tracebacks of errors
        capsys.readouterr()
        status = 0
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as exit:
            status = exit.code or 0
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def tiny_net():
    """Build an MSSHNet of 2 stacks and 16 channels for 64 px, with changed settings."""

    def make(**settings):
        defaults = dict(
            num_keypoints=NUM_KEYPOINTS,
            input_size=INPUT_SIZE,
            stage_strides=(4, 2),
            feat_channels=16,
        )
        return MSSHNet(**{**defaults, **settings})

    return make


@pytest.fixture
def codec_cfg():
    """Config of a codec for square heatmaps of 64 px images."""

    def make(side, type='MSRAHeatmap', sigma=1.0):
        return dict(type=type, input_size=INPUT_SIZE, heatmap_size=(side, side), sigma=sigma)

    return make


@pytest.fixture
def make_samples(codec_cfg):
    """Make data samples with random joints, all of which are labelled and inside the image.

    ``sides`` are the sides of the target heatmaps: a list for several levels, a number for the
    single level of MMPose's plain ``GenerateTarget``. ``labels`` (B, K) gives keypoint weights.
    """

    def make(sides, batch=2, labels=None, codec='MSRAHeatmap'):
        levels = [sides] if isinstance(sides, int) else sides
        labels = np.ones((batch, NUM_KEYPOINTS), np.float32) if labels is None else labels
        return [_sample(sides, levels, labels[b], codec) for b in range(batch)]

    def _sample(sides, levels, labels, codec):
        keypoints = np.random.uniform(16, 48, (1, NUM_KEYPOINTS, 2)).astype(np.float32)
        flags = {}
        if codec == 'SignedHeatmap':
            visible = np.random.randint(2, size=(1, NUM_KEYPOINTS)).astype(np.float32)
            flags = dict(keypoints_visible_weights=visible)
        encoders = [KEYPOINT_CODECS.build(codec_cfg(side, codec)) for side in levels]
        encoded = [encoder.encode(keypoints, labels[None], **flags) for encoder in encoders]
        heatmaps = [torch.from_numpy(level['heatmaps']) for level in encoded]
        weights = [torch.from_numpy(level['keypoint_weights']) for level in encoded]
        sample = PoseDataSample(
            metainfo=dict(
                flip_indices=[1, 0, 2, 3],
                input_size=INPUT_SIZE,
                input_center=np.array([32.0, 32.0]),
                input_scale=np.array([64.0, 64.0]),
            )
        )
        if isinstance(sides, int):
            sample.gt_fields = PixelData(heatmaps=heatmaps[0])
            sample.gt_instance_labels = InstanceData(keypoint_weights=weights[0])
        else:
            sample.gt_fields = MultilevelPixelData(heatmaps=heatmaps)
            sample.gt_instance_labels = InstanceData(keypoint_weights=torch.stack(weights))
        sample.gt_instances = InstanceData(
            keypoints=keypoints,
            keypoints_visible=labels[None],
            bboxes=np.array([[0, 0, 64, 64]], np.float32),
            bbox_scores=np.ones(1, np.float32),
        )
        return sample

    return make


@pytest.fixture
def estimator_cfg(codec_cfg):
    """Config of a whole tiny estimator: 2 stacks whose heatmaps have 16 and 32 px."""

    def make(type='MultiStagePoseEstimator', backbone=None, head=None, **settings):
        return dict(
            type=type,
            data_preprocessor=dict(type='PoseDataPreprocessor'),
            backbone={
                **dict(
                    type='MSSHNet',
                    num_keypoints=NUM_KEYPOINTS,
                    input_size=INPUT_SIZE,
                    stage_strides=(4, 2),
                    feat_channels=16,
                ),
                **(backbone or {}),
            },
            head={
                **dict(
                    type='MultiStageHead',
                    num_stages=2,
                    out_channels=NUM_KEYPOINTS,
                    decoder=codec_cfg(32),
                ),
                **(head or {}),
            },
            **settings,
        )

    return make


@pytest.fixture
def assert_no_batch_norm():
    """Check that a module's normalisation layers are group norms, and that it has some."""

    def check(module):
        kinds = {type(m).__name__ for m in module.modules() if 'Norm' in type(m).__name__}
        assert kinds == {nn.GroupNorm.__name__}

    return check
