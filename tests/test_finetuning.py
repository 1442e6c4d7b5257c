"""The code of docs/finetuning.md works as it stands, on synthetic people."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from coco_people import COCO_JOINTS, write_coco

from mssh_mmpose.names import find_checkpoint

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / 'docs/finetuning.md').read_text()
(CONFIG,) = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)
COMMANDS = [shlex.split(line) for line in re.findall(r'^python (tools/.*)$', PAGE, re.MULTILINE)]
JOINTS = [f'{side}_{part}' for part in ('shoulder', 'elbow', 'wrist') for side in ('left', 'right')]
KEPT = find_checkpoint('mssh-s_lsp_128x128')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the page's config and a picture."""
    monkeypatch.chdir(tmp_path)
    Path('my_finetuning.py').write_text(CONFIG)
    return tmp_path


def write_people(joints):
    """Write ``data/mine`` as the page has it."""
    root = Path('data/mine')
    write_coco(root, 4, 2, joints)
    for split in ('train', 'val'):
        shutil.copy(root / f'annotations/{split}.json', root)
    shutil.copy(next((root / 'images').iterdir()), 'picture.jpg')


def run_commands(run_tool, config):
    """Run the page's commands about a config; return what they print."""
    output = ''
    for tool, first, *args in COMMANDS:
        if first == config:
            path = ROOT / first if first.startswith('configs/') else first
            status, out, err = run_tool(Path(tool).stem, path, *args)
            assert status == 0, err
            output += out
    assert output
    return output


def new_tensors(output):
    return set(re.findall(r'size mismatch for backbone\.stacks\.\d\.(\w+\.\w+)', output))


def test_own_keypoints(folder, run_tool):
    write_people(JOINTS)
    output = run_commands(run_tool, 'my_finetuning.py')
    assert new_tensors(output) == {'score.weight', 'score.bias', 'score_remap.weight'}
    assert 'mine/PCK' in output
    (predictions,) = folder.glob('**/predictions/picture.json')
    (person,) = json.loads(predictions.read_text())
    assert len(person['keypoints']) == len(JOINTS)


def test_joints_of_mpii(folder, run_tool):
    write_coco(Path('data/mpii'), 4, 2)
    config = 'configs/finetune/mssh-s_4x96_mpii_128x128.py'
    output = run_commands(run_tool, config)
    assert 'missing keys' not in output and 'unexpected key' not in output
    assert new_tensors(output) == {'score.weight', 'score.bias', 'score_remap.weight'}
    assert 'mpii/PCKh@0.5' in output


def test_joints_of_coco_with_frozen_layers(folder, run_tool):
    """The page's changes for COCO and its settings for freezing work."""
    write_people(COCO_JOINTS)
    text = CONFIG.replace('num_keypoints=len(joints)', 'num_keypoints=17')
    text, count = re.subn(r' +metainfo=.*\n', '', text)
    text += (
        "\nval_evaluator = dict(_delete_=True, type='CocoMetric')\ntest_evaluator = val_evaluator"
    )
    text += '\ndefault_hooks = dict(badcase=dict(metric=val_evaluator))\n'
    (freezing,) = re.findall(r'`(backbone=dict\(frozen.*?\))`', PAGE)
    text = text.replace(
        'num_keypoints=17', f'num_keypoints=17, {freezing[len("backbone=dict(") : -1]}'
    )
    assert count == 1 and 'frozen_stages=0' in text
    Path('coco.py').write_text(text)
    status, output, err = run_tool('train', 'coco.py', '--work-dir', 'work')
    assert status == 0, err
    assert 'coco/AP' in output
    before = torch.load(KEPT, weights_only=False)['state_dict']
    after = torch.load('work/epoch_4.pth', weights_only=False)['state_dict']
    frozen = [name for name in before if name.startswith('backbone.stem')]
    assert len(frozen) > 10
    for name in frozen:
        torch.testing.assert_close(after[name], before[name], rtol=0, atol=0)
    name = 'backbone.stacks.0.feature.conv.weight'
    assert not torch.equal(after[name], before[name])
