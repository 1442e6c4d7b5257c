"""tools/infer.py on pictures, folders, videos and everything that can be wrong with them."""

import json
import os
import re
import runpy
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmdet.apis import init_detector
from mmengine.runner import save_checkpoint

from mssh_mmpose.apis import inputs
from mssh_mmpose.apis.inputs import Video, find_inputs
from mssh_mmpose.config import find_config
from mssh_mmpose.datasets.synthetic import render_scene
from mssh_mmpose.errors import InputError
from mssh_mmpose.names import DEFAULT_NETWORK, shipped_networks
from mssh_mmpose.pictures import MAX_PIXELS

ROOT = Path(__file__).parents[1]
NETWORK = [
    ROOT / 'configs/hourglass-s_signed_lsp_128x128.py',
    ROOT / 'results/hourglass-s_signed_lsp_128x128/epoch_48.pth',
    '--device',
    'cpu',
]
DETECTOR = 'mmdet::yolox/yolox_tiny_8xb8-300e_coco.py'


def picture(seed):
    return render_scene(np.random.default_rng(seed))[0]


@pytest.fixture
def infer(tmp_path, monkeypatch, run_tool):
    """Run the tool in a working folder with pictures a/x.jpg, a/y.png and b/x.jpg."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(('a/x.jpg', 'a/y.png', 'b/x.jpg')):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), picture(seed))
    return lambda *args: run_tool('infer', *NETWORK, *args, '--out-dir', 'out')


def predictions(name):
    return json.loads(Path(f'out/predictions/{name}.json').read_text())


def drawn(name):
    return cv2.imread(f'out/visualizations/{name}')


def write_video(path, frames, size=(96, 128)):
    """Write so many frames, or those given."""
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'MJPG'), 10, size)
    frames = map(picture, range(frames)) if isinstance(frames, int) else frames
    for frame in frames:
        writer.write(cv2.resize(frame, size))
    writer.release()


def test_pictures(infer):
    """A folder and a file are read; the second x.jpg does not overwrite the first."""
    status, out, err = infer('a', 'b/x.jpg', '--batch-size', 2)
    assert status == 0, err
    assert '3 inputs, 0 skipped: out' in out and 'b/x.jpg: the results are called x_2' in err
    assert sorted(p.name for p in Path('out/predictions').iterdir()) == [
        'x.json',
        'x_2.json',
        'y.json',
    ]
    (person,) = predictions('x')
    assert np.shape(person['keypoints']) == (14, 2) and len(person['keypoint_scores']) == 14
    assert set(person['keypoints_visible']) <= {0, 1} and len(person['bbox'][0]) == 4
    plain = cv2.imread('a/x.jpg')
    assert drawn('x.jpg').shape == plain.shape
    changed = np.abs(drawn('x.jpg').astype(int) - plain).max(axis=2) > 60
    assert 0.0005 < changed.mean() < 0.2  # lines, not another picture


def test_the_shipped_network(infer, run_tool):
    """By default, by its name and by its file."""
    status, _, err = run_tool('infer', 'a/x.jpg', '--device', 'cpu', '--out-dir', 'out')
    assert status == 0, err
    by_default = predictions('x')
    args = (shipped_networks()[DEFAULT_NETWORK], 'a/x.jpg', '--device', 'cpu', '--out-dir', 'out')
    status, _, err = run_tool('infer', *args)
    assert status == 0, err
    assert predictions('x') == by_default and len(by_default[0]['keypoints']) == 16


def test_threshold(infer):
    infer('a/x.jpg', '--threshold', 99)
    np.testing.assert_allclose(drawn('x.jpg'), cv2.imread('a/x.jpg'), atol=40)


def test_boxes(infer):
    Path('boxes.json').write_text(
        json.dumps({'x.jpg': [[0, 0, 80, 90], [20, 20, 99, 99]], 'a/y.png': []})
    )
    status, out, err = infer('a', '--boxes', 'boxes.json')
    assert status == 0, err
    assert [len(predictions(name)) for name in 'xy'] == [2, 0]
    np.testing.assert_allclose(predictions('x')[1]['bbox'], [[20, 20, 99, 99]])
    status, _, err = infer('a/x.jpg', '--bbox', 5, 6, 70, 80, '--no-flip-test')
    np.testing.assert_allclose(predictions('x')[0]['bbox'], [[5, 6, 70, 80]])


def test_few_joints_found(infer):
    """In one of two boxes, and in most frames of a video."""
    cv2.imwrite('a/x.jpg', picture(2))
    Path('boxes.json').write_text(json.dumps({'x.jpg': [[0, 0, 184, 256], [0, 0, 30, 40]]}))
    status, _, err = infer('a/x.jpg', '--boxes', 'boxes.json')
    assert status == 0
    text = 'few joints found with confidence: is one whole person in the box? --bbox, --detector'
    assert f'a/x.jpg: person 2: {text}' in err
    nothing = np.zeros((256, 184, 3), np.uint8)
    write_video('v.avi', [picture(2), picture(2), nothing])
    assert text not in infer('v.avi')[2]
    write_video('v.avi', [picture(2), nothing, nothing])
    assert f'v.avi, 2 of 3 frames: {text}' in infer('v.avi')[2]


def test_bad_files_are_skipped(infer):
    Path('a/bad.jpg').write_text('no image')
    whole = Path('a/x.jpg').read_bytes()
    Path('a/cut.jpg').write_bytes(whole[: len(whole) // 2])
    Path('boxes.json').write_text('{"x.jpg": [[9, 9, 5, 5]], "y.png": [[0, 0, 50, 50]]}')
    status, out, err = infer('a', 'nothing*.jpg', '--boxes', 'boxes.json')
    assert status == 1 and '5 inputs, 4 skipped' in out
    for message in ('a/bad.jpg is not a picture', 'a/cut.jpg is not a whole picture'):
        assert message in err
    assert 'nothing*.jpg: not found' in err and 'a/x.jpg: the box (9, 9, 5, 5)' in err
    assert [p.name for p in Path('out/predictions').iterdir()] == ['y.json']


@pytest.mark.parametrize(
    'args, message',
    [
        (['none'], 'no picture and no video in none'),
        (['a', '--boxes', 'none.json'], '--boxes: none.json not found'),
        (['a', '--boxes', 'a/x.jpg'], '--boxes a/x.jpg is not a whole JSON file'),
        (['a', '--boxes', 'list.json'], '--boxes list.json: expected {"NAME"'),
        (['a', '--boxes', 'deep.json'], '--boxes deep.json is nested too deeply'),
        (['a', '--detector', 'none.py', 'none.pth'], '--detector: config none.py not found'),
        (['a', '--batch-size', 0], '--batch-size: expected a whole number of at least 1, got 0'),
    ],
)
def test_wrong_options(infer, args, message):
    Path('list.json').write_text('[]')
    Path('deep.json').write_text('[' * 100_000)
    status, _, err = infer(*args)
    assert status == 2 and message in err
    assert not list(Path().glob('out/*/*'))


def test_video(infer):
    write_video('v.avi', 5)
    status, out, err = infer('v.avi')
    assert status == 0, err
    frames = predictions('v')
    assert [frame['frame_id'] for frame in frames] == list(range(5))
    assert all(len(frame['instances']) == 1 for frame in frames)
    video = Video('out/visualizations/v.mp4')
    assert video.fps == 10 and len(list(video)) == 5


def test_the_first_frames_of_a_video(infer):
    write_video('v.avi', 5)
    assert infer('v.avi', '--max-frames', 2)[0] == 0 and len(predictions('v')) == 2


def test_a_video_that_is_stopped(infer, monkeypatch):
    write_video('v.avi', 5)
    read = iter(range(3))

    def note(people):
        if next(read) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr('mssh_mmpose.cli.infer.note_of_few_joints', note)
    _, _, err = infer('v.avi')
    assert 'incomplete: v.avi was stopped after 3 frames' in err and len(predictions('v')) == 3


def test_video_that_breaks_off(infer):
    """The frames before are kept."""
    write_video('v.avi', 12)
    data = Path('v.avi').read_bytes()
    Path('v.avi').write_bytes(data[: len(data) // 2])
    status, out, err = infer('v.avi', 'a/x.jpg')
    assert status == 1 and 'incomplete: v.avi breaks off after ' in err
    frames = predictions('v')
    assert 2 < len(frames) < 12 and len(list(Video('out/visualizations/v.mp4'))) == len(frames)
    assert len(predictions('x')) == 1


@pytest.mark.parametrize('fps', [119.973, -1.0, 1000.0])
def test_odd_frame_rates(infer, monkeypatch, fps):
    """Of slow motion, none, or a browser's; .mp4 files hold at most 65,535 ticks per second."""
    write_video('v.avi', 3)
    with monkeypatch.context() as patch:
        patch.setattr(inputs, 'cv2', Capture({cv2.CAP_PROP_FPS: fps}))
        status, out, err = infer('v.avi')
    assert status == 0, err
    video = Video('out/visualizations/v.mp4')
    assert len(list(video)) == 3 and video.fps == (119.97 if fps == 119.973 else 25)


