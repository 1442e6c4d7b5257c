import json
import re

import numpy as np
import pytest
import torch
from exported import make_checkpoint, make_config
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import MODELS

from mssh_mmpose.engine.loading import build_network
from mssh_mmpose.errors import InputError
from mssh_mmpose.export.crops import crops_of_dataset, evenly_chosen, training_dataset
from mssh_mmpose.export.evaluation import evaluate, metrics_table, predictions
from mssh_mmpose.export.metadata import metadata_of
from mssh_mmpose.export.network import DeployedNetwork
from mssh_mmpose.export.onnx_graph import export_network
from mssh_mmpose.export.quantization import is_quantized, nodes_from_score_maps, quantize
from mssh_mmpose.export.runtimes import onnxruntime_function

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return make_config(tmp_path_factory.mktemp('quantize'))


@pytest.fixture(scope='module')
def crops(config):
    init_default_scope('mmpose')
    return crops_of_dataset(training_dataset(Config.fromfile(config)), 8)


@pytest.fixture
def model(config, run_tool):
    """The network with decoding, exported by the tool once."""
    path = config.parent / 'tiny.onnx'
    if not path.exists():
        checkpoint = make_checkpoint(config, config.parent / 'tiny.pth')
        status, out, err = run_tool('export_onnx', config, checkpoint, path, '--decode')
        assert status == 0, err
        assert 'on 8 pictures' in out
    return path


def test_calibration_takes_training_people_without_augmentation(config, crops):
    again = crops_of_dataset(training_dataset(Config.fromfile(config)), 8)
    assert crops.shape == (8, 3, 64, 64) and crops.dtype == torch.uint8
    torch.testing.assert_close(crops, again, rtol=0, atol=0)
    with pytest.raises(ValueError, match='at least one person, got 0 of 0'):
        evenly_chosen(0, 5)


def quantised_convolutions(network):
    """Whether the convolutions of a network have integer weights, in their order."""
    nodes = {output: node for node in network.graph.node for output in node.output}
    convolutions = [node for node in network.graph.node if node.op_type == 'Conv']
    return [
        nodes[node.input[1]].op_type == 'DequantizeLinear' if node.input[1] in nodes else False
        for node in convolutions
    ]


@pytest.mark.parametrize('options, floats', [
    ({'model.head.decoder.unbiased': True}, 2),
    ({'model.backbone.stage_strides': [4, 4], 'model.test_cfg.stacks': [1, 2]}, 2),
    ({'model.backbone.stage_strides': [4, 4]}, 1),
])  # fmt: skip
def test_score_maps_stay_in_float(config, crops, options, floats):
    """Also before a decoding that blurs them, and where they are those of two stacks."""
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(options)
    network = DeployedNetwork(build_network(cfg), cfg.model.data_preprocessor, decode=True)
    content = quantize(export_network(network).SerializeToString(), crops)
    assert quantised_convolutions(onnx.load_from_string(content)).count(False) == floats


def test_convolutions_become_integers_except_the_last(model, crops):
    before = model.read_bytes()
    copy = crops.clone()
    content = quantize(before, crops)
    network = onnx.load_from_string(content)
    onnx.checker.check_model(network)
    torch.testing.assert_close(crops, copy, rtol=0, atol=0)
    *others, last = quantised_convolutions(network)
    assert all(others) and not last
    decoding = nodes_from_score_maps(network)
    kinds = {node.op_type for node in network.graph.node if node.name in decoding}
    assert 'Conv' in kinds and 'QuantizeLinear' not in kinds
    scores, expected = (onnxruntime_function(data)(crops.numpy())[1] for data in (content, before))
    assert 0 < np.abs(scores - expected).max() < 0.1 * np.abs(expected).max()
    # Sums of products of 8 bits overflow on processors without VNNI.
    weights = [
        onnx.numpy_helper.to_array(each).astype(int)
        for each in network.graph.initializer
        if each.data_type == onnx.TensorProto.INT8
    ]
    assert weights and max(np.abs(each).max() for each in weights if each.size) <= 64
    with pytest.raises(ValueError, match='quantised already'):
        quantize(content, crops)


def test_a_model_without_convolutions_is_refused():
    with pytest.raises(ValueError, match='no convolutions'):
        nodes_from_score_maps(onnx.ModelProto())
    assert not is_quantized(onnx.ModelProto())


