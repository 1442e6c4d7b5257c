"""The documentation is right: links lead somewhere, commands and code work."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from one_step import training_losses

from mssh_mmpose.apis.inputs import IMAGE_SUFFIXES, VIDEO_SUFFIXES

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ('*.md', 'docs/**/*.md', 'configs/*.md', 'results/**/*.md', 'checkpoints/*.md')
    for path in ROOT.glob(pattern)
)
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]
_BLOCK = re.compile(r'^( *)```(\w*)\n(.*?)^\1```', re.MULTILINE | re.DOTALL)


def blocks(path, language):
    """Code blocks of a page in a language ('' for commands)."""
    return [body for _, found, body in _BLOCK.findall(path.read_text()) if found == language]


def commands():
    """Every command line of the pages that runs one of our tools: page and words."""
    found = []
    for path, name in zip(PAGES, NAMES):
        text = path.read_text()
        inline = re.findall(r'`(python tools/[^`]+)`', text)
        for body in ['\n'.join(inline).replace('\\\n', ' ')] + blocks(path, ''):
            for line in body.replace('\\\n', ' ').splitlines():
                if re.match(r' *python tools/\w+\.py', line):
                    found.append((name, shlex.split(line, comments=True)))
    return found


def anchors(path):
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r'^#+ (.+)$', path.read_text(), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading).lower().replace(' ', '-') for heading in headings}


@pytest.mark.parametrize('path', PAGES, ids=NAMES)
def test_links(path):
    """Links inside the repository; other sites are not asked."""
    for target in re.findall(r'\]\(([^)\s]+)\)', path.read_text()):
        if re.match(r'https?://', target):
            continue
        file, _, anchor = target.partition('#')
        found = path.parent / file if file else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.skipif(not (ROOT / '.git').exists(), reason='only git knows what is committed')
def test_no_other_picture_is_committed():
    """People of the data sets must not be: neither their pictures nor drawings over them."""
    git = ['git', '-c', 'safe.directory=*', '-C', ROOT, 'ls-files']
    files = subprocess.run(git, check=True, capture_output=True, text=True).stdout.splitlines()
    pictures = [name for name in files if name.endswith(IMAGE_SUFFIXES + VIDEO_SUFFIXES)]
    assert 'docs/pictures/synthetic_people.jpg' in pictures
    assert [name for name in pictures if not name.startswith(('docs/', 'results/'))] == []


def test_every_picture_has_its_command():
    """Pictures of the documentation and the results are listed with the commands that make them."""
    text = (ROOT / 'docs/pictures/README.md').read_text()
    listed = dict(re.findall(r'^\| `([^`]+)` \| [^|]+ \| (`[^|]+) \|$', text, re.MULTILINE))
    folders = (ROOT / 'docs', ROOT / 'results')
    pictures = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for suffix in ('png', 'jpg', 'svg')
        for path in folder.rglob(f'*.{suffix}')
    }
    assert set(listed) == pictures
    for picture, command in listed.items():
        study = ROOT / f'{Path(picture).parent}.yml'
        assert f'--out {picture}' in command or picture in command or study.name in command
    for path, name in zip(PAGES, NAMES):
        for shown in re.findall(r'!\[[^]]+\]\(([^)]+)\)', path.read_text()):
            assert (path.parent / shown).resolve().relative_to(ROOT).as_posix() in listed, name


def test_there_are_commands():
    tools = {words[1] for _, words in commands()}
    assert len(tools) > 15


@pytest.mark.parametrize('tool', sorted({words[1] for _, words in commands()}))
def test_tools_and_their_options(tool, run_tool):
    """The options in the pages are those of the tool, and the files that it names exist."""
    status, usage, _ = run_tool(Path(tool).stem, '--help')
    assert status == 0
    for name, words in commands():
        if words[1] != tool:
            continue
        options = {word.partition('=')[0] for word in words if word.startswith('--')}
        missing = {option for option in options if not re.search(rf'{option}\b', usage)}
        assert not missing, (name, words)
        for word in words[2:]:
            if re.match(r'(configs|results|checkpoints)/\S*\.\w+$', word):
                assert (ROOT / word).exists(), (name, word)


def test_names_of_files():
    """Files of the source tree that the pages name are there."""
    for path, name in zip(PAGES, NAMES):
        pattern = r'`((?:mssh_mmpose|configs|tools|docs|requirements)/[\w./+-]*)`'
        for file in re.findall(pattern, path.read_text()):
            assert (ROOT / file).exists(), (name, file)


def test_an_own_block_and_loss(tmp_path, monkeypatch):
    """The code of docs/extending.md works as it stands."""
    module, config = blocks(ROOT / 'docs/extending.md', 'python')
    (tmp_path / 'my_pose.py').write_text(module)
    (tmp_path / 'my_config.py').write_text(config)
    monkeypatch.syspath_prepend(str(tmp_path))
    cfg = Config.fromfile(tmp_path / 'my_config.py')
    cfg.model.backbone.feat_channels = 16
    model = MODELS.build(cfg.model)
    from my_pose import HeatmapL1Loss, WideBlock

    assert any(isinstance(module, WideBlock) for module in model.modules())
    assert isinstance(model.head.loss_module, HeatmapL1Loss)
    total, _ = model.parse_losses(training_losses(model, cfg))
    total.backward()
    assert total > 0 and total.isfinite()
    sys.modules.pop('my_pose')


def test_your_own_data(tmp_path, monkeypatch, run_tool):
    """The code of docs/own_data.md works as it stands: checked, trained and tested by the tools."""
    import cv2
    import numpy as np

    page = ROOT / 'docs/own_data.md'
    (annotations,), (module, config) = blocks(page, 'json'), blocks(page, 'python')
    (tmp_path / 'my_data.py').write_text(module)
    (tmp_path / 'my_config.py').write_text(config)
    (tmp_path / 'data/my_data/images').mkdir(parents=True)
    people = json.loads(annotations) * 4
    for number, person in enumerate(people):
        person['image'] = f'{number:04d}.jpg'
        noise = np.random.randint(0, 255, (90, 80, 3), np.uint8)
        cv2.imwrite(str(tmp_path / 'data/my_data/images' / person['image']), noise)
    (tmp_path / 'data/my_data/annotations.json').write_text(json.dumps(people))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    tiny = ['model.backbone.feat_channels=8', 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1']
    options = ['--cfg-options', *tiny, 'train_dataloader.batch_size=2']
    for tool, *args in (
        ('check_dataset', 'my_config.py'),
        ('train', 'my_config.py', *options),
        ('test', 'my_config.py', 'work_dirs/my_config/epoch_1.pth', '--badcase', *options),
    ):
        status, _, err = run_tool(tool, *args)
        assert status == 0, err
    sys.modules.pop('my_data')


def test_config_snippets(tmp_path):
    """Each snippet is a whole config that builds; the README's is in test_configs.py."""
    snippets = blocks(ROOT / 'docs/configs.md', 'python')
    assert len(snippets) == 3
    for number, code in enumerate(snippets):
        path = tmp_path / f'config_{number}.py'
        path.write_text(code)
        cfg = Config.fromfile(path)
        with torch.device('meta'):
            MODELS.build(cfg.model)


def test_python_snippets_of_inference(monkeypatch, tmp_path):
    """docs/inference.md, on a synthetic person: our functions and MMPose's find the same joints."""
    import cv2
    import numpy as np

    from mssh_mmpose.datasets.synthetic import render_scene

    ours, mmposes = blocks(ROOT / 'docs/inference.md', 'python')
    picture = tmp_path / 'picture.jpg'
    cv2.imwrite(str(picture), render_scene(np.random.default_rng(3))[0])
    monkeypatch.chdir(ROOT)
    namespace = {}
    ours = re.sub(r', boxes=.*\]\]', '', ours)
    for code in (ours, mmposes):
        exec(code.replace("'picture.jpg'", repr(str(picture))), namespace)
    assert namespace['person'].keypoints.shape == (16, 2)
    (found,) = namespace['people']
    np.testing.assert_allclose(found['keypoints'], namespace['person'].keypoints, atol=1e-3)
