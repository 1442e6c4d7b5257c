import shutil

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS, MODELS
from scipy.io import loadmat, savemat

from mssh_mmpose.datasets import LSPDataset, LSPExtendedDataset
from mssh_mmpose.datasets.converters import joint_box, read_lsp_joints, read_lspet_joints
from mssh_mmpose.datasets.converters.lsp import read_numbers
from mssh_mmpose.datasets.lsp_meta import LSP_JOINTS, LSP_METAINFO
from mssh_mmpose.errors import InputError
from mssh_mmpose.evaluation import LSPPCKAccuracy
from mssh_mmpose.visualization.sheets import draw_annotation

K, N = 14, 2000


@pytest.fixture
def written(tmp_path):
    """A data root with a random ``joints.mat`` in LSP's layout and empty images."""
    joints = np.random.uniform(1, 150, (3, K, N))
    joints[2] = np.random.random((K, N)) < 0.1
    savemat(tmp_path / 'joints.mat', dict(joints=joints))
    (tmp_path / 'images').mkdir()
    for number in range(1, N + 1):
        (tmp_path / 'images' / f'im{number:04d}.jpg').touch()
    return tmp_path, joints


@pytest.fixture
def written_lspet(tmp_path):
    """A data root with a random ``joints.mat`` in LSPET's layout and empty images."""
    joints = np.random.uniform(1, 150, (K, 3, 10000))
    joints[:, 2] = np.random.random((K, 10000)) < 0.9
    joints[:3, 2] = 1  # nobody has too few
    savemat(tmp_path / 'joints.mat', dict(joints=joints))
    (tmp_path / 'images').mkdir()
    for number in range(1, 10001):
        (tmp_path / 'images' / f'im{number:05d}.jpg').touch()
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


def test_truncated_file(written):
    path = written[0] / 'joints.mat'
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(ValueError, match='joints.mat is not a whole MATLAB file'):
        read_lsp_joints(path)
    path.write_text('<html>404</html>')
    with pytest.raises(ValueError, match='joints.mat is not a whole MATLAB file'):
        read_lsp_joints(path)


def test_the_other_set_is_refused(real_data):
    with pytest.raises(ValueError, match=r'\(14, 3, 10000\), which is the file of LSPET'):
        read_lsp_joints(real_data('lspet') / 'joints.mat')
    with pytest.raises(ValueError, match=r'\(3, 14, 2000\), which is the file of LSP\.'):
        read_lspet_joints(real_data('lsp') / 'joints.mat')


@pytest.mark.parametrize(
    'name, read', [('written', read_lsp_joints), ('written_lspet', read_lspet_joints)]
)
def test_opposite_flags_are_refused(name, read, request):
    """The axes are right, but the flags are those of the other set."""
    folder, joints = request.getfixturevalue(name)
    flags = joints[2] if name == 'written' else joints[:, 2]
    flags[:] = 1 - flags
    savemat(folder / 'joints.mat', dict(joints=joints))
    with pytest.raises(ValueError, match=r'9\d % of the joints .* have the opposite meaning'):
        read(folder / 'joints.mat')


def test_flags_that_are_none(written):
    folder, joints = written
    joints[2, 5, 7] = 2
    savemat(folder / 'joints.mat', dict(joints=joints))
    with pytest.raises(ValueError, match='expected flags of 0 and 1'):
        read_lsp_joints(folder / 'joints.mat')


def test_read_lspet(written_lspet):
    folder, joints = written_lspet
    keypoints, labelled = read_lspet_joints(folder / 'joints.mat')
    assert keypoints.shape == (10000, K, 2) and labelled.shape == (10000, K)
    np.testing.assert_array_equal(labelled, joints[:, 2].T == 1)
    n, k = np.argwhere(labelled)[1234]
    np.testing.assert_allclose(keypoints[n, k], joints[k, :2, n], rtol=1e-6)
    assert not keypoints[~labelled].any()


