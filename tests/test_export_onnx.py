import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from export_onnx import load_crops
from exported import make_checkpoint, make_config
from mmpose.codecs import IntegralRegressionLabel, MSRAHeatmap, UDPHeatmap
from mmpose.registry import MODELS
from torch import nn

from mssh_mmpose.codecs import SignedHeatmap
from mssh_mmpose.engine.loading import load_network
from mssh_mmpose.errors import InputError, RunError
from mssh_mmpose.export import DeployedNetwork, decode_peaks, decode_signed_peaks
from mssh_mmpose.export.crops import crops_of_images
from mssh_mmpose.export.decoding import decode_dark_peaks
from mssh_mmpose.export.metadata import box_padding, read_metadata, write_metadata
from mssh_mmpose.export.network import output_names
from mssh_mmpose.export.onnx_graph import export_network
from mssh_mmpose.export.parity import check_parity, compare, reference_outputs
from mssh_mmpose.export.runtimes import onnxruntime_function, openvino_function, require
from mssh_mmpose.export.speed import all_functions, precision_functions, print_missing, speed_table
from mssh_mmpose.models.levels import resize_heatmaps

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return make_config(tmp_path_factory.mktemp('export'))


@pytest.fixture(scope='module')
def checkpoint(config):
    return make_checkpoint(config, config.parent / 'tiny.pth')


def codecs():
    sizes = dict(input_size=(96, 64), heatmap_size=(24, 16), sigma=1)
    return MSRAHeatmap(**sizes), SignedHeatmap(**sizes)


def difficult_heatmaps():
    """Random maps, and peaks in every place, in plateaus, negative, and absent."""
    random = np.random.randn(40, 16, 24)
    ties = np.random.randint(-2, 3, (40, 16, 24))
    singles = np.zeros((16 * 24, 16, 24))
    singles.reshape(16 * 24, -1)[np.arange(16 * 24), np.arange(16 * 24)] = 1
    maps = np.concatenate([random, ties, singles, -singles, np.zeros((1, 16, 24))])
    maps[80:848] += 0.01 * np.random.randn(768, 16, 24)
    return maps.astype(np.float32)


def codec_outputs(codec, maps):
    keypoints, others = codec.decode(maps)
    others = others if isinstance(others, tuple) else (others,)
    return [keypoints, *others]


def decoded(codec, maps):
    decode = decode_signed_peaks if isinstance(codec, SignedHeatmap) else decode_peaks
    return decode(torch.from_numpy(maps)[None], codec.scale_factor.tolist())


@pytest.mark.parametrize('codec', codecs(), ids=lambda codec: type(codec).__name__)
def test_decoding_equals_the_codec_exactly(codec):
    maps = difficult_heatmaps()
    before = maps.copy()
    ours, theirs = decoded(codec, maps), codec_outputs(codec, maps)
    assert len(ours) == len(theirs) == len(output_names(codec))
    for value, expected in zip(ours, theirs):
        np.testing.assert_array_equal(value.numpy(), expected)
    np.testing.assert_array_equal(maps, before)


@pytest.mark.parametrize('codec', codecs(), ids=lambda codec: type(codec).__name__)
@pytest.mark.parametrize('runtime', [onnxruntime_function, openvino_function])
def test_decoding_in_the_runtimes_equals_the_codec_exactly(codec, runtime):
    class Decoder(nn.Module):
        def forward(self, maps):
            decode = decode_signed_peaks if isinstance(codec, SignedHeatmap) else decode_peaks
            return decode(maps, codec.scale_factor.tolist())

    if runtime is openvino_function:
        pytest.importorskip('openvino')
    maps = difficult_heatmaps()
    if runtime is openvino_function:
        maps = np.delete(maps, np.s_[40:80], axis=0)  # it takes any of equal peaks
    example = torch.zeros(1, len(maps), 16, 24)
    program = torch.onnx.export(Decoder(), (example,), opset_version=18, dynamo=True, verbose=False)
    outputs = runtime(program.model_proto.SerializeToString())(maps[None])
    for value, expected in zip(outputs, codec_outputs(codec, maps)):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize('runtime', [None, onnxruntime_function, openvino_function])
