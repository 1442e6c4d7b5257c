import inspect
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from exported import make_checkpoint, make_config
from forked import forked_tool
from mmpose.apis import inference_topdown
from mmpose.datasets.transforms import TopdownAffine
from mmpose.structures.bbox import get_warp_matrix

from mssh_mmpose import files, pictures, structures
from mssh_mmpose.engine.loading import load_network
from mssh_mmpose.export import metadata
from mssh_mmpose.visualization import people

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
    return make_config(tmp_path_factory.mktemp('infer'), 'SignedHeatmap')


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
    args = [config, checkpoint, path, '--decode', '--images', images[0]]
    done = forked_tool('export_onnx', *args)
    assert done.status == 0, done.err
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
    function, entries = tool['load_model'](str(model), backend)
    for path in images[:4]:
        image = cv2.imread(str(path))
        height, width = image.shape[:2]
        boxes = np.array([[0, 0, width, height], [-20.5, 10, 0.6 * width, 0.9 * height]], 'f')
        before = image.copy()
        found = tool['estimate'](function, image, boxes, entries)
        np.testing.assert_array_equal(image, before)
        for person, sample in zip(found, inference_topdown(estimator, str(path), boxes)):
            expected = sample.pred_instances
            np.testing.assert_allclose(person.keypoints, expected.keypoints[0], atol=1e-3, rtol=0)
            scores = expected.keypoint_scores[0]
            np.testing.assert_allclose(person.scores, scores, atol=1e-4, rtol=0)
            np.testing.assert_array_equal(person.visible, expected.keypoints_visible[0] > 0.5)
            assert [person.box.tolist()] == expected.bboxes.tolist()


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


COPIES = {
    structures: ('Person', 'few_joints_found', 'note_of_few_joints', 'to_instances'),
    people: ('draw_people', 'draw_skeleton', 'bgr'),
    pictures: ('picture_size', '_jpeg_size', '_webp_size', '_tiff_size', 'decode_picture')
    + ('read_picture', 'check_boxes', 'write_picture'),
    files: ('written_whole', 'part_of', 'write_whole', 'remove_unfinished', '_is_written')
    + ('read_json', 'free_stem', 'readable'),
    metadata: ('parse_metadata', '_numbers', '_rows', '_names'),
}


def test_copies_are_those_of_the_package():
    """They are equal word for word, so a change to one must be made in the other."""
    text = TOOL.read_text()
    for module, names in COPIES.items():
        for name in names:
            source = inspect.getsource(getattr(module, name))
            assert f'\n{source}' in text, f'{module.__name__}.{name} differs from the copy'
    for name in ('MAX_PIXELS', 'MAX_COORDINATE'):
        assert tool[name] == getattr(pictures, name)
    for name in ('_PART', '_HOST', '_DAY'):
        assert tool[name] == getattr(files, name)
    for name in ('CONFIDENT_SCORE', 'FEW_JOINTS'):
        assert tool[name] == getattr(structures, name)