# ---- faulty joints


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_joint_without_a_place(written, value):
    folder, joints = written
    joints[1, LSP_JOINTS.index('left_knee'), 1499] = value
    savemat(folder / 'joints.mat', dict(joints=joints))
    message = rf'1 faulty annotations:\s+im1500.jpg: left_knee is at \([\d.]+, {value}\)'
    with pytest.raises(ValueError, match=message):
        LSPDataset(data_root=str(folder))


def test_all_faults_are_counted(written):
    folder, joints = written
    joints[0, 0, :25] = np.nan
    joints[:2, :, 30] = 7
    savemat(folder / 'joints.mat', dict(joints=joints))
    with pytest.raises(ValueError, match=r'(?s)26 faulty annotations.*im0001.*and 16 more'):
        LSPDataset(data_root=str(folder))


def test_people_that_cannot_be_cropped(written_lspet):
    folder, joints = written_lspet
    joints[:, 2, :2] = 0
    joints[3, 2, 0] = 1  # the first has one joint, the second none
    joints[:, 1, 2] = 50  # the third's are on one line
    savemat(folder / 'joints.mat', dict(joints=joints))
    with pytest.raises(ValueError, match='3 faulty annotations') as caught:
        LSPExtendedDataset(data_root=str(folder))
    assert 'im00001.jpg: the box around its 1 labelled joints has no area' in str(caught.value)
    assert 'im00002.jpg: no joint is labelled' in str(caught.value)
    assert 'im00003.jpg: the box around its 1' in str(caught.value)


def test_junk_of_unlabelled_joints_does_not_matter(written_lspet):
    folder, joints = written_lspet
    joints[:, :2][joints[:, 2:3].repeat(2, axis=1) == 0] = np.nan
    savemat(folder / 'joints.mat', dict(joints=joints))
    dataset = LSPExtendedDataset(data_root=str(folder))
    assert all(np.isfinite(dataset.get_data_info(i)['keypoints']).all() for i in range(99))


def test_images_and_annotations_disagree(written):
    folder, _ = written
    (folder / 'images' / 'im2001.jpg').touch()
    with pytest.raises(ValueError, match='2000 images are annotated, 2001 are there.*im2001'):
        LSPDataset(data_root=str(folder))
    (folder / 'images' / 'im2001.jpg').unlink()
    (folder / 'images' / 'im0007.jpg').unlink()
    message = '2000 images are annotated, 1999 of them are there; missing are im0007.jpg'
    with pytest.raises(FileNotFoundError, match=message):
        LSPDataset(data_root=str(folder), split='test')


def test_folders_with_other_letters(written, lsp):
    """Real images in a folder whose name is not ASCII."""
    folder, _ = written
    root = folder / 'Bilder – 画像'
    (root / 'images').mkdir(parents=True)
    shutil.copy(lsp / 'joints.mat', root)
    for path in sorted((lsp / 'images').glob('im*.jpg')):
        (root / 'images' / path.name).symlink_to(path.resolve())
    dataset, _ = build(root, 'MSRAHeatmap')
    assert dataset[0]['inputs'].shape == (3, 64, 64)
    assert draw_annotation(dataset.get_data_info(0), dataset.metainfo).std() > 10


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


def test_joints_of_mpii(written):
    folder, joints = written
    data = LSPDataset(data_root=str(folder), joints='mpii')
    info, plain = data.get_data_info(4), LSPDataset(data_root=str(folder)).get_data_info(4)
    # By this name MMPose's MultiDatasetEvaluator tells sets apart.
    assert data.metainfo['dataset_name'] == info['dataset_name'] == 'lsp'
    assert info['keypoints'].shape == (1, 16, 2)
    check_joints_of_mpii(data, LSPDataset(data_root=str(folder)))
    assert info['keypoints_visible'][0, :, 0].sum() == K
    np.testing.assert_array_equal(info['bbox'], plain['bbox'])
    # A flip exchanges MPII's sides.
    assert info['flip_indices'][0] == 5 and info['flip_indices'][6] == 6