@pytest.mark.parametrize('codec', ['MSRAHeatmap', 'SignedHeatmap'])
def test_outputs_become_the_heads_predictions(estimator_cfg, codec_cfg, codec):
    estimator = MODELS.build(estimator_cfg(head=dict(decoder=codec_cfg(32, codec)))).eval()
    heatmaps = np.random.randn(3, 4, 32, 32).astype(np.float32)
    expected = predictions([heatmaps], ['heatmaps'], estimator)
    keys = ['keypoints', 'keypoint_scores', 'keypoints_visible'][: len(expected[0].keys())]
    arrays = [np.concatenate([sample[key] for sample in expected]) for key in keys]
    decoded = predictions(arrays, ['keypoints', 'scores', 'visible'][: len(keys)], estimator)
    assert len(decoded) == 3 and all(isinstance(sample, InstanceData) for sample in decoded)
    for sample, other in zip(decoded, expected):
        assert set(sample.keys()) == set(other.keys())
        for key in keys:
            np.testing.assert_array_equal(sample[key], other[key])


def test_table_takes_the_names_in_order():
    table = metrics_table(dict(float32=dict(b=1.0, a=2.0), int8=dict(a=2.5, b=0.0)))
    assert table.splitlines()[2:] == ['| b | 1.00 | 0.00 | -1.00 |', '| a | 2.00 | 2.50 | +0.50 |']


def test_tool_reports_accuracy_and_speed(config, model, tmp_path, run_tool):
    path = tmp_path / 'int8.onnx'
    status, out, err = run_tool('quantize_onnx', config, model, path, '--count', 4)
    assert status == 0, err
    assert 'calibrated on 4 people' in out and '8 test people' in out
    assert re.search(r'\| mpii/PCKh@0.5 \| [\d.]+ \| [\d.]+ \| [-+][\d.]+ \|', out)
    assert re.search(r'\| ONNX Runtime, int8 \| [\d.]+ \|', out)
    network = onnx.load(path)
    assert is_quantized(network)
    props = {prop.key: prop.value for prop in network.metadata_props}
    metadata = json.loads(props['mssh_mmpose'])
    assert metadata['precision'] == 'int8' and metadata['calibrated_on'] == 4
    assert metadata['outputs'] == ['keypoints', 'scores']


def test_an_evaluator_may_be_a_dict(config):
    cfg = Config.fromfile(config)
    cfg.test_evaluator = dict(type='Evaluator', metrics=cfg.test_evaluator)
    maps = np.random.default_rng(0).normal(size=(4, 16, 16, 16)).astype(np.float32)
    scores = evaluate(lambda images: [maps[: len(images)]], ['heatmaps'], cfg)
    assert 'mpii/PCKh@0.5' in scores


def test_a_config_may_name_the_registry_and_leave_out_what_is_default(config, model):
    cfg = Config.fromfile(config)
    cfg.model.head.decoder.type = 'mmpose.MSRAHeatmap'
    assert cfg.model.backbone.pop('num_keypoints') == 16
    assert metadata_of(model, cfg)['codec'] == 'MSRAHeatmap'
    cfg.model.backbone.num_keypoints = 14
    with pytest.raises(InputError, match=r"\('MSRAHeatmap', \[64, 64\], 16\), the config .* 14\)"):
        metadata_of(model, cfg)


def test_tool_reports_wrong_input_and_writes_nothing(config, model, tmp_path, run_tool):
    text, foreign, folder = tmp_path / 'text.onnx', tmp_path / 'foreign.onnx', tmp_path / 'out'
    text.write_text('no network')
    network = onnx.load(model)
    del network.metadata_props[:]
    onnx.save(network, foreign)
    folder.mkdir()
    cases = [
        ([config, 'nothing.onnx'], 'model: nothing.onnx not found'),
        ([config, text], 'is not an ONNX file'),
        ([config, foreign], 'no metadata'),
        (['configs/hourglass-s_lsp_128x128.py', model], 'the exported network, which was in tiny'),
        ([config, model, '--count', '0'], '--count: expected a whole number of at least 1, got 0'),
    ]
    one_off = tmp_path / 'one_off.py'
    one_off.write_text(
        f"_base_ = [{str(config)!r}]\ntest_evaluator = [dict(type='MpiiPCKAccuracy')]"
    )
    cases.append(([one_off, model], 'MpiiPCKAccuracy counts pixels from 1'))
    for args, message in cases:
        status, _, err = run_tool('quantize_onnx', *args[:2], folder / 'out.onnx', *args[2:])
        assert status == 2 and re.search(message, err), err
    assert list(folder.iterdir()) == []
    before = model.read_bytes()
    status, _, err = run_tool('quantize_onnx', config, model, model)
    assert status == 2 and 'is an input, too; choose another name for the output' in err
    assert model.read_bytes() == before
