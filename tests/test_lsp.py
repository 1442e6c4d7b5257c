import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS, MODELS
from scipy.io import loadmat, savemat

from mssh_mmpose.datasets import LSPDataset
from mssh_mmpose.datasets.body.lsp_meta import LSP_JOINTS, LSP_METAINFO
from mssh_mmpose.datasets.converters import joint_box, read_lsp_joints
from mssh_mmpose.evaluation import LSPPCKAccuracy

K, N = 14, 2000


@pytest.fixture
def written(tmp_path):
    """A data root with a random ``joints.mat`` in LSP's layout and no images."""
    joints = np.random.uniform(1, 150, (3, K, N))
    joints[2] = np.random.randint(2, size=(K, N))
    savemat(tmp_path / 'joints.mat', dict(joints=joints))
    (tmp_path / 'images').mkdir()
    return tmp_path, joints


@pytest.fixture
def lsp(real_data):
    return real_data('lsp')


# ---- the converters


def test_read(written):
    folder, joints = written
    keypoints, occluded = read_lsp_joints(folder / 'joints.mat')
    assert keypoints.shape == (N, K, 2) and keypoints.dtype == np.float32
    assert occluded.shape == (N, K) and occluded.dtype == bool
    np.testing.assert_allclose(keypoints[41, 3], joints[:2, 3, 41], rtol=1e-6)
    np.testing.assert_array_equal(occluded, joints[2].T == 1)


@pytest.mark.parametrize('shape', [(14, 3, 10000), (3, 14, 1000), (2, 14, 2000), (14, 3, 2000)])
def test_wrong_shape(tmp_path, shape):
    savemat(tmp_path / 'joints.mat', dict(joints=np.zeros(shape, np.uint8)))
    found = ', '.join(map(str, shape))
    message = rf'expected joints of shape \(3, 14, 2000\).*an array of shape \({found}\)'
    with pytest.raises(ValueError, match=message):
        read_lsp_joints(tmp_path / 'joints.mat')


def test_no_joints(tmp_path):
    savemat(tmp_path / 'joints.mat', dict(other=np.zeros(3)))
    with pytest.raises(ValueError, match="got no array 'joints'"):
        read_lsp_joints(tmp_path / 'joints.mat')


def test_extended_set_is_refused(real_data):
    with pytest.raises(ValueError, match=r'got an array of shape \(14, 3, 10000\)'):
        read_lsp_joints(real_data('lspet') / 'joints.mat')


def test_box():
    keypoints = np.array([[3, 4], [10, 2], [99, 99]], np.float32)
    box = joint_box(keypoints, np.array([True, True, False]))
    np.testing.assert_array_equal(box, [3, 2, 10, 4])
    with pytest.raises(ValueError, match='without a labelled joint'):
        joint_box(keypoints, np.zeros(3, bool))


# ---- the data set


def test_meta():
    info = LSP_METAINFO['keypoint_info']
    assert [info[i]['name'] for i in range(K)] == list(LSP_JOINTS)
    for joint in info.values():
        if joint['swap']:
            back = next(other for other in info.values() if other['name'] == joint['swap'])
            assert back['swap'] == joint['name'] != back['name']
    assert {joint['name'] for joint in info.values() if not joint['swap']} == {'neck', 'head_top'}
    assert {joint['name'] for joint in info.values() if joint['type'] == 'lower'} == {
        f'{side}_{joint}' for side in ('left', 'right') for joint in ('ankle', 'knee', 'hip')
    }
    linked = {name for link in LSP_METAINFO['skeleton_info'].values() for name in link['link']}
    assert linked == set(LSP_JOINTS)


@pytest.mark.parametrize('split, numbers', [('train', (1, 1000)), ('test', (1001, 2000))])
def test_split_and_flags(written, split, numbers):
    folder, joints = written
    dataset = LSPDataset(split=split, data_root=str(folder))
    assert len(dataset) == 1000
    for index, number in zip((0, -1), numbers):
        info = dataset.get_data_info(index)
        assert info['img_path'] == str(folder / 'images' / f'im{number:04d}.jpg')
        assert info['img_id'] == info['id'] == number
        x, y, occluded = joints[..., number - 1]
        np.testing.assert_allclose(info['keypoints'], np.stack([x, y], -1)[None], rtol=1e-6)
        assert info['keypoints_visible'].shape == (1, K, 2)
        assert (info['keypoints_visible'][0, :, 0] == 1).all()
        np.testing.assert_array_equal(info['keypoints_visible'][0, :, 1], 1 - occluded)
        box = [x.min(), y.min(), x.max(), y.max()]
        np.testing.assert_allclose(info['bbox'], [box], rtol=1e-6)
        assert info['area'] == pytest.approx((x.max() - x.min()) * (y.max() - y.min()), rel=1e-5)
        assert info['num_keypoints'] == K


def test_flip_indices(written):
    dataset = LSPDataset(data_root=str(written[0]))
    swapped = [LSP_JOINTS[i] for i in dataset.metainfo['flip_indices']]
    for name, other in zip(LSP_JOINTS, swapped):
        side = {'left': 'right', 'right': 'left'}.get(name.split('_')[0])
        assert other == (name if side is None else f'{side}_{name.split("_")[1]}')


def test_unknown_split():
    with pytest.raises(ValueError, match=r"one of \['train', 'test'\], got 'val'"):
        LSPDataset(split='val')


@pytest.mark.parametrize('missing', ['joints.mat', 'images'])
def test_files_missing(written, missing):
    folder, _ = written
    (folder / missing).rename(folder / 'elsewhere')
    with pytest.raises(FileNotFoundError, match=f'{missing}.* is missing'):
        LSPDataset(data_root=str(folder))


