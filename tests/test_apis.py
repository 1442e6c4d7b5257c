"""Inference in Python: our API, MMPose's inferencers, on images without annotations."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from mmpose.models.pose_estimators import BottomupPoseEstimator
from mmpose.registry import MODELS

from mssh_mmpose import load_model
from mssh_mmpose.apis import Person, PoseModel
from mssh_mmpose.apis.model import read_image
from mssh_mmpose.datasets import make_test_pipeline
from mssh_mmpose.datasets.lsp_meta import LSP_JOINTS
from mssh_mmpose.datasets.synthetic import render_scene
from mssh_mmpose.errors import InputError
from mssh_mmpose.grid import Grid
from mssh_mmpose.pictures import check_boxes

ROOT = Path(__file__).parents[1]
CONFIG = str(ROOT / 'configs/hourglass-s_lsp_128x128.py')
WEIGHTS = str(ROOT / 'results/hourglass-s_lsp_128x128/epoch_48.pth')
SIGNED = str(ROOT / 'configs/hourglass-s_signed_lsp_128x128.py')
SIGNED_WEIGHTS = str(ROOT / 'results/hourglass-s_signed_lsp_128x128/epoch_48.pth')
K = len(LSP_JOINTS)


@pytest.fixture(scope='module')
def model():
    return load_model(CONFIG, WEIGHTS, device='cpu')


@pytest.fixture(scope='module')
def image(tmp_path_factory):
    """A picture of a synthetic person, without annotations."""
    path = tmp_path_factory.mktemp('image') / 'Bild 画.png'
    path.write_bytes(cv2.imencode('.png', render_scene(np.random.default_rng(3))[0])[1].tobytes())
    return path


def test_prediction(model, image):
    people = model.predict(image)
    (person,) = people
    assert isinstance(person, Person) and model.joints == LSP_JOINTS
    assert person.keypoints.shape == (K, 2) and person.scores.shape == (K,)
    assert person.visible is None
    height, width = read_image(image).shape[:2]
    np.testing.assert_array_equal(person.box, [0, 0, width, height])
    again = model.predict(read_image(image), np.array([[0, 0, width, height]]))[0]
    np.testing.assert_array_equal(again.keypoints, person.keypoints)


def test_it_finds_people(model, real_data):
    """It is about as good on the first test images as in its evaluation (69.9 PCK@0.2)."""
    from mssh_mmpose.datasets import LSPDataset

    dataset = LSPDataset(split='test', data_root=str(real_data('lsp')), indices=20)
    infos = [dataset.get_data_info(i) for i in range(20)]
    people = model.predict_many(
        [info['img_path'] for info in infos], [info['bbox'] for info in infos], batch_size=8
    )
    pred = np.array([each[0].keypoints for each in people])
    truth = np.array([info['keypoints'][0] for info in infos])
    a, b = (truth[:, LSP_JOINTS.index(name)] for name in ('left_hip', 'right_shoulder'))
    torso = np.linalg.norm(a - b, axis=-1)
    assert (np.linalg.norm(pred - truth, axis=-1) < 0.2 * torso[:, None]).mean() > 0.55


def test_batches_do_not_matter(model, image):
    """People of several images, none in one of them."""
    picture = read_image(image)
    boxes = [np.array([[0, 0, 90, 90], [10, 10, 120, 150]]), np.zeros((0, 4)), None]
    many = model.predict_many([picture, image, picture[:100]], boxes, batch_size=2)
    assert [len(people) for people in many] == [2, 0, 1]
    alone = model.predict(image, boxes[0])
    for one, other in zip(many[0], alone):
        np.testing.assert_allclose(one.keypoints, other.keypoints, atol=1e-3)


def test_as_many_boxes_as_images(model, image):
    with pytest.raises(InputError, match='boxes for each of 2 images, got 1'):
        model.predict_many([image, image], [[[0, 0, 50, 50]]])


def test_flip_test_is_a_choice(model, image):
    plain, flipped = (model.predict(image, flip_test=flag)[0] for flag in (False, True))
    assert not np.array_equal(plain.scores, flipped.scores)
    np.testing.assert_array_equal(model.predict(image, flip_test=False)[0].scores, plain.scores)


def test_occlusion(image):
    model = load_model(SIGNED, SIGNED_WEIGHTS, device='cpu')
    person = model.predict(image)[0]
    assert person.visible.shape == (K,) and person.visible.dtype == bool
    assert (person.scores >= 0).all()


def test_stack_heatmaps(model, image):
    crop, heatmaps, _ = model.stack_heatmaps(image, [20, 20, 120, 200])
    assert crop.shape == (128, 128, 3) and crop.dtype == np.uint8 and crop.std() > 5
    assert [stack.shape for stack in heatmaps] == [(K, 32, 32)] * 3
    # The last stack's peak is the prediction, up to the codec's quarter of a pixel.
    person = model.predict(image, [[20, 20, 120, 200]], flip_test=False)[0]
    np.testing.assert_allclose(person.scores, heatmaps[-1].max(axis=(1, 2)), rtol=1e-4)


@pytest.mark.parametrize(
    'boxes, message',
    [
        ([1, 2, 3, 4], r'expected boxes \(N, 4\): x1, y1, x2, y2, got shape \(4,\)'),
        ([[]], r'expected boxes .* got shape \(1, 0\)'),
        ([[5, 5, 5, 9]], r'the box \(5, 5, 5, 9\) must be x1 < x2'),
        ([[0, 0, np.nan, 9]], r'the box \(0, 0, nan, 9\) cannot be in a picture'),
        ([[0, 0, 9, np.inf]], r'the box \(0, 0, 9, inf\) cannot be in'),
        (
            [[0, 0, 1e39, 9]],
            r'the box \(0, 0, 1e\+39, 9\) cannot be in a picture; expected .*1e\+06',
        ),
        ([[-3e38, 0, 3e38, 9]], r'the box \(-3e\+38, 0, 3e\+38, 9\) cannot be in'),
        ([[9, 9, -5, 20]], r'the box \(9, 9, -5, 20\) must be x1 < x2'),
        ([[0, 0, 10**400, 9]], 'expected boxes .* of numbers: int too large'),
        ([['x'] * 4], 'expected boxes .* of numbers'),
        ([[500, 0, 600, 90]], 'overlap the image of 30 x 40'),
    ],
)
def test_wrong_boxes(boxes, message):
    with pytest.raises(ValueError, match=message):
        check_boxes(boxes, np.zeros((40, 30, 3), np.uint8))


@pytest.mark.parametrize('boxes', [[], np.zeros((0, 4))])
def test_nobody_is_found_in_no_box(model, image, boxes):
    assert model.predict(image, boxes) == []


def test_images_too_wide_to_cut_boxes_out_of(model):
    wide = np.zeros((20, 32_767, 3), np.uint8)
    with pytest.raises(InputError, match='has 32767 x 20 pixels; .* at most 32766'):
        model.predict(wide, [[0, 0, 20, 20]])
    assert len(model.predict(wide[:, 1:], [[0, 0, 20, 20]])) == 1


def test_batches_of_nobody(model, image):
    with pytest.raises(InputError, match='batch_size must be at least 1, got -1'):
        model.predict_many([image], batch_size=-1)


def test_threads_with_different_flip_tests(model, image):
    """MMPose reads the choice from the network, which threads share."""
    picture = read_image(image)
    expected = {flip: model.predict(picture, flip_test=flip)[0].keypoints for flip in (True, False)}
    assert (expected[True] != expected[False]).any()
    with ThreadPoolExecutor(4) as pool:
        flips = [i % 2 == 0 for i in range(16)]
        people = pool.map(lambda flip: model.predict(picture, flip_test=flip)[0], flips)
        for flip, person in zip(flips, people):
            np.testing.assert_allclose(person.keypoints, expected[flip], atol=1e-3)


@pytest.mark.parametrize('flip_test', [True, False])
def test_the_config_says_whether_to_flip(model, image, flip_test):
    network = copy.deepcopy(model.network)
    network.test_cfg['flip_test'] = flip_test
    expected = model.predict(image, flip_test=flip_test)[0].keypoints
    np.testing.assert_array_equal(PoseModel(network).predict(image)[0].keypoints, expected)


def test_a_model_can_be_pickled(model, image):
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(*(m.predict(image)[0].keypoints for m in (model, again)))


@pytest.mark.parametrize(
    'shape, dtype', [((4, 5), 'uint8'), ((4, 5, 3), 'float32'), ((0, 5, 3), 'uint8')]
)
def test_wrong_arrays(model, shape, dtype):
    with pytest.raises(ValueError, match=r'expected an image \(H, W, 3\), uint8, BGR, got'):
        model.predict(np.zeros(shape, dtype))


def test_wrong_kinds_of_images(model, image):
    for wrong in ([1, 2], None, b'picture.jpg'):
        with pytest.raises(InputError, match='expected the file of an image or an array, got'):
            model.predict(wrong)
    with pytest.raises(InputError, match='expected several images, got one path: a.jpg'):
        model.predict_many('a.jpg')


def test_wrong_files(model, tmp_path):
    with pytest.raises(FileNotFoundError, match='image .*x.jpg not found'):
        model.predict(tmp_path / 'x.jpg')
    for content in (b'', b'text'):
        (tmp_path / 'x.jpg').write_bytes(content)
        with pytest.raises(ValueError, match='x.jpg is not a'):
            model.predict(tmp_path / 'x.jpg')


def test_bottom_up_networks_are_refused():
    with pytest.raises(InputError, match='is a BottomupPoseEstimator; expected a top-down network'):
        PoseModel(object.__new__(BottomupPoseEstimator))


def test_wrong_checkpoint(tmp_path):
    with pytest.raises(InputError, match='does not fit the model'):
        load_model(str(ROOT / 'configs/mssh-s_lsp_128x128.py'), WEIGHTS, device='cpu')
    with pytest.raises(InputError, match='checkpoint .*none.pth not found'):
        load_model(CONFIG, tmp_path / 'none.pth')


def test_mmposes_functions(model, image):
    """inference_topdown returns the same numbers, also for a picture in memory."""
    network = init_model(CONFIG, WEIGHTS, device='cpu')
    ours = model.predict(image)[0]
    for picture in (str(image), read_image(image)):
        theirs = inference_topdown(network, picture)[0].pred_instances
        np.testing.assert_allclose(theirs.keypoints[0], ours.keypoints, atol=1e-3)


def test_mmposes_inferencer(model, image, tmp_path):
    inferencer = MMPoseInferencer(
        pose2d=CONFIG, pose2d_weights=WEIGHTS, det_model='whole_image', device='cpu'
    )
    result = next(inferencer(str(image), out_dir=str(tmp_path)))
    (instance,) = result['predictions'][0]
    np.testing.assert_allclose(instance['keypoints'], model.predict(image)[0].keypoints, atol=1e-3)
    assert len(list((tmp_path / 'visualizations').iterdir())) == 1


def test_stack_heatmaps_of_combined_targets(estimator_cfg):
    codec = dict(
        type='UDPHeatmap', input_size=(64, 64), heatmap_size=(32, 32), sigma=1,
        heatmap_type='combined',
    )  # fmt: skip
    head = dict(out_channels=12, decoder=codec, loss=dict(type='CombinedTargetMSELoss'))
    network = MODELS.build(estimator_cfg(backbone=dict(num_keypoints=12), head=head)).eval()
    network.dataset_meta = dict(keypoint_id2name=dict(enumerate('abcd')))
    pipeline = make_test_pipeline(codec)
    network.cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=pipeline))))
    seen = []
    network.head.register_forward_hook(lambda *call: seen.append(call[2]))
    found = PoseModel(network).stack_heatmaps(np.zeros((64, 64, 3), np.uint8))
    np.testing.assert_array_equal(found.heatmaps[-1], seen[0][-1][0, ::3].numpy())
    assert found.grid is Grid.CORNERS