def test_joints_of_mpii_lspet(written_lspet):
    data = LSPExtendedDataset(data_root=str(written_lspet[0]), joints='mpii')
    assert data.get_data_info(0)['keypoints_visible'].shape == (1, 16)
    assert data.metainfo['dataset_name'] == 'lspet'
    check_joints_of_mpii(data, LSPExtendedDataset(data_root=str(written_lspet[0])))


def test_every_tenth_image(written):
    """MMPose's data sets count so, too."""
    dataset = LSPDataset(data_root=str(written[0]), sample_interval=10)
    numbers = [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]
    assert numbers == list(range(10, 1001, 10))


def check_joints_of_mpii(data, plain):
    """Places and flags of people are those of LSP's joints; pelvis and thorax have no label."""
    order = [*range(6), *range(10, 16), 8, 9]  # legs, arms, upper neck and head top
    flags = []
    for number in range(20):
        info, expected = data.get_data_info(number), plain.get_data_info(number)
        for key in ('keypoints', 'keypoints_visible'):
            np.testing.assert_array_equal(info[key][0, order], expected[key][0])
        assert not info['keypoints_visible'].reshape(16, -1)[[6, 7], 0].any()
        flags.append(expected['keypoints_visible'])
    assert len(np.unique(flags)) == 2


def test_exchanged_sides_of_lspet(written_lspet):
    folder, joints = written_lspet
    (folder / 'sides.txt').write_text('# the rule\n42\n\n10000\n')
    settings = dict(exchanged_sides=str(folder / 'sides.txt'))
    before = LSPExtendedDataset(data_root=str(folder))
    after = LSPExtendedDataset(data_root=str(folder), **settings)
    mirror = before.metainfo['flip_indices']
    for number, order in ((41, slice(None)), (42, mirror), (43, slice(None)), (10000, mirror)):
        old, new = before.get_data_info(number - 1), after.get_data_info(number - 1)
        for key in ('keypoints', 'keypoints_visible'):
            np.testing.assert_array_equal(new[key][0], old[key][0][order])
        np.testing.assert_array_equal(new['bbox'], old['bbox'])
    assert LSPExtendedDataset(data_root=str(folder), joints='mpii', **settings).get_data_info(41)
    # Of the list in the package, 18 is the first.
    listed = LSPExtendedDataset(data_root=str(folder), exchanged_sides='listed')
    for number, order in ((17, slice(None)), (18, mirror)):
        old, new = before.get_data_info(number - 1), listed.get_data_info(number - 1)
        np.testing.assert_array_equal(new['keypoints'][0], old['keypoints'][0][order])


@pytest.mark.parametrize(
    'content, message',
    [
        ('7\n10001\n', "numbers from 1 to 10000, got '10001'"),
        ('0', "numbers from 1 to 10000, got '0'"),
        ('7, 8', "numbers from 1 to 10000, got '7, 8'"),
        ('-7', "got '-7'"),
        ('7\n8\n7\n', '1 image numbers come twice'),
        ('1' * 30, 'numbers from 1 to 10000'),
    ],
)
def test_wrong_file_of_exchanged_sides(tmp_path, content, message):
    (tmp_path / 'sides.txt').write_text(content)
    with pytest.raises(InputError, match=message):
        read_numbers(str(tmp_path / 'sides.txt'), 10000)