@pytest.mark.parametrize('name, tells', [('v.mkv', False), ('v.avi', True)])
def test_sound_that_is_longer_than_the_pictures(monkeypatch, tmp_path, name, tells):
    """Matroska's number of frames is guessed from the duration."""
    write_video(str(tmp_path / name), 12)
    monkeypatch.setattr(inputs, 'cv2', Capture({cv2.CAP_PROP_FRAME_COUNT: 14}))
    with pytest.raises(InputError, match='breaks off') if tells else nullcontext():
        assert len(list(Video(str(tmp_path / name)))) == 12


class Capture:
    """OpenCV whose videos have some other properties."""

    def __init__(self, properties, camera=None):
        self._properties, self._camera = properties, camera

    def __getattr__(self, name):
        return getattr(cv2, name)

    def VideoCapture(self, path):  # noqa: N802
        capture = cv2.VideoCapture(self._camera or path)
        properties = self._properties

        class Changed:
            def get(self, key):
                return properties.get(key, capture.get(key))

            def __getattr__(self, name):
                return getattr(capture, name)

        return Changed()


def test_names_that_are_not_utf8(infer, run_tool):
    """OpenCV itself crashes at such names."""
    odd = os.fsdecode(b'caf\xe9')
    os.rename('a/x.jpg', f'a/{odd}.jpg')
    write_video('v.avi', 3)
    os.rename('v.avi', f'{odd}.avi')
    args = ['a', f'{odd}.avi', '--out-dir', odd]
    status, out, err = run_tool('infer', *NETWORK, *args)
    assert status == 0, err
    assert '3 inputs, 0 skipped: caf%E9' in out
    assert 'caf%E9.avi: the results are called caf%E9_2' in err
    names = [sorted(os.listdir(f'{odd}/{part}')) for part in ('predictions', 'visualizations')]
    assert names[0] == ['caf%E9.json', 'caf%E9_2.json', 'y.json']
    assert names[1] == ['caf%E9.jpg', 'caf%E9_2.mp4', 'y.jpg']
    assert len(json.loads(Path(odd, 'predictions/caf%E9_2.json').read_text())) == 3