def test_unbiased_decoding_equals_the_codec(runtime):
    """Noisy Gaussians at any place; MMPose computes partly in other precision."""
    codec = MSRAHeatmap((96, 64), (24, 16), sigma=4 / 3, unbiased=True, blur_kernel_size=7)
    places = np.random.uniform(-4, [100, 68], (300, 2)) / 4
    y, x = np.mgrid[:16, :24]
    squares = (x - places[:, :1, None]) ** 2 + (y - places[:, 1:, None]) ** 2
    maps = np.exp(-squares / 2 / (4 / 3) ** 2) + 0.02 * np.random.randn(300, 16, 24)
    maps = np.concatenate([maps, np.zeros((1, 16, 24)), -(maps[:1] ** 2)]).astype(np.float32)
    expected = codec_outputs(codec, maps)

    class Decoder(nn.Module):
        def forward(self, maps):
            return decode_dark_peaks(maps, (4.0, 4.0), 7)

    if runtime is None:
        outputs = [value.numpy() for value in Decoder()(torch.from_numpy(maps)[None])]
    else:
        if runtime is openvino_function:
            pytest.importorskip('openvino')
        example = (torch.zeros(1, len(maps), 16, 24),)
        program = torch.onnx.export(
            Decoder(), example, opset_version=18, dynamo=True, verbose=False
        )
        outputs = runtime(program.model_proto.SerializeToString())(maps[None])
    np.testing.assert_allclose(outputs[0], expected[0], atol=0.01)
    np.testing.assert_allclose(outputs[1], expected[1], atol=1e-6)
    unmoved = codec_outputs(MSRAHeatmap((96, 64), (24, 16), sigma=4 / 3), maps)[0]
    assert np.abs(expected[0] - unmoved).max() > 1


def test_codecs_without_decoding_in_the_graph_are_named():
    codec = UDPHeatmap((64, 64), (16, 16), sigma=1)
    with pytest.raises(ValueError, match='the codec is UDPHeatmap; export heatmaps instead'):
        output_names(codec)


def test_networks_without_heatmaps_are_refused(estimator_cfg):
    estimator = MODELS.build(estimator_cfg())
    estimator.head.decoder = IntegralRegressionLabel((64, 64), (16, 16), sigma=1)
    with pytest.raises(InputError, match='the codec of this one is IntegralRegressionLabel'):
        DeployedNetwork(estimator, {}, decode=False)


@pytest.mark.parametrize('swap', [False, True])
def test_normalisation_in_the_network_is_the_preprocessors(estimator_cfg, swap):
    preprocessor = dict(
        type='PoseDataPreprocessor', mean=[1.0, 20.0, 99.0], std=[2.0, 3.0, 50.0], bgr_to_rgb=swap
    )
    cfg = estimator_cfg() | dict(data_preprocessor=preprocessor)
    estimator = MODELS.build(cfg).eval()
    images = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
    network = DeployedNetwork(estimator, preprocessor, decode=False)
    with torch.no_grad():
        heatmaps = network(images).numpy()
    np.testing.assert_array_equal(
        heatmaps, reference_outputs(estimator, images, network.output_names)[0]
    )


@pytest.mark.parametrize('stacks', [[1], [1, 2]])
@torch.no_grad()
def test_the_stacks_of_the_test_are_exported(estimator_cfg, stacks):
    estimator = MODELS.build(estimator_cfg(test_cfg=dict(stacks=stacks))).eval()
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    network = DeployedNetwork(estimator, dict(), decode=False)
    maps = estimator.head(estimator.extract_feat(images.float()))
    mean = torch.stack([resize_heatmaps(maps[j - 1], (32, 32)) for j in stacks]).mean(dim=0)
    torch.testing.assert_close(network(images), mean)
    reference = reference_outputs(estimator, images, network.output_names)[0]
    np.testing.assert_array_equal(network(images).numpy(), reference)


def test_heads_without_heatmaps_are_refused(estimator_cfg):
    class Coordinates(nn.Module):
        decoder = SignedHeatmap((64, 64), (16, 16), sigma=1)

        def forward(self, feats):
            return torch.zeros(2, 4)

    estimator = MODELS.build(estimator_cfg()).eval()
    estimator.head = Coordinates()
    network = DeployedNetwork(estimator, dict(), decode=False)
    with pytest.raises(ValueError, match=r'expected heatmaps .* of shape \(2, 4\)'):
        network(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))
    with pytest.raises(InputError, match='expected heatmaps'):  # not the exporter's pages
        export_network(network)