def test_it_writes_what_infer_writes(config, checkpoint, model, images, tmp_path, run_tool):
    """Tested with two folders with the same names, boxes, a name that is not UTF-8, and skips."""
    odd = os.fsdecode(b'caf\xe9.jpg')
    for folder, sources in (('a', images[:3]), ('b', images[3:6])):
        (tmp_path / folder).mkdir()
        for name, source in zip(('x.jpg', 'y.jpg', odd), sources):
            (tmp_path / folder / name).write_bytes(source.read_bytes())
    (tmp_path / 'b/torn.jpg').write_bytes(images[0].read_bytes()[:-3000])
    wide = tmp_path / 'b/wide.png'
    cv2.imwrite(str(wide), np.zeros((10, 30_000, 3), np.uint8))
    boxes = {name: [[10.3, 10, 90, 110.7], [0, 0, 50, 50]] for name in ('x.jpg', 'torn.jpg')}
    boxes |= {'y.jpg': [], odd: [[-5.25, 0, 70, 80]], 'wide.png': []}
    listing = tmp_path / 'boxes.json'
    listing.write_text(json.dumps(boxes))
    inputs = [tmp_path / 'a', tmp_path / 'b', tmp_path / 'none.jpg', '--boxes', listing]
    inputs += ['--max-pixels', 299_999]

    theirs, ours = tmp_path / 'theirs', tmp_path / 'ours'
    options = ['--no-flip-test', '--device', 'cpu', '--out-dir', ours]
    status, out, err = run_tool('infer', config, checkpoint, *inputs, *options)
    done = run_alone(model, *inputs, '--out-dir', theirs)
    assert status == done.returncode == 1, (err, done.stderr)
    for text in (err, done.stderr):
        assert 'torn.jpg is not a whole picture' in text
        assert 'wide.png has 30000 x 10 pixels; at most 299,999 are accepted' in text
        assert 'none.jpg: not found' in text
    names = {'x', 'y', 'caf%E9', 'x_2', 'y_2', 'caf%E9_2'}
    for folder, suffix in (('predictions', '.json'), ('visualizations', '.jpg')):
        for root in (ours, theirs):
            assert set(os.listdir(root / folder)) == {name + suffix for name in names}
    for name in names:
        drawings = [cv2.imread(str(root / f'visualizations/{name}.jpg')) for root in (ours, theirs)]
        np.testing.assert_array_equal(*drawings)
        pair = [
            json.loads((root / f'predictions/{name}.json').read_text()) for root in (ours, theirs)
        ]
        assert len(pair[0]) == len(pair[1]) == {'x': 2, 'y': 0, 'c': 1}[name[0]]
        for person, other in zip(*pair):
            assert list(person) == list(other)
            for key in ('bbox', 'bbox_score', 'keypoints_visible'):
                assert json.dumps(person[key]) == json.dumps(other[key])
            np.testing.assert_allclose(person['keypoints'], other['keypoints'], atol=1e-4)
            scores = [each['keypoint_scores'] for each in (person, other)]
            np.testing.assert_allclose(*scores, atol=1e-5)


def test_few_joints_found(model, images, tmp_path, monkeypatch, capsys):
    listing = tmp_path / 'boxes.json'
    listing.write_text(json.dumps({images[0].name: [[0, 0, 50, 50], [10, 10, 90, 110]]}))
    options = [model, images[0], '--boxes', listing, '--out-dir', tmp_path]
    monkeypatch.setattr(sys, 'argv', list(map(str, ['infer_onnx.py', *options])))
    names = tool['main'].__globals__
    monkeypatch.setitem(names, 'few_joints_found', lambda person: person.box[0] > 5)
    with pytest.raises(SystemExit, match='0'):
        tool['main'](tool['parse_args']())
    err = capsys.readouterr().err
    assert f'{images[0]}: person 2: {structures.FEW_JOINTS} --bbox, --boxes\n' in err


def test_bad_pictures_and_boxes_are_skipped_and_the_rest_is_predicted(model, images, tmp_path):
    text, out, boxes = tmp_path / 'text.jpg', tmp_path / 'out', tmp_path / 'boxes.json'
    text.write_text('no picture')
    boxes.write_text(
        json.dumps(
            {
                text.name: [],
                images[0].name: [[-9, -9, 0, 0]],
                images[1].name: [[0, 0, 50, 60]],
                images[2].name: [[0, 0, 1e39, 60]],
                images[3].name: [[0, 0, 10**400, 60]],
                images[5].name: {},
            }
        )
    )
    done = run_alone(model, text, *images[:6], '--boxes', boxes, '--out-dir', out)
    assert done.returncode == 1
    for message in (
        'text.jpg is not a picture',
        f'{images[0]}: the box (-9, -9, 0, 0) must be',
        f'{images[2]}: the box (0, 0, 1e+39, 60) cannot be in',
        f'{images[3]}: expected boxes (N, 4) of numbers: int too large',
        f'{images[4]}: {boxes} has no boxes for it',
        f'{images[5]}: expected boxes (N, 4) of numbers: float() argument must be',
    ):
        assert message in done.stderr, done.stderr
    assert [path.stem for path in (out / 'predictions').iterdir()] == [images[1].stem]