def test_recordings_of_a_camera_are_kept(infer, monkeypatch):
    """Unlike other results, they cannot be made again."""
    write_video('camera.avi', 3)
    monkeypatch.setattr(inputs, 'cv2', Capture({}, 'camera.avi'))
    os.makedirs('out/predictions')
    Path('out/predictions/webcam0.json').write_text('[]')  # whose film has been moved away
    for number in (2, 3):
        status, _, err = infer('webcam:0', 'camera.avi')
        assert status == 0, err
        assert len(predictions(f'webcam0_{number}')) == 3
    names = ['camera', 'webcam0', 'webcam0_2', 'webcam0_3']
    assert sorted(os.listdir('out/predictions')) == [f'{name}.json' for name in names]


def test_a_recording_is_as_long_as_it_took(infer, monkeypatch):
    """A network may be slower than the camera."""
    write_video('camera.avi', 3)  # 10 frames per second
    clock = iter([100.0, 100.0, 100.5, 101.0])
    monkeypatch.setattr(inputs, 'cv2', Capture({}, 'camera.avi'))
    monkeypatch.setattr(inputs, 'time', SimpleNamespace(monotonic=lambda: next(clock)))
    status, _, err = infer('webcam:0')
    assert status == 0, err
    assert [frame['seconds'] for frame in predictions('webcam0')] == [0, 0.5, 1]
    film = cv2.VideoCapture('out/visualizations/webcam0.mp4')
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == 11