def test_differences_that_are_too_large_are_errors():
    scores, keypoints = np.zeros((1, 2)), np.zeros((1, 2, 2))
    moved = keypoints + [[[0, 0], [0, 2]]]
    names = ['keypoints', 'scores']
    differences = compare([moved, scores + 0.5], [keypoints, scores], names)
    assert differences == {'keypoints': 0.5, 'scores': 0.5}
    with pytest.raises(RunError, match=r'50.0% of keypoints differ .* more than 1%'):
        check_parity(differences)
    with pytest.raises(RunError, match=r'scores differ .* by up to 0.5, more than 0.0001'):
        check_parity(dict(scores=0.5))
    with pytest.raises(ValueError, match=r'expected finite values of shape \(1, 2\)'):
        compare([scores * np.nan], [scores], ['scores'])
    with pytest.raises(ValueError, match=r'got shape \(1, 1\)'):
        compare([scores[:, :1]], [scores], ['scores'])


def test_other_ways_to_crop_are_refused():
    with pytest.raises(ValueError, match='expected GetBBoxCenterScale and TopdownAffine'):
        box_padding([dict(type='LoadImage')])
    udp = [dict(type='GetBBoxCenterScale'), dict(type='TopdownAffine', use_udp=True)]
    with pytest.raises(ValueError, match='use_udp'):
        box_padding(udp)


def test_metadata_are_replaced_and_found():
    model = onnx.ModelProto()
    model.metadata_props.add(key='other', value='kept')
    valid = dict(
        input_size=[64, 48],
        outputs=['heatmaps'],
        keypoint_names=['hip', 'knee'],
        keypoint_colors=[[0, 0, 0], [255, 0, 0]],
        skeleton_links=[[0, 1]],
        skeleton_link_colors=[[0, 255, 0]],
    )
    for value in (1, 2):
        write_metadata(model, dict(valid, padding=value))
    assert read_metadata(model) == dict(valid, padding=2)
    assert [prop.key for prop in model.metadata_props] == ['other', 'mssh_mmpose']
    with pytest.raises(ValueError, match='no metadata'):
        read_metadata(onnx.ModelProto())


def test_a_missing_package_is_named_with_the_command():
    with pytest.raises(ImportError, match='no_such_package .* export needs "') as raised:
        require('no_such_package')
    files = re.findall(r'-[rc] (\S+\.txt)', str(raised.value))
    assert [Path(file).name for file in files] == ['export.txt', 'constraints.txt']
    assert all(Path(file).is_file() for file in files)


def test_table_of_speeds():
    functions = {'a': lambda x: [x[:, :1] * 1.0], 'b': lambda x: [x[:, :1] + 0.25]}
    lines = speed_table(functions, np.zeros((1, 3, 8, 8), np.uint8), rounds=1).splitlines()
    assert len({line.count('|') for line in lines}) == 1
    assert re.match(r'\| a \| [\d.]+ \| 1.00 \| [\d.]+ \| 1.00 \| 0 \|$', lines[2])
    assert lines[3].endswith('| 0.2 |')


def test_speeds_are_per_image_and_relative_to_the_first(monkeypatch):
    monkeypatch.setattr('mssh_mmpose.export.speed.fastest', lambda *_: dict(a=0.4, b=0.1))
    functions = dict.fromkeys('ab', lambda x: [x[:, :1] * 1.0])
    row = speed_table(functions, np.zeros((1, 3, 8, 8), np.uint8), 1).splitlines()[3]
    assert row == '| b | 100.00 | 4.00 | 6.25 | 4.00 | 0 |'


def test_a_network_that_is_not_square(estimator_cfg):
    codec = dict(type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(24, 32), sigma=1)
    cfg = estimator_cfg(backbone=dict(input_size=(48, 64)), head=dict(decoder=codec))
    network = DeployedNetwork(MODELS.build(cfg).eval(), dict(), decode=False)
    images = torch.randint(0, 256, (3, 3, 64, 48), dtype=torch.uint8)
    (found,) = onnxruntime_function(export_network(network).SerializeToString())(images.numpy())
    (expected,) = reference_outputs(network.estimator, images, network.output_names)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_data_set_of_ones_own_is_not_in_the_checkpoint(config, checkpoint):
    network = load_network(config, checkpoint)
    del network.cfg.test_dataloader.dataset['type']
    with pytest.raises(
        InputError, match='of a type of your own: name CONFIG CHECKPOINT.* --images'
    ):
        load_crops(network, SimpleNamespace(images=None))


