import hashlib
import json
import re

import numpy as np
import pytest
import torch
from exported import make_checkpoint, make_config
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model
from mmpose.registry import MODELS

from mssh_mmpose import config_path
from mssh_mmpose.config import read_config
from mssh_mmpose.engine.loading import build_network, load_network
from mssh_mmpose.export.publishing import (
    card_text,
    check_metrics,
    foreign_parts,
    model_card,
    pack,
    plain,
    training_data,
)


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return make_config(tmp_path_factory.mktemp('publish'))


@pytest.fixture(scope='module')
def checkpoint(config):
    return make_checkpoint(config, config.parent / 'tiny.pth')


def publish(run_tool, config, checkpoint, folder, *args):
    status, _, err = run_tool('publish_model', config, checkpoint, folder, *args)
    assert status == 0, err
    (weights,) = folder.glob('*.pth')
    (card,) = folder.glob('*.md')
    return weights, card


def test_published_weights_load_everywhere_and_predict_the_same(
    config, checkpoint, tmp_path, run_tool
):
    metrics = tmp_path / 'metrics.json'
    metrics.write_text('{"mpii/PCKh@0.5": 86.4}')
    licence = ['--data-licence', 'made by this project']
    path, card = publish(
        run_tool, config, checkpoint, tmp_path / 'new', '--metrics', metrics, *licence
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    assert path.name == f'tiny-{digest}.pth' and card.name == f'tiny-{digest}.md'

    content = torch.load(path, weights_only=True)
    assert set(content) == {'meta', 'state_dict'}
    floats = [value for value in content['state_dict'].values() if value.is_floating_point()]
    assert {value.dtype for value in floats} == {torch.float32}
    facts = content['meta']['card']
    assert facts['metrics'] == {'mpii/PCKh@0.5': 86.4} and facts['epoch'] == 3
    assert facts['data_licence'] == 'made by this project'
    assert facts['training_data'][0].startswith('MPIIOcclusionDataset')
    assert "type='MSSHNet'" in content['meta']['cfg']
    for line in ('| mpii/PCKh@0.5 | 86.40 |', 'made by this project', f'`{path.name}`'):
        assert line in card.read_text()

    image = str(sorted((config.parent / 'data/images').iterdir())[0])
    results = [
        inference_topdown(init_model(str(config), str(file), device='cpu'), image)[0]
        for file in (checkpoint, path)
    ]
    np.testing.assert_array_equal(*(result.pred_instances.keypoints for result in results))
    published = load_network(config, path).dataset_meta
    assert published['keypoint_id2name'][0] == 'right_ankle'
    assert published['flip_indices'] == plain(published['flip_indices'])


def test_equal_input_gives_equal_names(config, checkpoint, tmp_path, run_tool):
    first, _ = publish(run_tool, config, checkpoint, tmp_path / 'a')
    second, _ = publish(run_tool, config, first, tmp_path / 'b')
    third, _ = publish(run_tool, config, checkpoint, tmp_path / 'c')
    assert first.name == third.name
    weights = [torch.load(path, weights_only=True)['state_dict'] for path in (first, second)]
    assert weights[0].keys() == weights[1].keys()
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)


def test_name_and_notes(config, checkpoint, tmp_path, run_tool):
    (tmp_path / 'notes.md').write_text('## Failures\n\nBackwards people.\n')
    options = ['--name', 'other', '--notes', tmp_path / 'notes.md']
    weights, card = publish(run_tool, config, checkpoint, tmp_path / 'a', *options)
    assert weights.name.startswith('other-') and card.stem == weights.stem
    assert '\n\n## Failures\n\nBackwards people.\n\n## Use' in card.read_text()
    assert torch.load(weights, weights_only=True)['meta']['card']['notes'].startswith('## Failures')


def test_no_path_of_this_machine(config, checkpoint, tmp_path, run_tool):
    started = tmp_path / 'started.py'
    started.write_text(f"_base_ = ['{config}']\nload_from = '/home/me/start.pth'\n")
    path, _ = publish(run_tool, started, checkpoint, tmp_path / 'new')
    assert 'start.pth' not in torch.load(path, weights_only=True)['meta']['cfg']


def test_content_decides_about_the_name():
    weights = {'a': torch.ones(2)}
    assert pack(weights, dict(epoch=1)) == pack(weights, dict(epoch=1))
    assert pack(weights, dict(epoch=1))[1] != pack(weights, dict(epoch=2))[1]


