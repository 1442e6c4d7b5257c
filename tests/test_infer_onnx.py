import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from exported import make_checkpoint, make_config
from mmpose.apis import inference_topdown
from mmpose.datasets.transforms import TopdownAffine
from mmpose.structures.bbox import get_warp_matrix

from mssh_mmpose.engine.loading import load_network

pytest.importorskip('onnxruntime')

TOOL = Path(__file__).parents[1] / 'tools/infer_onnx.py'
WITHOUT_TORCH = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('torch', 'mmpose', 'mmengine', 'mmcv', 'mssh_mmpose', 'onnx'):
            raise AssertionError(f'{name} is imported')

sys.meta_path.insert(0, Blocked())
import runpy
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name='__main__')
"""
tool = runpy.run_path(str(TOOL))


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return make_config(tmp_path_factory.mktemp('infer'))


@pytest.fixture(scope='module')
def checkpoint(config):
    return make_checkpoint(config, config.parent / 'tiny.pth')


@pytest.fixture(scope='module')
def images(config):
    return sorted((config.parent / 'data/images').iterdir())


@pytest.fixture(scope='module')
def model(config, checkpoint, images):
    """The network with decoding, exported by the tool."""
    path = config.parent / 'tiny.onnx'
    export = TOOL.with_name('export_onnx.py')
    command = [sys.executable, export, config, checkpoint, path, '--decode', '--images', images[0]]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path


def run_alone(*args):
    """Run the tool where neither PyTorch nor MMPose nor this project can be imported."""
    command = [sys.executable, '-c', WITHOUT_TORCH, TOOL, *args]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


@pytest.mark.parametrize('size', [(128, 128), (192, 256), (256, 192)])
def test_crops_are_mmposes_to_the_last_bit(size):
    for _ in range(200):
        corner, sides = np.random.uniform(-50, 300, 2), np.random.uniform(5, 400, 2)
        box = np.concatenate([corner, corner + sides])
        center, scale = tool['center_and_scale'](box, size, 1.25)
        fixed = TopdownAffine._fix_aspect_ratio(1.25 * sides[None], size[0] / size[1])[0]
        expected = get_warp_matrix(corner + sides / 2, fixed, 0.0, output_size=size)
        np.testing.assert_array_equal(tool['crop_matrix'](center, scale, size), expected)


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_keypoints_are_mmposes(config, checkpoint, model, images, backend):
    pytest.importorskip(backend)
    estimator = load_network(config, checkpoint)
    estimator.test_cfg['flip_test'] = False
    function, metadata = tool['load_model'](str(model), backend)
    for path in images[:4]:
        image = cv2.imread(str(path))
        height, width = image.shape[:2]
        boxes = np.array([[0, 0, width, height], [-20.5, 10, 0.6 * width, 0.9 * height]])
        before = image.copy()
        instances = tool['estimate'](function, image, boxes, metadata)
        np.testing.assert_array_equal(image, before)
        for instance, sample in zip(instances, inference_topdown(estimator, str(path), boxes)):
            expected = sample.pred_instances
            keypoints, scores = expected.keypoints[0], expected.keypoint_scores[0]
            np.testing.assert_allclose(instance['keypoints'], keypoints, atol=1e-3, rtol=0)
            np.testing.assert_allclose(instance['keypoint_scores'], scores, atol=1e-4, rtol=0)
            assert instance['bbox'] == expected.bboxes.tolist()


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_tool_runs_without_pytorch(model, images, tmp_path, backend):
    pytest.importorskip(backend)
    boxes = {path.name: [[10, 10, 90, 110], [0, 0, 50, 50]] for path in images}
    boxes[images[0].name] = []
    listing = tmp_path / 'boxes.json'
    listing.write_text(json.dumps(boxes))
    done = run_alone(
        model, images[0].parent, '--boxes', listing, '--backend', backend, '--out-dir', tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert f'{images[1]}: 2 people' in done.stdout
    assert json.loads((tmp_path / f'predictions/{images[0].stem}.json').read_text()) == []
    people = json.loads((tmp_path / f'predictions/{images[1].stem}.json').read_text())
    assert [person['bbox'] for person in people] == [[box] for box in boxes[images[1].name]]
    assert np.array(people[0]['keypoints']).shape == (16, 2)
    assert len(people[0]['keypoint_scores']) == 16
    names = {path.stem for path in (tmp_path / 'visualizations').iterdir()}
    assert names == {path.stem for path in images}


def test_occluded_joints_are_hollow():
    metadata = dict(
        skeleton_links=[], skeleton_link_colors=[], keypoint_colors=[[255, 0, 0], [0, 0, 255]]
    )
    person = dict(
        keypoints=[[20.0, 20.0], [60.0, 20.0]],
        keypoint_scores=[0.9, 0.9],
        keypoints_visible=[1.0, 0.0],
        bbox=[[0.0, 0.0, 79.0, 79.0]],
    )
    image = np.zeros((80, 80, 3), np.uint8)
    picture = tool['draw'](image, [person], metadata, threshold=0.3)
    assert picture[20, 20].tolist() == [0, 0, 255]
    assert picture[20, 60].tolist() == [255, 255, 255]
    nothing = tool['draw'](image, [person], metadata, threshold=0.95)
    assert nothing[20, 20].tolist() == nothing[20, 60].tolist() == [0, 0, 0]
    assert not image.any()


def test_boxes_that_cannot_be_cropped_are_refused():
    check = tool['check_boxes']
    np.testing.assert_array_equal(check(None, Path('a'), (30, 20)), [[0, 0, 30, 20]])
    assert check([], Path('a'), (30, 20)).shape == (0, 4)
    for box in ([5, 5, 5, 9], [9, 5, 2, 9], [30, 0, 40, 10], [0, 0, float('nan'), 9], ['x'] * 4):
        with pytest.raises(tool['InputError'], match='a.jpg: expected boxes'):
            check([box], Path('a.jpg'), (30, 20))


def test_bad_pictures_are_skipped_and_the_rest_is_predicted(model, images, tmp_path):
    text, out, boxes = tmp_path / 'text.jpg', tmp_path / 'out', tmp_path / 'boxes.json'
    text.write_text('no picture')
    boxes.write_text(
        json.dumps(
            {text.name: [], images[0].name: [[-9, -9, 0, 0]]} | {images[1].name: [[0, 0, 50, 60]]}
        )
    )
    done = run_alone(model, text, *images[:2], '--boxes', boxes, '--out-dir', out)
    assert done.returncode == 1
    assert 'text.jpg cannot be read as a picture' in done.stderr
    assert 'that meet the picture' in done.stderr
    assert [path.stem for path in (out / 'predictions').iterdir()] == [images[1].stem]


def test_tool_reports_wrong_input_in_one_line(model, images, tmp_path):
    torn, boxes = tmp_path / 'torn.onnx', tmp_path / 'boxes.json'
    torn.write_bytes(model.read_bytes()[:5000])
    boxes.write_text('{"other.jpg": []}')
    folder = tmp_path / 'same'
    folder.mkdir()
    (folder / images[0].name).write_bytes(images[0].read_bytes())
    file = tmp_path / 'file'
    file.write_text('')
    cases = {
        'model nothing.onnx not found': ['nothing.onnx', images[0]],
        'was not read by onnxruntime': [torn, images[0]],
        'expected a picture, or a folder with some in it': [model, tmp_path / 'nothing.jpg'],
        f'several pictures are named {images[0].stem}': [model, images[0], folder],
        'expected boxes for each picture by its name': [model, images[0], '--boxes', boxes],
        r'--out-dir \S+file: cannot be written': [model, images[0], '--out-dir', file],
    }
    for message, args in cases.items():
        out = [] if '--out-dir' in args else ['--out-dir', tmp_path / 'out']
        done = run_alone(*args, *out)
        assert done.returncode == 2, (message, done.stderr)
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith('tools/infer_onnx.py: error: ') and re.search(message, last), last


def test_heatmaps_are_refused_with_the_way_to_export(model, images, tmp_path):
    onnx = pytest.importorskip('onnx')
    network = onnx.load(model)
    metadata = json.loads(network.metadata_props[0].value)
    network.metadata_props[0].value = json.dumps(dict(metadata, outputs=['heatmaps']))
    onnx.save(network, tmp_path / 'heatmaps.onnx')
    done = run_alone(tmp_path / 'heatmaps.onnx', images[0])
    assert done.returncode == 2 and 'export it again with --decode' in done.stderr
    del network.metadata_props[:]
    onnx.save(network, tmp_path / 'foreign.onnx')
    done = run_alone(tmp_path / 'foreign.onnx', images[0])
    assert done.returncode == 2 and 'was not written by tools/export_onnx.py' in done.stderr
