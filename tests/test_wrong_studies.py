"""Wrong studies: the tool refuses each with one line that names what is wrong, before any run.

More are refused by the functions behind it, in test_study_plan.py and test_study.py.
"""

import pytest
import yaml
from forked import check_refused
from mmengine.config import Config
from studies import STUDY
from tiny_config import write_tiny_config

import mssh_mmpose.study.runner  # noqa: F401, for all forks


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with data and the config of the study's variants, in one file."""
    folder = tmp_path_factory.mktemp('studies')
    cfg = Config.fromfile(write_tiny_config(folder))
    cfg.model.channels_last = False
    cfg.dump(folder / 'tiny.py')
    return folder


def variant(**changes):
    return dict(variants=[{**STUDY['variants'][0], **changes}, STUDY['variants'][1]])


def odd(**options):
    """A third variant."""
    return dict(variants=[*STUDY['variants'], dict(name='odd', config='tiny.py', options=options)])


def compared(one, other):
    return dict(comparisons=[dict(variant=one, against=other, question='?')])


STUDIES = [
    (variant(name='..'), "variants 1 name: .* got '..'"),
    (variant(name=3), 'variants 1 name: .*valid string, got 3'),
    (variant(config='none.py'), 'variants 1 config: config none.py not found'),
    (dict(seeds=[]), r'seeds: .*at least 1 item .*, got \[\]'),
    (dict(colour=1), 'colour: Extra inputs are not permitted'),
    (compared('wide', 'wide'), 'comparisons: wide is compared with itself'),
    (odd(**{'train_cfg.max_epochs': 9}), 'variant odd: .*set param_scheduler.0.total_steps=9'),
    (odd(**{'modle.a': 1}), 'variant odd, options modle.a: .* no such setting'),
    (odd(load_from='none.pth'), 'variant odd, load_from: checkpoint none.pth not found'),
]
TEXTS = {
    'a: &a [*a]': 'nested too deeply, or holds itself',
    'a: [': 'is not usable YAML: .*expected the node content',
    'a: b: c': 'is not usable YAML',
    '\x00': 'unacceptable character',
    '\udcff\udcfe': "'utf-8' codec can't decode",
    '!!python/object/apply:os.system ["touch executed"]': 'could not determine a constructor',
    '- a': r"got \['a'\]",
    '': 'got None',
    '3': 'got 3',
}


@pytest.mark.parametrize('number', range(len(STUDIES)))
def test_wrong_studies(folder, number):
    changes, message = STUDIES[number]
    (folder / 's.yml').write_text(yaml.safe_dump({**STUDY, **changes}))
    check_refused(folder, ['study', 's.yml', '--out-dir', 'out', '--work-dir', 'work'], message)
    assert not list(folder.glob('work/*'))


@pytest.mark.parametrize('text', TEXTS)
def test_wrong_files_of_studies(folder, text):
    (folder / 's.yml').write_text(text, errors='surrogateescape')
    check_refused(folder, ['study', 's.yml'], f'study s.yml.*{TEXTS[text]}')
    assert not (folder / 'executed').exists()
