"""Configs inside checkpoints: MMEngine's text is read, and nothing in it runs."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mssh_mmpose.engine.stored_config import parse_assignments, stored_config
from mssh_mmpose.errors import InputError

ROOT = Path(__file__).parents[1]
GOOD = "model = dict(type='MultiStagePoseEstimator', backbone=dict(type='MSSHNet'))\n"


@pytest.mark.parametrize('name', ['mssh_mpii_256x256', 'mssh-s_4x96_lsp+lspet_192x192'])
def test_what_mmengine_writes_is_read(name):
    cfg = Config.fromfile(ROOT / f'configs/{name}.py')
    text = cfg.pretty_text
    assert parse_assignments(text) == Config.fromstring(text, '.py').to_dict()
    stored = stored_config(text, 'a.pth')
    assert stored.model == cfg.model and stored.filename == 'a.pth'
    assert set(stored) == {'default_scope', 'model', 'test_dataloader'}


def test_joints_are_in_order():
    """MMEngine writes the numbers of joints as text, in the order 0, 1, 10, 2."""
    joints = {number: dict(name=f'joint {number}', id=number) for number in (0, 1, 10, 2)}
    text = f'{GOOD}test_dataloader = {dict(dataset=dict(metainfo=dict(keypoint_info=joints)))}'
    stored = stored_config(text, 'a.pth').test_dataloader.dataset.metainfo.keypoint_info
    assert list(stored) == [0, 1, 2, 10]


def test_values():
    values = dict(a=dict({'x-y': (1, (2,)), 3: [-1.5e-3, None]}, b=True), c='"\'\n画', d={})
    assert parse_assignments(Config(values).pretty_text) == values


@pytest.mark.parametrize(
    'text',
    [
        'import os',
        "x = __import__('os').system('touch executed')",
        "x = dict(a=open('executed', 'w'))",
        "x = [i for i in open('executed', 'w')]",
        'x = f\'{open("executed", "w")}\'',
        "open('executed', 'w')",
        "def f(x=open('executed', 'w')): pass",
        "x: open('executed', 'w') = 1",
        "x = dict(**open('executed', 'w'))",
        "x = {**open('executed', 'w')}",
        "x = {open('executed', 'w'): 1}",
        "x = dict([open('executed', 'w')])",
        "x, y = open('executed', 'w'), 1",
        "x = y = open('executed', 'w')",
        "x.y = 1\nx['z'] = 2",
        'x = (lambda: 1)()',
        'x = 9 ** 9 ** 9',
        'x = inf',
        "x = 'a' 'b' % 3",
        'x = ' + '[' * 5000 + ']' * 5000,
        'x = ' + '-' * 5000 + '1',
        'x = (',
        'x = "\0"',
        'x = ' + '9' * 5000,
    ],
)
def test_anything_else_is_refused(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match='line|parsed'):
        parse_assignments(text)
    with pytest.raises(InputError, match='checkpoint a.pth: the config in it was not used: '):
        stored_config(text, 'a.pth')
    assert not list(tmp_path.iterdir())


def test_parts_that_are_not_used_are_not_looked_at():
    """MMEngine writes infinity as a name."""
    config = stored_config(GOOD + 'optim_wrapper = dict(clip_grad=dict(norm_type=inf))', 'a.pth')
    assert 'optim_wrapper' not in config


TYPES = [
    # MMEngine takes a name that is not registered for a function to import and call.
    "model = dict(type='subprocess.getoutput', cmd='touch executed')",
    "model = dict(type='os.system', command='touch executed')",
    "model = dict(type='mmengine.dump', obj=1, file='executed.json')",
    "model = dict(type='TopdownPoseEstimator', backbone=dict(type='mmengine.fileio.dump'))",
    "model = dict(type='TopdownPoseEstimator', backbone=dict(type=['os.system']))",
    GOOD + "test_dataloader = dict(dataset=dict(pipeline=[dict(type='builtins.exec')]))",
    GOOD + "test_dataloader = dict(dataset=dict(type='LSPDataset', x=[(dict(type='a.b'),)]))",
]


@pytest.mark.parametrize('text', TYPES)
def test_only_registered_types_are_built(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match='is not registered; import the package'):
        stored_config(text, 'a.pth')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    'text, message',
    [
        (GOOD + "default_scope = 'odd'", "cfg.default_scope is 'odd', expected one of"),
        (GOOD.replace(')\n', ", _scope_='odd')"), "cfg.model._scope_ is 'odd'"),
        (
            "model = dict(type='MSSHNet', x=dict(from_file='evil.py'))",
            "cfg.model.x.from_file names another config, 'evil.py'",
        ),
        (
            "model = dict(type='MSSHNet', teacher_cfg='evil.json')",
            "cfg.model.teacher_cfg names another config, 'evil.json'",
        ),
        ('x = 1', 'it has no model'),
        (None, r'holds no config \(meta\["cfg"\]\)'),
        ({'model': {}}, r'holds no config'),
    ],
)
def test_other_refusals_say_what_to_do(text, message):
    with pytest.raises(InputError, match=message + '.*Name the config .*CONFIG CHECKPOINT'):
        stored_config(text, 'a.pth')


def test_joints_in_a_file_are_left_out(tmp_path, monkeypatch):
    """Checkpoints hold the joints themselves; MMPose would run the file."""
    (tmp_path / 'evil.py').write_text("open('executed', 'w')")
    monkeypatch.chdir(tmp_path)
    metainfo = "metainfo=dict(from_file='evil.py')"
    parts = f"dict(type='LSPDataset', {metainfo})"
    combined = f"dict(type='CombinedDataset', {metainfo}, datasets=[{parts}])"
    text = f'{GOOD}test_dataloader = dict(dataset={combined})'
    dataset = stored_config(text, 'a.pth').test_dataloader.dataset
    assert dataset == dict(type='CombinedDataset', datasets=[dict(type='LSPDataset')])
    assert not (tmp_path / 'executed').exists()


def test_the_user_s_own_data_set_is_not_needed():
    own = "dict(type='MyData', pipeline=[dict(type='LoadImage')])"
    wrapped = f"dict(type='CombinedDataset', datasets=[{own}])"
    for text in (own, wrapped, "dict(pipeline=[dict(type='LoadImage')])"):
        config = stored_config(f'{GOOD}test_dataloader = dict(dataset={text})', 'a.pth')
        assert 'MyData' not in str(config.test_dataloader)
        assert 'LoadImage' in str(config.test_dataloader)


def test_configs_in_pure_python_are_read():
    """They write types by their place, and may set no scope."""
    text = (
        "default_scope = None\nmodel = dict(type='mssh_mmpose.models.MultiStagePoseEstimator', "
        "backbone=dict(type='mssh_mmpose.models.mssh.MSSHNet'))"
    )
    assert stored_config(text, 'a.pth').default_scope is None
    for wrong in ('mssh_mmpose.models.MSSHNet2', 'mssh_mmpose.models.mssh.torch', 'os.MSSHNet'):
        with pytest.raises(InputError, match='is not registered'):
            stored_config(text.replace('mssh_mmpose.models.mssh.MSSHNet', wrong), 'a.pth')


def test_custom_imports_are_ignored(tmp_path, monkeypatch):
    """A module of that name in the working folder would be imported by MMEngine."""
    (tmp_path / 'evil.py').write_text("open('executed', 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    cfg = stored_config(GOOD + "custom_imports = dict(imports=['evil'])", 'a.pth')
    assert 'custom_imports' not in cfg and not (tmp_path / 'executed').exists()
