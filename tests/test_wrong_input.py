"""Wrong options and configs: each ends a tool with one line that says what is wrong and where."""

import pytest
from forked import check_refused
from mmengine.config import Config
from tiny_config import write_tiny_config

import mssh_mmpose.cli.test
import mssh_mmpose.cli.train  # noqa: F401, for all forks
from mssh_mmpose.config_errors import explained, file_problem

# What is appended to the tiny config, and words of the message.
CONFIGS = {
    # The file.
    'model = dict(\n': r"changed.py, line 2: '\(' was never closed",
    'a = unknown_name\n': r"changed.py, line 2: NameError: name 'unknown_name' is not defined",
    'a = [1]\nb = a[7]\n': r'changed.py, line 3: IndexError: list index out of range',
    'a = 1 / 0\n': r'changed.py, line 2: ZeroDivisionError',
    'import no_such_module\n': r"changed.py, line 2: No module named 'no_such_module'",
    "custom_imports = dict(imports=['no_such'])\n": r"changed.py: .*No module named 'no_such'",
    "_base_ = ['none.py']\n": r'changed.py: .*none.py: No such file',
    "_base_ = ['tiny.py', 'tiny.py']\n": r'changed.py: KeyError: Duplicate key is not allowed',
    "_base_ = ['broken.py']\n": r'broken.py, line 3: invalid syntax',
    # Names.
    "model = dict(type='PoseEstimator')\n": r'model.type: PoseEstimator is not in the registry',
    "model = dict(backbone=dict(type='MSSHNett'))\n": r'model.backbone.type: .*mean MSSHNet or',
    "model = dict(head=dict(type='MultistageHead'))\n": r'model.head.type: .*MultiStageHead\?',
    "model = dict(head=dict(loss=dict(_delete_=True, type='Adaptive')))\n": r'head.loss.type: A',
    "model = dict(head=dict(decoder=dict(type='MSRA')))\n": r'model.head.decoder.type: MSRA is not',
    "model = dict(backbone=dict(norm_cfg=dict(type='BN7')))\n": r'norm_cfg.type: .* as BN7',
    'model = dict(backbone=dict(stage_strides=8))\n': 'stage_strides must be a list, .* got 8',
    "model = dict(backbone=dict(init_cfg=dict(type='No')))\n": r'backbone.init_cfg.type: No is not',
    'model = dict(backbone=dict(type=7))\n': r"model.backbone: .* got <class 'int'>",
    "optim_wrapper = dict(optimizer=dict(type='RMSPropp'))\n": r'optimizer.type: .* mean RMSprop',
    "optim_wrapper = dict(type='Wrapper')\n": r'optim_wrapper.type: Wrapper is not in',
    "param_scheduler = [dict(type='StepLr')]\n": r'param_scheduler.0.type: .* mean StepLR\?',
    "train_cfg = dict(_delete_=True, type='NoLoop')\n": r'train_cfg.type: NoLoop is not in',
    "custom_hooks = [dict(type='NoHook')]\n": r'custom_hooks.0.type: NoHook is not in',
    "train_dataloader = dict(dataset=dict(type='No'))\n": r'train_dataloader.dataset.type: No is',
    "train_dataloader = dict(sampler=dict(type='No'))\n": r'train_dataloader.sampler.type: No is',
    "train_dataloader = dict(dataset=dict(pipeline=[dict(type='No')]))\n": r'line.0.type: No is',
    "val_evaluator = dict(type='PCKAcc')\n": r'val_evaluator.type: .* mean PCKAccuracy or',
    "visualizer = dict(type='NoVis')\n": r'visualizer.type: NoVis is not in the registry',
    "log_processor = dict(type='NoLog')\n": r'log_processor.type: NoLog is not in the registry',
    "default_scope = 'nothing'\n": r'visualizer.type: MultilevelPoseVisualizer is not in',
    # Arguments.
    'model = dict(nope=1)\n': r'model.nope: MultiStagePoseEstimator has no such argument; it has ',
    'model = dict(backbone=dict(stage_stride=(4,)))\n': r'backbone.stage_stride: .*stage_strides\?',
    'model = dict(data_preprocessor=dict(means=[1]))\n': r'data_preprocessor.means: .* mean mean\?',
    'optim_wrapper = dict(optimizer=dict(rate=1))\n': r'optimizer.rate: AdamW has no such arg',
    "param_scheduler = [dict(type='StepLR')]\n": r"param_scheduler.0: StepLR needs 'step_size'",
    'train_dataloader = dict(dataset=dict(data_rot=1))\n': r'dataset.data_rot: .*mean data_root',
    'optim_wrapper = dict(clip_grad=dict(max_norms=1))\n': r"clip_grad.max_norms: .*'max_norms'",
    'train_dataloader = dict(batchsize=2)\n': r"train_dataloader.batchsize: .*'batchsize'",
    'val_evaluator = dict(threshold=1)\n': r'val_evaluator.threshold: .* did you mean thresholds\?',
    'default_hooks = dict(checkpoint=dict(intervall=1))\n': r'default_hooks.checkpoint.intervall:',
    'randomness = dict(sed=1)\n': r"randomness.sed: .*'sed'",
    'val_dataloader = dict(dataset=dict(headbox_file=None))\n': r'PCKhAccuracy needs head_size',
    # Values.
    'model = dict(backbone=dict(stage_strides=(2, 4)))\n': r'backbone: stage_strides .*\(2, 4\)',
    'model = dict(backbone=dict(feat_channels=15))\n': r'feat_channels must be .* 4, got 15',
    "model = dict(backbone=dict(feat_channels='a'))\n": r"backbone: feat_channels .* got 'a'",
    'model = dict(head=dict(decoder=dict(input_size=(32, 32))))\n': r'model: .*disagree on the inp',
    'model = dict(data_preprocessor=dict(mean=[1, 2]))\n': r'data_preprocessor: .*got 2 values',
    "model = dict(init_cfg=dict(type='Pretrained', checkpoint='a.pth'))\n": r'a.pth does not exist',
    'optim_wrapper = dict(optimizer=dict(lr=-1))\n': r'optimizer: Invalid learning rate: -1',
    'train_cfg = dict(max_epochs=0)\n': r'train_cfg.max_epochs: .* of at least 1, got 0',
    "train_cfg = dict(max_epochs='ten')\n": r"train_cfg.max_epochs: .* got 'ten'",
    'train_cfg = dict(max_epochs=1.5)\n': r'train_cfg.max_epochs: .* got 1.5',
    'train_cfg = dict(max_epochs=3)\n': r'.* one-cycle .* 2: set param_scheduler.0.total_steps=3',
    'train_cfg = dict(val_interval=0)\n': r'train_cfg.val_interval: .* got 0',
    'train_dataloader = dict(batch_size=0)\n': r'batch_size should be a positive .* batch_size=0',
    'train_dataloader = dict(num_workers=-1)\n': r'num_workers option should be non-negative',
    "train_dataloader = dict(dataset=dict(ann_file='a.json'))\n": r'data set not found: .*a.json',
    'randomness = dict(seed=-1)\n': r'Seed must be between 0 and',
    "load_from = 'none.pth'\n": r'checkpoint none.pth not found',
    # What is needed.
    'custom_hooks = [dict(interval=1)]\n': r"custom_hooks.0: expected a type in {'interval': 1}",
    'model = None\n': r'model should be .*, but got None',
    'train_dataloader = None\n': r'train_dataloader, train_cfg, and optim_wrapper should be',
    'optim_wrapper = None\n': r'train_dataloader, train_cfg, and optim_wrapper should be',
    "train_dataloader = dict(dataset=dict(pipeline=[dict(type='KeypointConverter'), dict(type='G', "
    "encoder=[dict(type='SignedHeatmap')])]))\n": r'SignedHeatmap needs .* KeypointConverter calls',
    "val_dataloader = dict(dataset=dict(pipeline=[dict(type='KeypointConverter')]))\nval_evaluator"
    " = dict(type='OcclusionAccuracy')\n": r'val_evaluator: OcclusionAccuracy needs .* calls all',
    'from mssh_mmpose.datasets import make_test_pipeline\nval_dataloader = dict(dataset=dict('
    "pipeline=make_test_pipeline(dict(type='MSRAHeatmap', input_size=(48, 64)))))\n": r'crops to',
    "model = dict(backbone=dict(norm_cfg=dict(type='GN')))\n": r'backbone: .*num_groups',
    'train_dataloader = dict(dataset=None)\n': r'train_dataloader.dataset: expected .* got None',
    'train_dataloader = dict(_delete_=True, batch_size=2)\n': r'train_dataloader.dataset: expected',
}
OPTIONS = {
    '--cfg-options launcher=pytorch': r'launcher: would be ignored; use --launcher',
    '--cfg-options custom_imports.imports=[a]': r'custom_imports.imports: would be ignored; write',
    '--work-dir a --cfg-options work_dir=b': r'work_dir: would be ignored; --work-dir decides',
    '--resume --cfg-options resume=False': r'resume: would be ignored; --resume decides',
    '--cfg-options modle.type=x': r'modle.type: .* has no such setting',
    '--cfg-options model': r'--cfg-options: expected key=value, got model',
    '--cfg-options =1': r'--cfg-options: expected key=value, got =1',
    '--cfg-options a=1': r'a: tiny.py has no such setting',
    '--cfg-options a=[(1,2]': r'a=\[\(1,2\]: Imbalanced brackets',
    '--cfg-options train_dataloader.batch_size.x=1': r'--cfg-options do not fit',
    '--cfg-options param_scheduler.7.begin=1': r'--cfg-options do not fit',
    '--cfg-options train_cfg.max_epochs=-3': r'train_cfg.max_epochs: .* got -3',
    '--interval 0': r'--interval: expected a whole number of at least 1, got 0',
    '--interval 1.5': r'--interval: expected a whole number of at least 1, got 1.5',
    '--wait-time nan': r'--wait-time: expected a finite number of at least 0, got nan',
    '--wait-time -1': r'--wait-time: expected a finite number of at least 0, got -1',
    '--work-dir tiny.py/a': r'--work-dir: tiny.py/a cannot be written: .*tiny.py is no folder',
    '--show-dir tiny.py': r'--show-dir: tiny.py cannot be written: .*tiny.py is no folder',
    '--resume none.pth': r'--resume: none.pth not found; expected a file or a URL',
    '--launcher mpirun': r"--launcher: invalid choice: 'mpirun'",
    '--launcher slurm': r'--launcher slurm needs .*start the processes with srun',
    '--amp --cfg-options optim_wrapper.type=ApexOptimWrapper': r'--amp: optim_wrapper.type is Apex',
    '--auto-scale-lr --cfg-options auto_scale_lr=None': r'no auto_scale_lr.base_batch_size',
    '--epochs 3': r'unrecognized arguments: --epochs 3 \(--help lists the arguments\)',
}
OTHERS = {
    'train none.py': r'config none.py not found; expected a config file, or PACKAGE::PATH',
    'train .': r'config . is a folder; expected a config file',
    'train mssh_mmpose::none.py': r'none.py not found; expected a file in',
    'train no_such::a.py': r'the package no_such is not installed',
    'train broken.py': r'broken.py, line 3: invalid syntax',
    'train': r'the following arguments are required: config',
    'test tiny.py': r'the following arguments are required: checkpoint',
    'test tiny.py none.pth': r'checkpoint none.pth not found; expected a checkpoint file, a URL',
    'test tiny.py mssh-s_joint_192x192 --out a.txt': r'--out: a.txt: .* ending in .json or .yaml',
    'test tiny.py mssh-s_joint_192x192 --out data': r'--out: data is a folder',
    'test tiny.py mssh-s_joint_192x192 --table a.txt': r'--table: a.txt: .* ending in .md',
    'test tiny.py mssh-s_joint_192x192 --dump a.json': r'--dump: a.json: .* ending in .pkl',
    'test tiny.py mssh-s_joint_192x192 --cfg-options load_from=a': r'load_from: would be ignored',
    'test tiny.py broken.py': r'broken.py',
    'test tiny.py mssh-s_joint_192x192': r'checkpoint .*mssh-s_joint_192x192',
    'plot_training none': r'no log in none',
    'plot_keypoint_weights none': r'log: none not found',
    'plot_pck tiny.py none.pkl': r'LABEL=PATH: none.pkl not found',
    'evaluate_predictions tiny.py none.pkl': r'none.pkl not found',
    'evaluate_predictions tiny.py broken.py': r'expected a file ending in .pkl, .npz or .mat',
    'check_dataset tiny.py --samples -1': r'--samples: expected a whole number of at least 0',
    'check_dataset tiny.py --splits all': r"--splits: invalid choice: 'all'",
    'make_synthetic --root broken.py': r'--root: broken.py cannot be written',
    'make_synthetic --train 0': r'--train: expected a whole number of at least 1, got 0',
    'make_synthetic --workers -1': r'--workers: expected a whole number of at least 1, got -1',
    'model_table none.py': r'config none.py not found',
    'study none.yml': r'none.yml not found',
    'study broken.py --jobs 0': r'--jobs: expected a whole number of at least 1, got 0',
    'study broken.py --threads x': r'--threads: expected a whole number of at least 1, got x',
    'convert_mpii none.mat': r'mat: none.mat not found',
    'convert_mpii broken.py': r'broken.py is not a whole MATLAB file',
    'demo --train 0': r'--train: expected a whole number of at least 1, got 0',
    'benchmark fly tiny.py': r"what: invalid choice: 'fly'",
    'benchmark step features.py': r'features.py has num_keypoints=None, no heatmaps whose loss',
    'benchmark step tiny.py --rounds 0': r'--rounds: expected a whole number of at least 1, got 0',
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with the tiny config, in one file, and one that is no Python."""
    folder = tmp_path_factory.mktemp('wrong')
    Config.fromfile(write_tiny_config(folder)).dump(folder / 'tiny.py')
    features = '_base_ = ["tiny.py"]\nmodel = dict(backbone=dict(num_keypoints=None))\n'
    (folder / 'features.py').write_text(features)
    (folder / 'broken.py').write_text('a = 1\n\nthis is no Python\n')
    with pytest.MonkeyPatch.context() as patch:
        # Half a second each, for logs that nobody reads here.
        patch.setattr(Config, 'pretty_text', '')
        yield folder


@pytest.mark.parametrize('text', CONFIGS)
def test_wrong_configs(folder, text):
    base = '' if text.startswith('_base_') else "_base_ = ['tiny.py']\n"
    (folder / 'changed.py').write_text(base + text)
    check_refused(folder, ['train', 'changed.py'], CONFIGS[text])


@pytest.mark.parametrize('options', OPTIONS)
def test_wrong_options_of_training(folder, options):
    check_refused(folder, ['train', 'tiny.py', *options.split()], OPTIONS[options])


@pytest.mark.parametrize('line', OTHERS)
def test_wrong_command_lines(folder, line):
    check_refused(folder, line.split(), OTHERS[line])


def test_a_base_that_leads_back():
    """Not read from a file, as Python takes seconds to reach its limit."""
    assert file_problem(RecursionError(), 'a.py') == 'a.py: its _base_ leads back to itself.'


def test_errors_of_other_code_stay_as_they_are():
    """An argument may have the name of a setting."""
    with pytest.raises(TypeError, match='weight'), explained(Config(dict(loss=dict(weight=1)))):
        file_problem(weight=1)


def test_there_are_many():
    assert len(CONFIGS) + len(OPTIONS) + len(OTHERS) > 110
