"""The command lines of training and testing, on a tiny network and eight synthetic people."""

import json
import os
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import mmcv
import mmengine
import numpy as np
import pytest
import torch
from forked import forked_tool
from mmengine.config import Config, ConfigDict
from mmpose.registry import HOOKS, VISUALIZERS
from tiny_config import write_tiny_config

from mssh_mmpose import checks, config
from mssh_mmpose.cli.run_config import enable_badcase, enable_pictures, use_launcher
from mssh_mmpose.cli.train import set_resume
from mssh_mmpose.engine.dist import init_cpu_processes
from mssh_mmpose.engine.logs import read_log
from mssh_mmpose.errors import InputError
from mssh_mmpose.evaluation.predictions import read_predictions

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    """Path of the tiny config."""
    return str(write_tiny_config(tmp_path_factory.mktemp('tiny')))


@pytest.fixture(scope='module')
def trained(tiny, tmp_path_factory):
    """Work dir of two epochs, by tools/train.py started from elsewhere."""
    folder = tmp_path_factory.mktemp('run')
    done = start_tool('train.py', tiny, '--work-dir', 'trained', cwd=folder)
    assert done.returncode == 0, done.stderr
    assert 'eta: ' in done.stdout
    return folder / 'trained'


def start_tool(tool, *args, cwd, **variables):
    command = [sys.executable, str(ROOT / 'tools' / tool)]
    if tool.endswith('.sh'):
        command = ['bash', str(ROOT / 'tools' / tool)]
    env = dict(os.environ, PYTHONPATH=str(ROOT), PYTHON=sys.executable, OMP_NUM_THREADS='1')
    env.update(variables)
    return subprocess.run(
        [*command, *map(str, args)], cwd=cwd, env=env, capture_output=True, text=True
    )


@pytest.fixture
def succeed(run_tool):
    """Run a tool in this process; return its output."""

    def run(tool, *args):
        status, output, error = run_tool(tool, *args)
        assert status == 0, error
        return output

    return run


def weights(checkpoint):
    return torch.load(checkpoint, weights_only=False)['state_dict']


def test_training_saves_checkpoints_and_validates(trained):
    assert (trained / 'epoch_2.pth').is_file()
    log = next(trained.glob('*/vis_data/scalars.json')).read_text()
    records = [json.loads(line) for line in log.splitlines()]
    assert [record['step'] for record in records if 'mpii/PCKh@0.5' in record] == [1, 2]


def test_testing_writes_everything_it_is_asked_for(tiny, trained, tmp_path):
    args = ['--out', 'new/metrics.json', '--dump', 'predictions.pkl', '--work-dir', 'work']
    args += ['--show-dir', 'pictures', '--interval', 3, '--cfg-options', 'model.test_cfg=None']
    done = forked_tool('test', tiny, trained / 'epoch_2.pth', *args, cwd=tmp_path)
    assert done.status == 0, done.err
    assert re.search(r'Epoch\(test\) \[1/2\] +eta: ', done.out)
    assert 'mpii/PCKh@0.5' in json.loads((tmp_path / 'new/metrics.json').read_text())
    assert len(read_predictions(tmp_path / 'predictions.pkl')) == 4  # refuses tensors
    pictures = sorted(path.name for path in (tmp_path / 'pictures').iterdir())
    assert pictures == ['200000000_0.jpg', '200000003_3.jpg']
    configs = [path.parent.parent.name for path in tmp_path.glob('work/**/tiny.py')]
    assert configs == ['work'], "that of the work dir is the training's"
    picture = mmengine.fileio.get(tmp_path / 'pictures' / pictures[0])
    source = Path(tiny).parent / 'data/images/200000000.jpg'
    drawn, plain = (mmcv.imfrombytes(data) for data in (picture, source.read_bytes()))
    assert drawn.shape[0] == 2 * plain.shape[0], 'the heatmap is drawn below the image'


def test_tensorboard_by_the_snippet_of_the_documentation(tiny, tmp_path, succeed):
    """The snippet of docs/configs.md, with another base."""
    event_accumulator = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator'
    )
    text = (ROOT / 'docs/configs.md').read_text().split('## TensorBoard')[1]
    snippet = re.search(r'(visualizer = .*?)```', text, re.DOTALL)[1]
    own = tmp_path / 'own.py'
    own.write_text(f'_base_ = [{str(tiny)!r}]\n{snippet}\ntrain_cfg = dict(max_epochs=1)\n')
    succeed('train', own, '--work-dir', tmp_path / 'work')
    (events,) = tmp_path.glob('work/*/vis_data/events*')
    log = event_accumulator.EventAccumulator(str(events)).Reload()
    assert {'loss', 'loss_stack1', 'lr', 'mpii/PCKh@0.5'} <= set(log.Tags()['scalars'])
    assert list(tmp_path.glob('work/*/vis_data/scalars.json'))