def test_a_config_without_a_test_makes_no_crops(config, checkpoint, tmp_path):
    network = load_network(config, checkpoint)
    network.cfg.pop('test_dataloader')
    with pytest.raises(InputError, match='has no test_dataloader.dataset.pipeline'):
        crops_of_images(network, [tmp_path / 'a.jpg'])


def test_runtimes_that_are_not_installed_are_left_out(config, checkpoint, monkeypatch, capsys):
    estimator = load_network(config, checkpoint)
    network = DeployedNetwork(estimator, estimator.cfg.model.data_preprocessor, decode=False)
    monkeypatch.setattr('mssh_mmpose.export.speed.find_spec', lambda name: None)
    content = export_network(network).SerializeToString()
    functions = all_functions(network, content)
    assert 'ONNX Runtime' in functions and not any('OpenVINO' in name for name in functions)
    print_missing(functions)
    assert capsys.readouterr().out == 'without OpenVINO, which is not installed\n'
    assert len(precision_functions(content, content)) == 2


def test_tool_exports_what_pytorch_gives(config, checkpoint, tmp_path, run_tool):
    images = sorted((config.parent / 'data/images').iterdir())[:3]
    path = tmp_path / 'new/tiny.onnx'
    status, out, err = run_tool(
        'export_onnx', config, checkpoint, path, '--decode', '--data-licence', 'ours', '--images',
        *images,
    )  # fmt: skip
    assert status == 0, err
    assert 'scores, largest difference from PyTorch on 3 pictures: ' in out
    assert [p.name for p in path.parent.iterdir()] == ['tiny.onnx']
    model = onnx.load(path)
    onnx.checker.check_model(model)
    assert model.opset_import[0].version == 18
    metadata = read_metadata(model)
    assert metadata['keypoint_names'][:2] == ['right_ankle', 'right_knee']
    assert metadata['padding'] == 1.25 and metadata['input_size'] == [64, 64]
    assert metadata['outputs'] == ['keypoints', 'scores'] and metadata['data_licence'] == 'ours'
    assert len(metadata['flip_indices']) == 16 and metadata['config'] == 'tiny.py'
    assert str(config.parent).encode() not in path.read_bytes()
    assert b'stack_trace' not in path.read_bytes()
    crops = crops_of_images(load_network(config, checkpoint), images).numpy()
    function = onnxruntime_function(path.read_bytes())
    for batch in (crops[:1], crops[[0, 1, 2, 0, 1]]):
        keypoints, scores = function(batch)
        assert keypoints.shape == (len(batch), 16, 2) and scores.shape == (len(batch), 16)


def test_tool_exports_a_network_trained_on_real_people(real_data, tmp_path, run_tool):
    real_data('lsp')
    path = tmp_path / 'lsp.onnx'
    root = Path(__file__).parents[1]
    (weights,) = (root / 'results/hourglass-s_lsp_128x128').glob('*.pth')
    config = root / 'configs/hourglass-s_lsp_128x128.py'
    status, out, err = run_tool('export_onnx', config, weights, path)
    assert status == 0, err
    assert float(re.search(r'on 16 pictures: (\S+)', out)[1]) < 1e-5
    props = {prop.key: prop.value for prop in onnx.load(path).metadata_props}
    assert json.loads(props['mssh_mmpose'])['outputs'] == ['heatmaps']


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(output='tiny.pth'), r'tiny.pth: expected a file name ending in .onnx'),
        (dict(config='nothing.py'), 'config nothing.py not found'),
        (dict(checkpoint='nothing.pth'), 'checkpoint nothing.pth not found'),
        (dict(images='nothing.jpg'), '--images: nothing.jpg not found'),
    ],
)
def test_tool_reports_wrong_input_and_writes_nothing(
    config, checkpoint, tmp_path, run_tool, change, message
):
    defaults = dict(config=config, checkpoint=checkpoint, output=tmp_path / 'tiny.onnx')
    args = {**defaults, 'images': config, **change}
    status, _, err = run_tool(
        'export_onnx', args['config'], args['checkpoint'], args['output'], '--images',
        args['images'],
    )  # fmt: skip
    assert status == 2
    assert re.search(message, err)
    assert list(tmp_path.iterdir()) == []
