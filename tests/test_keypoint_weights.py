"""Logging, reading and drawing the adaptive loss's weights."""

import json

import numpy as np
import pytest
from mmengine.visualization import Visualizer
from mmpose.registry import HOOKS
from torch import nn

from mssh_mmpose.engine.logs import read_keypoint_weights
from mssh_mmpose.models import AdaptiveWeightedHeatmapLoss
from mssh_mmpose.visualization import plot_keypoint_weights

JOINTS = ('wrist', 'knee')


class Runner:
    """What the hook reads of MMEngine's runner."""

    def __init__(self, folder, loss):
        self.model = nn.Module()
        self.model.head = nn.Module()
        self.model.head.loss_module = loss
        self.train_dataloader = type('Loader', (), {})()
        self.train_dataloader.dataset = type(
            'Dataset', (), {'metainfo': {'keypoint_id2name': dict(enumerate(JOINTS))}}
        )
        backends = [dict(type='LocalVisBackend')]
        self.visualizer = Visualizer(vis_backends=backends, save_dir=str(folder))
        self.iter = 0


@pytest.fixture
def log(tmp_path):
    """Weights of three iterations as the hook writes them: the wrist's grow."""
    loss = AdaptiveWeightedHeatmapLoss(num_stages=2, num_keypoints=2)
    runner = Runner(tmp_path, loss)
    hook = HOOKS.build(dict(type='KeypointWeightsHook', interval=2))
    hook.before_train(runner)
    for runner.iter in range(6):
        wrist = 0.5 + runner.iter / 20
        loss.adaptive_weights.copy_(
            loss.adaptive_weights.new_tensor([[0.5, 0.5], [wrist, 1 - wrist]])
        )
        hook.after_train_iter(runner)
    return tmp_path / 'vis_data' / 'scalars.json'


def test_weights_come_back_with_their_joints(log):
    iterations, weights, joints = read_keypoint_weights(log)
    assert joints == list(JOINTS)
    assert iterations.tolist() == [2, 4, 6]
    np.testing.assert_allclose(weights[:, 1, 0], [0.55, 0.65, 0.75], rtol=1e-6)
    np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-6)
    assert not any(
        'loss' in key for line in log.read_text().splitlines() for key in json.loads(line)
    )
    first = json.loads(log.read_text().splitlines()[0])
    assert {name.split('/')[1] for name in first if '/' in name} == {'stack1', 'stack2'}


def test_a_line_that_was_cut_off_is_left_out(log):
    log.write_text(log.read_text().rstrip()[:-20])
    assert read_keypoint_weights(log)[0].tolist() == [2, 4]


def test_a_resumed_run_continues_the_one_before(log, tmp_path):
    lines = log.read_text().splitlines()
    for run, records in (('a', lines), ('b', lines[1:2])):
        (tmp_path / run / 'vis_data').mkdir(parents=True)
        (tmp_path / run / 'vis_data' / 'scalars.json').write_text('\n'.join(records))
    assert read_keypoint_weights(tmp_path)[0].tolist() == [2, 4]


def test_picture_has_a_map_per_stack(log, tmp_path):
    figure = plot_keypoint_weights(*read_keypoint_weights(log))
    figure.savefig(tmp_path / 'weights.png')
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:2] == ['stack 1', 'stack 2']
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert labels == list(JOINTS)
    drawn = figure.axes[1].images[0].get_array()
    np.testing.assert_allclose(drawn[0], [1.1, 1.3, 1.5], rtol=1e-6)


def test_missing_weights_are_explained(tmp_path):
    with pytest.raises(FileNotFoundError, match='expected a work dir'):
        read_keypoint_weights(tmp_path)
    (tmp_path / 'scalars.json').write_text('{"loss": 1.0, "step": 1}\n')
    with pytest.raises(ValueError, match='KeypointWeightsHook'):
        read_keypoint_weights(tmp_path / 'scalars.json')


def test_hook_needs_the_adaptive_loss(tmp_path):
    hook = HOOKS.build(dict(type='KeypointWeightsHook'))
    with pytest.raises(ValueError, match='the head has MSELoss'):
        hook.before_train(Runner(tmp_path, nn.MSELoss()))