def test_resumed_run_equals_the_uninterrupted_one(tiny, trained, tmp_path, succeed):
    torch.manual_seed(1)
    start = str(trained / 'epoch_1.pth')
    succeed('train', tiny, '--work-dir', tmp_path, '--resume', start)
    assert not (tmp_path / 'epoch_1.pth').exists()
    torch.testing.assert_close(
        weights(tmp_path / 'epoch_2.pth'), weights(trained / 'epoch_2.pth'), rtol=0, atol=0
    )


def test_resuming_continues_from_the_newest_whole_checkpoint(tiny, trained, tmp_path, succeed):
    copy = tmp_path / 'copy'
    shutil.copytree(trained, copy)
    (copy / 'last_checkpoint').unlink()
    newest = copy / 'epoch_2.pth'
    newest.write_bytes(newest.read_bytes()[:1000])
    output = succeed('train', tiny, '--work-dir', copy, '--resume')
    assert f'warning: {newest} is truncated, or no checkpoint (1000 bytes)' in output
    assert f'warning: {copy}/last_checkpoint is missing' in output
    assert f'training continues from {copy}/epoch_1.pth' in output
    torch.testing.assert_close(weights(newest), weights(trained / newest.name), rtol=0, atol=0)


def test_resume_without_a_checkpoint_keeps_the_weights_to_start_from(tiny, trained, tmp_path):
    cfg = Config(dict(load_from=str(trained / 'epoch_1.pth'), work_dir=str(tmp_path)))
    set_resume(cfg, True)
    assert not cfg.resume and cfg.load_from == str(trained / 'epoch_1.pth')
    cfg.work_dir = str(trained)
    set_resume(cfg, True)
    assert cfg.resume and cfg.load_from == str(trained / 'epoch_2.pth')


def test_amp_and_resume_without_a_checkpoint(tiny, tmp_path, succeed):
    args = ['--amp', '--resume', '--no-validate', '--auto-scale-lr']
    args += ['--work-dir', str(tmp_path), '--cfg-options', 'train_cfg.max_epochs=1']
    args += ['param_scheduler=[]', 'optim_wrapper.accumulative_counts=2']
    output = succeed('train', tiny, *args)
    assert 'MMEngine does not count accumulated gradients' in output
    assert f'no whole checkpoint in {tmp_path}: training starts afresh' in output
    assert (tmp_path / 'epoch_1.pth').is_file()
    text = (tmp_path / 'tiny.py').read_text()
    assert "type='Bf16OptimWrapper'" in text
    assert Config.fromfile(tmp_path / 'tiny.py').auto_scale_lr.enable
    log = next(tmp_path.glob('*/vis_data/scalars.json')).read_text()
    assert 'PCKh' not in log


def test_pictures_of_validations(tiny, trained, tmp_path, monkeypatch, succeed):
    monkeypatch.chdir(tmp_path)
    start = str(trained / 'epoch_1.pth')
    succeed('train', tiny, '--resume', start, '--show-dir', 'pictures', '--interval', 4)
    assert [path.name for path in Path('pictures/epoch_2').iterdir()] == ['200000000_0.jpg']
    assert Path('work_dirs/tiny/epoch_2.pth').is_file()


def test_a_training_by_iterations(tiny, tmp_path, succeed):
    config = tmp_path / 'iterations.py'
    loop = "dict(_delete_=True, type='IterBasedTrainLoop', max_iters=4, val_interval=2)"
    config.write_text(f'_base_ = [{str(tiny)!r}]\ntrain_cfg = {loop}\nparam_scheduler = []\n')
    work, pictures = tmp_path / 'work', tmp_path / 'pictures'
    succeed('train', config, '--work-dir', work, '--show-dir', pictures)
    assert [record['step'] for record in read_log(work).val] == [2, 4]
    assert sorted(path.name for path in pictures.iterdir()) == ['iter_2', 'iter_4']