@pytest.mark.parametrize(
    'args, message',
    [
        (['nothing.onnx', 'IMAGE'], 'model nothing.onnx not found'),
        (['torn.onnx', 'IMAGE'], 'was not read by onnxruntime'),
        (['MODEL', 'nothing.jpg'], r'no picture in nothing\.jpg'),
        (['MODEL', 'IMAGE', '--boxes', 'list.json'], r'list\.json: expected \{"NAME"'),
        (['MODEL', 'IMAGE', '--boxes', 'deep.json'], r'deep\.json is nested too deeply'),
        (['MODEL', 'IMAGE', '--boxes', 'none.json'], r'none\.json'),
        (['MODEL', 'IMAGE', '--out-dir', 'list.json'], '--out-dir list.json: '),
        (['MODEL', 'visualizations/x.jpg', '--out-dir', '.'], r'x\.jpg is where the drawings go'),
    ],
)
def test_wrong_input_is_reported_in_one_line(
    model, images, tmp_path, run_tool, monkeypatch, args, message
):
    monkeypatch.chdir(tmp_path)
    Path('visualizations').mkdir()
    shutil.copy(images[0], 'visualizations/x.jpg')
    Path('torn.onnx').write_bytes(model.read_bytes()[:5000])
    Path('list.json').write_text('[]')
    Path('deep.json').write_text('[' * 100_000)
    names = {'MODEL': model, 'IMAGE': images[0]}
    status, _, err = run_tool('infer_onnx', *(names.get(arg, arg) for arg in args))
    assert status == 2
    assert err.startswith('tools/infer_onnx.py: error: ') and err.count('\n') == 1
    assert re.search(message, err), err


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(outputs=['heatmaps']), 'gives heatmaps; .* export it again with --decode'),
        (
            dict(padding=float('nan')),
            'has nan for padding in its metadata; expected a number above 0',
        ),
        (dict(padding=0), 'has 0 for padding'),
        (dict(padding=None), 'has None for padding'),
        (dict(input_size=[64, 10**400]), 'has .64, 1000000.* for input_size'),
        (dict(input_size=[64.0, 64.0]), r'has \[64.0, 64.0\] for input_size'),
        (dict(input_size=[32, 32]), r'does not take images of its input_size \[32, 32\]'),
        (
            dict(keypoint_names=['knee']),
            'for keypoint_colors in its metadata; expected three numbers',
        ),
        (dict(skeleton_links=[[0, 99]]), r'has \[\[0, 99\]\] for skeleton_links'),
        (dict(skeleton_link_colors=[]), r'has \[\] for skeleton_link_colors'),
        (
            dict(outputs=['keypoints', 'scores']),
            r"expected \['keypoints', 'scores'\] of \[\(1, 16, 2\), \(1, 16\)\]",
        ),
        ('[1]', r'has \[1\] for metadata'),
        ('[' * 100_000, r'has metadata that are not JSON \(RecursionError\)'),
        (None, 'was not written by tools/export_onnx.py'),
    ],
)
def test_absurd_metadata(model, images, tmp_path, run_tool, changes, message):
    onnx = pytest.importorskip('onnx')
    network = onnx.load(model)
    entry = network.metadata_props[0]
    if changes is None:
        del network.metadata_props[:]
    else:
        entry.value = (
            changes
            if isinstance(changes, str)
            else json.dumps({**json.loads(entry.value), **changes})
        )
    onnx.save(network, tmp_path / 'changed.onnx')
    args = [tmp_path / 'changed.onnx', images[0], '--out-dir', tmp_path / 'out']
    status, _, err = run_tool('infer_onnx', *args)
    assert status == 2 and re.search(rf'changed\.onnx .*{message}', err), err


def test_results_of_a_killed_run_are_tidied_up(model, images, tmp_path, run_tool):
    predictions = tmp_path / 'predictions'
    predictions.mkdir()
    # Larger than any process's number.
    (predictions / f'x.json.{files._HOST}.4194305.mssh-part').write_text('[')
    status, _, err = run_tool('infer_onnx', model, images[0], '--out-dir', tmp_path)
    assert status == 0, err
    assert os.listdir(predictions) == [f'{images[0].stem}.json']


def test_a_network_that_is_not_square():
    def network(images):
        assert images.shape == (1, 3, 64, 48)
        return [np.array([[[24, 32], [48, 64]]]), np.ones((1, 2))]

    entries = dict(input_size=[48, 64], padding=1.25, outputs=['keypoints', 'scores'])
    box = np.array([[10, 20, 40, 60]], 'f')  # the crop is 37.5 x 50 around (25, 40)
    (person,) = tool['estimate'](network, np.zeros((90, 80, 3), np.uint8), box, entries)
    np.testing.assert_allclose(person.keypoints, [[25, 40], [43.75, 65]])