def test_long_names_capitals_and_colons(infer):
    """Results' names fit file systems with 255 bytes, also of macOS; FFmpeg knows protocols."""
    long = 'ü' * 124
    os.rename('a/x.jpg', f'a/{long}.JPG')
    os.rename('a/y.png', 'a/v.png')
    write_video('v.avi', 3)
    os.rename('v.avi', 'V: 10:30.avi')
    write_video('V.avi', 3)
    status, out, err = infer('a', 'V: 10:30.avi', 'V.avi')
    assert status == 0, err
    assert sorted(os.listdir('out/predictions')) == sorted(
        f'{stem}.json' for stem in ('v', 'V_2', 'V 1030', 'ü' * 75)
    )


def test_people_of_a_video_at_once(infer, monkeypatch):
    write_video('v.avi', 1)
    Path('boxes.json').write_text('{"v.avi": [[0, 0, 90, 90], [0, 0, 80, 80], [0, 0, 70, 70]]}')
    sizes, forward = [], torch.nn.Conv2d.forward

    def spied(layer, images):
        sizes.append(len(images))
        return forward(layer, images)

    monkeypatch.setattr(torch.nn.Conv2d, 'forward', spied)
    status, _, err = infer('v.avi', '--boxes', 'boxes.json', '--batch-size', 2, '--no-flip-test')
    assert status == 0, err
    assert set(sizes) == {1, 2}


def test_large_pictures_are_skipped(infer):
    cv2.imwrite('a/wide.png', np.zeros((10, 30_000, 3), np.uint8))
    status, _, err = infer('a', '--max-pixels', 299_999)
    assert status == 1
    assert 'a/wide.png has 30000 x 10 pixels; at most 299,999 are accepted' in err
    assert len(predictions('x')) == 1 and not Path('out/predictions/wide.json').exists()
    assert infer('a', '--max-pixels', 0)[0] == 2


def test_default_limit_of_pixels_is_that_of_the_package():
    tool = runpy.run_path(str(ROOT / 'tools/infer.py'))
    arguments = [*NETWORK, ROOT / 'docs']
    assert tool['parse_args'](list(map(str, arguments))).max_pixels == MAX_PIXELS


def test_no_video(infer):
    Path('v.mp4').write_text('no video')
    status, out, err = infer('v.mp4', 'webcam:x')
    assert status == 1
    assert 'v.mp4 cannot be opened as a video' in err and 'expected webcam:NUMBER' in err


def test_inputs(infer):
    Path('a/notes.txt').touch()
    Path('a/v.MP4').touch()
    Path('b/phone.HEIC').touch()
    Path('b/scan.jfif').touch()
    Path('a/deep').mkdir()
    Path('a/deep/z.jpg').touch()
    assert find_inputs(['**/z.jpg']).images == ['a/deep/z.jpg']
    found = find_inputs(['a', '*/x.jpg', 'webcam:1', 'missing.jpg'])
    assert found.images == ['a/x.jpg', 'a/y.png', 'a/x.jpg', 'b/x.jpg']
    assert found.videos == ['a/v.MP4', 'webcam:1'] and found.missing == ['missing.jpg']
    # Those that cannot be read are refused later, by name.
    assert find_inputs(['b']).images == ['b/phone.HEIC', 'b/scan.jfif', 'b/x.jpg']