def test_a_training_that_shows_pictures_keeps_its_log(tmp_path):
    backends = [dict(type='LocalVisBackend')]
    visualizer = VISUALIZERS.build(
        dict(
            type='PoseLocalVisualizer', name='shown', vis_backends=backends, save_dir=str(tmp_path)
        )
    )
    hook = HOOKS.build(dict(type='SampleVisualizationHook', enable=True, show=True))
    with hook._storing_nothing_shown():
        visualizer.add_image('picture', np.zeros((8, 8, 3), np.uint8))
    visualizer.add_scalar('loss', 1.5)
    assert not list(tmp_path.glob('**/*.png'))
    assert '1.5' in next(tmp_path.glob('**/scalars.json')).read_text()


def test_bad_cases(tiny, trained, tmp_path, succeed):
    args = ['--badcase', '--work-dir', str(tmp_path)]
    options = ['--cfg-options', 'default_hooks.badcase.badcase_thr=100']
    succeed('test', tiny, trained / 'epoch_2.pth', *args, *options)
    found = json.loads(next(tmp_path.glob('*/badcase/results.json')).read_text())
    assert len(found) == 4


def test_windows_show_the_bad_cases_alone(tiny):
    args = Namespace(show=True, show_dir=None, badcase=True, wait_time=2, interval=1)
    cfg = Config.fromfile(tiny)
    enable_pictures(cfg, args)
    assert not cfg.default_hooks.visualization.enable
    enable_pictures(cfg, Namespace(**vars(args) | dict(show_dir='shown')))
    assert cfg.default_hooks.visualization.enable and not cfg.default_hooks.visualization.show


def test_weights_that_the_network_lacks_are_told(tiny, trained, tmp_path, succeed):
    """As those of a third stack, tested by the config of two."""
    content = torch.load(trained / 'epoch_2.pth', weights_only=False)
    content['state_dict']['backbone.third.weight'] = torch.ones(1)
    torch.save(content, tmp_path / 'more.pth')
    succeed('test', tiny, tmp_path / 'more.pth', '--work-dir', tmp_path)
    (log,) = tmp_path.glob('*/*.log')
    assert 'more.pth: the model has no backbone.third.weight' in log.read_text()


def test_bad_cases_by_a_metric_of_whole_sets(tiny, trained, tmp_path, run_tool):
    metric = 'default_hooks.badcase.metric.type=CocoMetric'
    args = ['--badcase', '--work-dir', str(tmp_path), '--cfg-options', metric]
    status, _, err = run_tool('test', tiny, trained / 'epoch_2.pth', *args)
    assert status == 2
    assert 'CocoMetric scores a whole data set, not a person. Set default_hooks.badcase.' in err


def test_outputs_that_are_inputs_and_tests_without_metrics(tiny, trained, tmp_path, run_tool):
    weights, dump = trained / 'epoch_2.pth', tmp_path / 'a.pkl'
    status, _, err = run_tool('test', tiny, weights, '--dump', dump, '--out', dump)
    assert status == 2 and 'a.pkl is an input, too; choose another name' in err
    dump.write_bytes(b'')
    status, _, err = run_tool('evaluate_predictions', tiny, dump, '--out', dump)
    assert status == 2 and 'a.pkl is an input, too; choose another name' in err
    no_metrics = ['--cfg-options', 'test_evaluator=None', '--work-dir', tmp_path]
    status, _, err = run_tool('test', tiny, weights, '--badcase', *no_metrics)
    assert status == 2 and 'the config has no test_evaluator' in err


def test_several_processes_that_would_go_wrong(monkeypatch):
    with pytest.raises(InputError, match='--badcase works in one process only'):
        enable_badcase(Config(), Namespace(launcher='pytorch'))
    monkeypatch.setenv('TORCHELASTIC_RUN_ID', 'none')
    monkeypatch.setenv('WORLD_SIZE', '2')
    with pytest.raises(InputError, match='torchrun started several .*: add --launcher pytorch'):
        use_launcher(Config(), 'none')
    monkeypatch.setattr('mssh_mmpose.cli.run_config.get_device', lambda: 'mps')
    with pytest.raises(InputError, match='cannot share the GPU of a Mac'):
        use_launcher(Config(), 'pytorch')
    monkeypatch.setattr('mssh_mmpose.cli.run_config.get_device', lambda: 'cuda')
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    monkeypatch.setenv('LOCAL_RANK', '2')
    with pytest.raises(InputError, match='process 3 of this machine has no GPU: there are 2'):
        use_launcher(Config(), 'pytorch')