def test_no_file_of_exchanged_sides(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.txt is missing'):
        read_numbers(str(tmp_path / 'none.txt'), 10000)


@pytest.mark.parametrize('kind', [LSPDataset, LSPExtendedDataset])
def test_unknown_joints(kind):
    with pytest.raises(ValueError, match="'lsp' or 'mpii', got 'coco'"):
        kind(joints='coco', lazy_init=True)


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


def test_lspet_entries(written_lspet):
    folder, joints = written_lspet
    dataset = LSPExtendedDataset(data_root=str(folder))
    assert len(dataset) == 10000 and dataset.metainfo['dataset_name'] == 'lspet'
    info = dataset.get_data_info(41)
    assert info['img_path'].endswith('images/im00042.jpg') and info['id'] == 42
    x, y, labelled = joints[..., 41].T
    np.testing.assert_array_equal(info['keypoints_visible'], labelled[None])
    keep = labelled == 1
    box = [x[keep].min(), y[keep].min(), x[keep].max(), y[keep].max()]
    np.testing.assert_allclose(info['bbox'], [box], rtol=1e-6)
    assert info['num_keypoints'] == keep.sum()


def test_loading_opens_no_image(written_lspet):
    """The images of this folder are empty files."""
    dataset = LSPExtendedDataset(data_root=str(written_lspet[0]), pipeline=[dict(type='LoadImage')])
    assert len(dataset) == 10000


def test_lazy_init_needs_no_files():
    assert LSPDataset(lazy_init=True).metainfo['dataset_name'] == 'lsp'


def test_subset(written):
    """Settings of MMPose's base class work, e.g. for a held-out part of the training images."""
    dataset = LSPDataset(data_root=str(written[0]), indices=list(range(900, 1000)))
    assert len(dataset) == 100 and dataset.get_data_info(0)['img_id'] == 901


# ---- real files


def test_real_lsp_by_hand(lsp):
    """First and last image of each split, read off with a MATLAB reader."""
    train, test = (LSPDataset(split=split, data_root=str(lsp)) for split in ('train', 'test'))
    ankle, head = LSP_JOINTS.index('right_ankle'), LSP_JOINTS.index('head_top')
    for dataset, index, number, places in [
        (train, 0, 1, [(29.7, 143.3), (39.0, 15.6)]),
        (test, -1, 2000, [(44.4, 174.1), (40.3, 39.3)]),
    ]:
        info = dataset.get_data_info(index)
        assert info['id'] == number
        np.testing.assert_allclose(info['keypoints'][0, [ankle, head]], places, atol=0.06)
    # In the last image only the right shoulder is occluded.
    visible = test.get_data_info(-1)['keypoints_visible'][0, :, 1]
    assert [LSP_JOINTS[k] for k in np.flatnonzero(visible == 0)] == ['right_shoulder']
    flags = [d.get_data_info(i)['keypoints_visible'] for d in (train, test) for i in range(1000)]
    assert np.mean(flags, axis=(0, 1, 2)) == pytest.approx([1, 1 - 0.073], abs=5e-4)


def test_real_lspet_by_hand(real_data):
    root = real_data('lspet')
    dataset = LSPExtendedDataset(data_root=str(root))
    assert len(dataset) == 10000
    first, last = dataset.get_data_info(0), dataset.get_data_info(-1)
    assert first['img_path'].endswith('im00001.jpg') and last['img_path'].endswith('im10000.jpg')
    for info, missing in ((first, 'right_ankle'), (last, 'right_wrist')):
        unlabelled = np.flatnonzero(info['keypoints_visible'][0] == 0)
        assert [LSP_JOINTS[k] for k in unlabelled] == [missing]
    knee, head = LSP_JOINTS.index('right_knee'), LSP_JOINTS.index('head_top')
    np.testing.assert_allclose(first['keypoints'][0, knee], (26.0, 86.4), atol=0.06)
    np.testing.assert_allclose(last['keypoints'][0, head], (16.0, 82.3), atol=0.06)
    labelled = [dataset.get_data_info(i)['keypoints_visible'] for i in range(10000)]
    assert np.mean(labelled) == pytest.approx(0.8801, abs=5e-5)
    assert min(flags.sum() for flags in labelled) >= 4


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
    """Perfect heatmaps score 100: coordinates return to those of the image."""
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