def test_lazy_init_needs_no_files():
    assert LSPDataset(lazy_init=True).metainfo['dataset_name'] == 'lsp'


def test_subset(written):
    """Settings of MMPose's base class, e.g. for a held-out part of the training images."""
    dataset = LSPDataset(data_root=str(written[0]), indices=list(range(900, 1000)))
    assert len(dataset) == 100 and dataset.get_data_info(0)['img_id'] == 901


# ---- real files


def test_real_files(lsp):
    flags = loadmat(lsp / 'joints.mat')['joints'][2]
    occluded = []
    for split in ('train', 'test'):
        dataset = LSPDataset(split=split, data_root=str(lsp))
        assert len(dataset) == 1000
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        occluded += [1 - info['keypoints_visible'][0, :, 1] for info in infos]
        assert all((lsp / 'images' / f'im{info["img_id"]:04d}.jpg').exists() for info in infos)
    np.testing.assert_array_equal(np.stack(occluded), flags.T)


def test_real_joints_are_person_centric(lsp):
    """Most upright people face the camera: their right hip is at the left of the image."""
    keypoints, _ = read_lsp_joints(lsp / 'joints.mat')
    right, left = (keypoints[:, LSP_JOINTS.index(f'{side}_hip')] for side in ('right', 'left'))
    head, hips = keypoints[:, LSP_JOINTS.index('head_top')], (right + left) / 2
    upright = head[:, 1] < hips[:, 1] - 2 * np.abs(head[:, 0] - hips[:, 0])
    assert upright.sum() > 1000
    assert (right[upright, 0] < left[upright, 0]).mean() > 0.6


def pipeline(codec, flip, augment=True):
    codecs = [
        dict(type=codec, input_size=(64, 64), heatmap_size=(side, side), sigma=1)
        for side in (16, 32)
    ]
    steps = [dict(type='LoadImage'), dict(type='GetBBoxCenterScale', padding=1.25)]
    if augment:
        steps += [
            dict(type='RandomFlip', direction='horizontal', prob=float(flip)),
            dict(type='RandomBBoxTransform', shift_prob=0.0, rotate_factor=40.0),
        ]
    steps += [dict(type='TopdownAffine', input_size=(64, 64))]
    if augment:
        steps += [
            dict(type='PhotometricDistortion'),
            dict(type='GenerateMultilevelTarget', encoder=codecs),
        ]
    return steps + [dict(type='PackPoseInputs')], codecs


def build(lsp, codec, flip=False, split='train', augment=True):
    steps, codecs = pipeline(codec, flip, augment)
    cfg = dict(type='LSPDataset', split=split, data_root=str(lsp), pipeline=steps, indices=4)
    return DATASETS.build({**cfg, 'test_mode': not augment}), codecs


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('codec', ['MSRAHeatmap', 'SignedHeatmap'])
def test_training_on_real_images(lsp, estimator_cfg, codec, flip):
    dataset, codecs = build(lsp, codec, flip)
    batch = pseudo_collate([dataset[i] for i in range(4)])
    samples = batch['data_samples']
    loss = dict(type='AdaptiveWeightedHeatmapLoss', num_stages=2, num_keypoints=K)
    model = MODELS.build(
        estimator_cfg(
            backbone=dict(num_keypoints=K),
            head=dict(out_channels=K, loss=loss, decoder=codecs[-1]),
        )
    )
    batch = model.data_preprocessor(batch, training=True)
    losses = model(**batch, mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    assert total > 0 and all(p.grad.isfinite().all() for p in model.parameters())
    # The occlusion is where the flags are, on the joint of the other side after a flip.
    keypoints, occluded = read_lsp_joints(lsp / 'joints.mat')
    order = dataset.metainfo['flip_indices'] if flip else np.arange(K)
    for sample, truth in zip(samples, occluded):
        peaks = sample.gt_fields[1].heatmaps
        drawn = peaks.abs().amax(dim=(1, 2)) == 1  # joints whose centre is inside
        negative = (peaks.amin(dim=(1, 2)) == -1)[drawn].numpy()
        expected = truth[order][drawn] if codec == 'SignedHeatmap' else np.zeros_like(negative)
        np.testing.assert_array_equal(negative, expected)


def test_prediction_on_real_images(lsp, estimator_cfg):
    """A network that is always right scores 100: coordinates come back to the image's."""
    dataset, codecs = build(lsp, 'MSRAHeatmap', split='test', augment=False)
    batch = pseudo_collate([dataset[i] for i in range(4)])
    cfg = estimator_cfg(
        backbone=dict(num_keypoints=K),
        head=dict(out_channels=K, decoder=codecs[-1]),
        test_cfg=dict(flip_test=True),
    )
    model = MODELS.build(cfg).eval()
    with torch.no_grad():
        samples = model(**model.data_preprocessor(batch), mode='predict')
    metric = LSPPCKAccuracy()
    metric.process(batch, [sample.to_dict() for sample in samples])
    scores = metric.evaluate(4)
    assert 0 <= scores['lsp/PCK@0.2'] <= 100
    for sample in samples:
        scale, center = sample.input_scale, sample.input_center
        found = sample.gt_instances.keypoints - center + 0.5 * scale
        heatmaps = torch.zeros(1, K, 32, 32)
        for k, (x, y) in enumerate((found / scale * 32)[0]):
            heatmaps[0, k, int(y + 0.5), int(x + 0.5)] = 1
        perfect = model.head.predict([heatmaps, heatmaps], [sample])
        model.add_pred_to_datasample(perfect, None, [sample])
    metric.process(batch, [sample.to_dict() for sample in samples])
    assert metric.evaluate(4)['lsp/PCK@0.2'] == 100