def test_two_processes_on_the_cpu(tiny, tmp_path):
    args = ['--work-dir', 'work', '--cfg-options', 'train_cfg.max_epochs=1']
    args += ['train_dataloader.batch_size=2']
    done = start_tool('dist_train.sh', tiny, 2, *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'Epoch(train) [1][2/2]' in done.stdout


def test_what_the_launch_script_of_testing_starts(tmp_path):
    """By an interpreter that prints its arguments; test_ranks.py tests on two processes."""
    python = tmp_path / 'python'
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    args = ['a.py', 'b.pth', 2, '--out', 'c.json']
    done = start_tool('dist_test.sh', *args, cwd=tmp_path, PYTHON=str(python), PORT='1')
    assert done.stdout.startswith('-m torch.distributed.run --nnodes=1 ')
    assert '--nproc_per_node=2 --master_addr=127.0.0.1 --master_port=1 ' in done.stdout
    assert done.stdout.endswith('/tools/test.py a.py b.pth --out c.json --launcher pytorch\n')


@pytest.mark.parametrize(('script', 'least'), [('dist_train.sh', 2), ('dist_test.sh', 3)])
def test_launch_scripts_say_what_they_need(script, least, tmp_path):
    done = start_tool(script, *['x'] * (least - 1), cwd=tmp_path)
    assert done.returncode == 2
    assert 'usage: ' in done.stderr


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['nothing.py'], 'config nothing.py not found; expected a config file, or PACKAGE::PATH'),
        (['.'], 'config . is a folder; expected'),
        (['mssh_mmpose::nothing.py'], 'nothing.py not found; expected a file in'),
        (['no_such_package::a.py'], 'the package no_such_package is not installed'),
        (['TINY', '--resume', 'nothing.pth'], '--resume: nothing.pth not found'),
        (['TINY', '--cfg-options', 'model'], 'expected key=value, got model'),
        (['TINY', '--cfg-options', 'modle.type=x'], 'modle.type: .* has no such setting'),
        (['TINY', '--cfg-options', 'param_scheduler.7.begin=1'], 'do not fit'),
        (['TINY', '--cfg-options', 'train_dataloader.dataset.data_root=/x'], 'data set not found'),
        (
            ['TINY', '--cfg-options', 'train_dataloader.dataset.data_root=/a,b'],
            r"data_root: expected a folder, got \['/a', 'b'\]\. .* needs quotes",
        ),
        (['TINY', '--auto-scale-lr', '--cfg-options', 'auto_scale_lr=None'], 'base_batch_size'),
        (
            [
                *('TINY', '--cfg-options', 'default_hooks.checkpoint.save_best=coco/AP'),
                'default_hooks.checkpoint.rule=greater',
            ],
            r"save_best is 'coco/AP', which no metric .* \(they have mpii/\.\.\.\)",
        ),
        (['TINY', '--auto-scale-lr'], r'param_scheduler\.0\.eta_max instead, which is 0\.002'),
        (
            ['TINY', '--cfg-options', 'val_evaluator.type=MpiiPCKAccuracy'],
            'val_evaluator: .*MpiiPCKAccuracy counts pixels from 1, MPIIOcclusionDataset from 0',
        ),
        (['TINY', '--launcher', 'mpi'], 'OMPI_COMM_WORLD_RANK.*start the processes with mpirun'),
        (
            ['TINY', '--show-dir', 'a', '--cfg-options', 'default_hooks.visualization=None'],
            'no default_hooks.visualization',
        ),
    ],
)
def test_training_refuses_wrong_input(tiny, run_tool, args, message):
    status, _, error = run_tool('train', *(tiny if arg == 'TINY' else arg for arg in args))
    assert status == 2
    assert re.fullmatch(f'tools/train.py: error: .*{message}.*\n', error)