def test_patterns_below_folders(infer):
    Path('a/deep').mkdir()
    Path('a/x.jpg').rename('a/deep/z.jpg')
    status, out, err = infer('**/z.jpg')
    assert status == 0, err
    assert len(predictions('z')) == 1


def test_a_drawing_does_not_replace_its_picture(infer):
    Path('out/visualizations').mkdir(parents=True)
    shutil.copy('a/x.jpg', 'out/visualizations')
    status, _, err = infer('a/x.jpg', 'out/visualizations/x.jpg')
    assert status == 2
    assert 'out/visualizations/x.jpg is where the drawings go; choose another --out-dir' in err
    assert Path('out/visualizations/x.jpg').read_bytes() == Path('a/x.jpg').read_bytes()


@pytest.fixture
def detector():
    """Write detector.pth: weights of a network of MMDetection that sees people everywhere."""
    network = init_detector(find_config(DETECTOR), None, device='cpu')
    head = network.bbox_head
    convolutions = head.multi_level_conv_cls, head.multi_level_conv_obj, head.multi_level_conv_reg
    for cls, obj, reg in zip(*convolutions):
        cls.weight.data.zero_()
        cls.bias.data[0] = obj.bias.data[0] = 5  # 'person' is COCO's first class
        reg.weight.data.zero_()
        reg.bias.data[2:] = 2.5  # large boxes, of which few remain
    return dict(
        meta=dict(dataset_meta=dict(CLASSES=network.dataset_meta['classes'])),
        state_dict=network.state_dict(),
    )


def test_detector(infer, detector):
    save_checkpoint(detector, 'detector.pth')
    args = ['--detector', DETECTOR, 'detector.pth', '--detector-threshold']
    status, _, err = infer('a/x.jpg', *args, 1.1)
    assert status == 0, err
    assert predictions('x') == []  # nothing is that sure
    status, _, err = infer('a/x.jpg', *args, 0.5)
    assert status == 0, err
    height, width = cv2.imread('a/x.jpg').shape[:2]
    boxes = np.array([person['bbox'][0] for person in predictions('x')])
    assert len(boxes) and (boxes >= 0).all() and (boxes <= [width, height] * 2).all()


def test_other_classes_are_nobody(infer, detector):
    detector['meta'] = dict(CLASSES=('chair', 'person'))  # what it sees is class 0
    torch.save(detector, 'chairs.pth')
    assert infer('a/x.jpg', '--detector', DETECTOR, 'chairs.pth')[0] == 0
    assert predictions('x') == []


def test_detectors_that_cannot_be_right(infer, detector):
    detector['state_dict']['bbox_head.multi_level_conv_cls.0.bias'][3] = np.nan
    torch.save(detector, 'nan.pth')
    detector['meta'] = dict(CLASSES=('cat', 'dog'))
    detector['state_dict']['bbox_head.multi_level_conv_cls.0.bias'][3] = 0
    torch.save(detector, 'cats.pth')
    pose = ROOT / 'configs/hourglass-s_lsp_128x128.py'
    for args, message in (
        ([DETECTOR, 'nan.pth'], 'checkpoint nan.pth .*conv_cls.0.bias is not finite'),
        ([DETECTOR, 'cats.pth'], r"has the classes \('cat', 'dog'\)..., but no person"),
        ([DETECTOR, NETWORK[1]], 'epoch_48.pth does not fit the model'),
        ([pose, 'nan.pth'], 'is a MultiStagePoseEstimator, not a detector of MMDetection'),
        (['mmdet::none.py', 'nan.pth'], 'none.py not found; expected a file in .*/mmdet/.mim'),
        ([DETECTOR, 'none.pth'], 'none.pth not found'),
    ):
        status, _, err = infer('a/x.jpg', '--detector', *args)
        assert status == 2 and re.search(message, err), err