def test_nested_data_sets_are_all_named():
    nested = dict(
        type='CombinedDataset', datasets=[dict(type='LSPDataset'), dict(type='LSPExtendedDataset')]
    )
    names = training_data(nested)
    assert [name.split(' ')[0] for name in names] == ['LSPDataset', 'LSPExtendedDataset']
    assert '2010' in names[0] and '2011' in names[1]


def test_parts_of_the_user_s_own_packages(monkeypatch):
    class MyBlock:
        pass

    cfg = read_config(config_path('mssh-s_lsp_128x128.py'))
    cfg.model.backbone.block = 'MyBlock'
    assert foreign_parts(cfg) == []
    monkeypatch.setitem(MODELS.module_dict, 'MyBlock', MyBlock)
    assert foreign_parts(cfg) == ['MyBlock']


def test_the_command_names_a_config_of_a_folder():
    cfg = read_config(config_path('joint/mssh-s_4x96_finetune_128x128.py'))
    card = model_card(cfg, {}, dict(dataset_name='lsp'), None, 'none', '')
    assert card['config'] == 'joint/mssh-s_4x96_finetune_128x128.py'
    text = card_text(card, 'a.pth')
    assert 'test.py configs/joint/mssh-s_4x96_finetune_128x128.py checkpoints/a.pth' in text
    assert 'test.py own.py a.pth' in card_text({**card, 'config': 'own.py'}, 'a.pth', '')


def test_card_without_results_says_so():
    card = dict(
        model='m', config='mssh-s_lsp_128x128.py', dataset='lsp', training_data=['LSPDataset'],
        data_licence='x', epoch=None, seed=None, metrics={}, notes='', commit='unknown',
        versions=dict(torch='2'),
    )  # fmt: skip
    text = card_text(card, 'm-01234567.pth')
    assert 'None stated.' in text and '| epoch |' not in text
    assert 'tools/test.py configs/mssh-s_lsp_128x128.py checkpoints/m-01234567.pth' in text
    assert 'python tools/infer.py checkpoints/m-01234567.pth picture.jpg' in text


@pytest.mark.parametrize('metrics', [[1], {}, {'PCK': 'high'}, {'PCK': None}, {'PCK': True}])
def test_metrics_that_are_no_numbers_are_refused(metrics):
    with pytest.raises(ValueError, match='expected'):
        check_metrics(metrics)


def test_tool_reports_wrong_input_and_writes_nothing(config, checkpoint, tmp_path, run_tool):
    metrics, folder = tmp_path / 'metrics.json', tmp_path / 'out'
    metrics.write_text('{"PCK": "high"}')
    other = tmp_path / 'other.pth'
    state = build_network(Config.fromfile(config)).state_dict()
    torch.save(dict(state_dict={'backbone.odd': torch.ones(1), **state}), other)
    teacher = tmp_path / 'teacher.py'
    teacher.write_text(f'_base_ = [{str(config)!r}]\nmodel = dict(train_cfg=dict(a="b.py"))\n')
    cases = [
        ([teacher, checkpoint, folder], 'teacher.py cannot be stored: .*a names another config'),
        ([config, 'nothing.pth', folder], 'checkpoint nothing.pth not found'),
        ([config, other, folder], 'has weights that the config does not: backbone.odd'),
        (['configs/hourglass-s_lsp_128x128.py', checkpoint, folder], 'does not fit the model'),
        ([config, checkpoint, folder, '--metrics', metrics], 'but PCK is not one'),
        ([config, checkpoint, metrics], 'out_dir: .*metrics.json cannot be written'),
    ]
    for args, message in cases:
        status, _, err = run_tool('publish_model', *args)
        assert status == 2 and re.search(message, err), err
    assert list(folder.iterdir()) == []
    assert json.loads(metrics.read_text()) == {'PCK': 'high'}


def test_trained_networks_can_be_published(real_data, tmp_path, run_tool):
    real_data('lsp')
    config = 'configs/hourglass-s_lsp_128x128.py'
    source = 'results/hourglass-s_lsp_128x128/epoch_48.pth'
    path, _ = publish(run_tool, config, source, tmp_path)
    published = torch.load(path, weights_only=True)
    original = torch.load(source, weights_only=False)['state_dict']
    torch.testing.assert_close(published['state_dict'], dict(original), rtol=0, atol=0)