def test_mmpose_data_set_under_our_metric_is_refused_before_training(tiny, tmp_path, run_tool):
    dataset = 'val_dataloader.dataset'
    options = [f'{dataset}.type=MpiiDataset', f'{dataset}.headbox_file=None']
    status, _, error = run_tool('train', tiny, '--work-dir', tmp_path, '--cfg-options', *options)
    assert status == 2
    assert "error: PCKhAccuracy counts pixels from 0, MMPose's MpiiDataset from 1" in error
    assert not list(tmp_path.glob('*.pth'))


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['nothing.pth'], 'checkpoint nothing.pth not found; expected a checkpoint file, a URL'),
        (['GOOD', '--dump', 'a.json'], '--dump: a.json: expected a file name ending in .pkl'),
        (['GOOD', '--out', 'a.txt'], '--out: a.txt: expected a file name ending in .json'),
        (
            ['GOOD', '--dump', 'a.pkl', '--cfg-options', 'test_evaluator.datasets=[a]'],
            'test_evaluator has a metric per data set, .*: test the data sets one by one',
        ),
        (
            ['GOOD', '--cfg-options', 'test_dataloader.dataset.headbox_file=a.mat'],
            'a.mat \\(test_dataloader.dataset.headbox_file\\)',
        ),
        (
            ['GOOD', '--cfg-options', 'model.backbone.feat_channels=8'],
            r'does not fit the model: \d+ of \d+ tensors',
        ),
        (
            ['GOOD', '--cfg-options', 'test_evaluator.type=MpiiPCKAccuracy'],
            'test_evaluator: .*counts pixels from 1',
        ),
        (
            [
                *('GOOD', '--cfg-options', 'test_evaluator.type=OcclusionAccuracy'),
                'test_dataloader.dataset.pipeline.0.type=KeypointConverter',
            ],
            'test_evaluator: OcclusionAccuracy needs to know',
        ),
    ],
)
def test_testing_refuses_wrong_input(tiny, trained, tmp_path, run_tool, args, message):
    args = [trained / 'epoch_2.pth' if arg == 'GOOD' else arg for arg in args]
    status, _, error = run_tool('test', tiny, *args, '--work-dir', tmp_path)
    assert status == 2
    assert re.search(message, error)


def test_installed_configs_are_found():
    path = config.find_config('mssh_mmpose::mssh-s_synthetic_128x128.py')
    assert Config.fromfile(path).dataset_type == 'MPIIOcclusionDataset'
    assert Path(config.find_config('mmpose::_base_/default_runtime.py')).is_file()


@pytest.mark.parametrize('evaluator', [
    dict(type='A'), [dict(type='A')], dict(type='Evaluator', metrics=[dict(type='A')]),
    dict(metrics=dict(type='A')),
])  # fmt: skip
def test_metrics_of_every_form_of_evaluator(evaluator):
    cfg = Config(dict(test_evaluator=evaluator))
    assert config.metric_configs(cfg) == [dict(type='A')]
    assert config.metric_configs(cfg, 'val') == []


def test_paths_of_wrapped_datasets():
    part = dict(data_root='a', ann_file='b.json', data_prefix=dict(img='c/'), headbox_file='d.mat')
    wrapped = ConfigDict(type='RepeatDataset', dataset=dict(type='Combined', datasets=[part]))
    assert dict(checks.dataset_paths(wrapped, 'x')) == {
        'x.dataset.datasets.0.ann_file': 'a/b.json',
        'x.dataset.datasets.0.data_prefix.img': 'a/c/',
        'x.dataset.datasets.0.headbox_file': 'a/d.mat',
    }


def test_remote_files_are_not_looked_for():
    checks.check_file('https://host/a.pth', 'checkpoint', 'a file')
    paths = dict(checks.dataset_paths(ConfigDict(data_root='a', ann_file='s3://b.json'), 'x'))
    assert paths == {'x.ann_file': 's3://b.json'}


def test_slurm_without_gpus(monkeypatch):
    started = []
    monkeypatch.setattr(torch.distributed, 'init_process_group', started.append)
    values = dict(SLURM_PROCID='3', SLURM_LOCALID='1', SLURM_NTASKS='4', MASTER_ADDR='host')
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_PORT'):
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    init_cpu_processes('slurm')
    found = [os.environ[name] for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_PORT')]
    assert (found, started) == (['3', '1', '4', '29500'], ['gloo'])


def test_mpi_without_gpus(monkeypatch):
    monkeypatch.setattr(torch.distributed, 'init_process_group', lambda kind: None)
    for name, value in (('RANK', '3'), ('LOCAL_RANK', '1'), ('SIZE', '4')):
        monkeypatch.setenv(f'OMPI_COMM_WORLD_{name}', value)
    for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'):
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    init_cpu_processes('mpi')
    found = [os.environ[name] for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE')]
    assert found == ['3', '1', '4']
