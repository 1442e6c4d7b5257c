"""Studies are read, or refused before anything runs."""

from functools import partial

import pytest
from studies import STUDY, write_study

from mssh_mmpose.errors import InputError
from mssh_mmpose.study.plan import read_study, read_yaml


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('study')


@pytest.fixture
def study_file(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return partial(write_study, folder)


def variant(**changes):
    return dict(variants=[{**STUDY['variants'][0], **changes}], comparisons=[])


def test_a_study_is_read(study_file):
    study = read_study(study_file())
    assert study.name == 'widths'
    assert [(v.name, seed) for v, seed in study.runs()] == [
        ('narrow', 0),
        ('wide', 0),
        ('narrow', 1),
    ]
    cfg = study.variants[1].make_config(7)
    assert cfg.model.backbone.feat_channels == 32 and cfg.train_cfg.max_epochs == 3
    assert cfg.param_scheduler[0].total_steps == 3 and cfg.randomness.seed == 7


def test_every_run_seeds_its_epochs(study_file):
    """MPII's configs leave seeding to MMEngine, whose workers repeat their random numbers."""
    path = study_file(**variant(config='mssh_mmpose::mssh-m_mpii_256x256.py'), options={})
    cfg = read_study(path).variants[0].make_config(3)
    assert [hook['type'] for hook in cfg.custom_hooks][-1] == 'EpochSeedHook'
    assert not cfg.train_dataloader.persistent_workers


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(title=None), 'title: .*valid string, got None'),
        (dict(seed=[1]), r'seed: Extra inputs are not permitted, got \[1\]'),
        (dict(name='x'), 'no name, which is that of the file'),
        (dict(variants=[]), r'variants: .* at least 1 item .*, got \[\]'),
        (dict(variants=3), 'variants: .*valid tuple, got 3'),
        (variant(config='none.py'), 'variants 1 config: config none.py not found'),
        (variant(seeds=['x']), "variants 1 seeds 1: .*valid integer, got 'x'"),
        (dict(seeds=3), 'seeds: .*valid tuple, got 3'),
        (dict(seeds=[0, -1]), r'seeds 2: .*greater than or equal to 0, got -1\. See'),
        (dict(seeds=[10**20]), r'seeds 1: .*less than 4294967296, got 10+\. See'),
        (dict(seeds=[1e20]), r'seeds 1: .*valid integer, got 1e\+20'),
        (dict(seeds=[True]), 'seeds 1: .*valid integer, got True'),
        (dict(seeds=[0, 0]), 'seeds: 0 comes 2 times'),
        (dict(options=['a.b']), r'options: .*valid dictionary, got \[.a.b'),
        (dict(options={'randomness.seed': 1}), 'options: randomness is set by the seeds'),
        (dict(variants=[STUDY['variants'][0]] * 2), 'variants: narrow comes 2 times'),
        (
            dict(comparisons=[dict(variant='wide', against='x', question='?')]),
            'x is not a variant, expected one of narrow, wide',
        ),
        (dict(comparisons=[dict(STUDY['comparisons'][0], paper='perhaps')]), "'better' or 'worse'"),
    ],
)
def test_wrong_studies(study_file, changes, message):
    with pytest.raises(InputError, match=message):
        read_study(study_file(**changes))


@pytest.mark.parametrize(
    'name', ['..', '.', '.hidden', 'a/b', '/tmp', '-x', 'a b', 'a\n', '', 'n' * 101]
)
def test_names_that_are_no_folder(study_file, name):
    """They would write outside the work dir, or nowhere."""
    with pytest.raises(InputError, match='variants 1 name: String should') as caught:
        read_study(study_file(**variant(name=name)))
    reason = 'at most 100 characters' if len(name) > 100 else f'got {name!r}'
    assert not name or reason in str(caught.value)


BOMB = 'a: &a [x, x]\n' + ''.join(
    f'{new}: &{new} [{", ".join([f"*{old}"] * 9)}]\n'
    for old, new in zip('abcdefghijk', 'bcdefghijkl')
)


@pytest.mark.parametrize(
    'text, message',
    [
        (BOMB, 'more than 100000 values'),
        (BOMB.replace('[x, x]', '{x: 1}').replace('[*', '\n  <<: [*'), 'more than 100000 values'),
        ('a: &a [*a]', 'nested too deeply, or holds itself'),
        ('[' * 100_000, 'nested too deeply'),
        ('a: [', 'expected'),
        ('\x00', 'unacceptable character'),
        ('- a', r'got \[.a.\]'),
        ('', 'got None'),
    ],
)
def test_yaml_that_is_no_study(tmp_path, text, message):
    path = tmp_path / 'bad.yml'
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_study(path)


def test_files_that_are_no_text(tmp_path):
    (tmp_path / 'a.yml').write_bytes(b'\xff\xfe\xfa')
    for name in ('a.yml', 'missing.yml', '.'):
        with pytest.raises(InputError, match='study .* (cannot be read|is not usable YAML)'):
            read_study(tmp_path / name)


def test_aliases_are_read():
    found = read_yaml('a: &a {b: [1]}\nc: [*a, {<<: *a, d: 2}]')
    assert found['c'] == [{'b': [1]}, {'b': [1], 'd': 2}]


def test_exponents_are_numbers():
    """Also without a point or a sign, which PyYAML wants."""
    numbers = [6e-3, -1e2, 1.5e-2, 1e3, 1.5e3, 500.0]
    assert read_yaml('[6e-3, -1E+2, 1.5e-2, 1.0e3, 1.5e3, .5e3]') == numbers
    assert read_yaml('["6e-3", e3, 1e, 2e3x]') == ['6e-3', 'e3', '1e', '2e3x']
