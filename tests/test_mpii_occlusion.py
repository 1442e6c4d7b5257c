import json

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.datasets import MpiiDataset
from mmpose.registry import DATASETS, TRANSFORMS

from mssh_mmpose import config_path
from mssh_mmpose.cli.loops import check_heads
from mssh_mmpose.datasets import MPIIOcclusionDataset
from mssh_mmpose.datasets.converters import mpii_ground_truth_bytes
from mssh_mmpose.datasets.converters.faults import check_images
from mssh_mmpose.datasets.lsp_meta import LSP_JOINTS
from mssh_mmpose.datasets.mpii_meta import MPII_JOINTS, MPII_METAINFO
from mssh_mmpose.errors import InputError

K = len(MPII_JOINTS)


def make_people(count=5, occlusion=True):
    """People of three images; every third joint is not labelled."""
    rng = np.random.default_rng(0)
    people = []
    for number in range(count):
        labelled = np.arange(K) % 3 > 0
        joints = np.where(labelled[:, None], rng.uniform(1, 90, (K, 2)), -1)
        people.append(
            dict(
                image=f'0{number // 2}.jpg',
                joints=joints.tolist(),
                joints_vis=labelled.astype(int).tolist(),
                center=[50.0, 40.0],
                scale=0.5,
            )
        )
        if occlusion:
            occluded = labelled & (np.arange(K) % 5 == 0)
            people[-1]['joints_occluded'] = occluded.astype(int).tolist()
    return people


def write(folder, people, num_heads=None):
    (folder / 'images').mkdir(exist_ok=True)
    for person in people:
        (folder / 'images' / str(person.get('image'))).touch()
    (folder / 'people.json').write_text(json.dumps(people))
    count = len(people) if num_heads is None else num_heads
    # The head of person n is n + 1 times as large as that of the first.
    heads = np.arange(1, count + 1)[:, None, None] * [[10.0, 10.0], [40.0, 50.0]]
    joints = np.ones((count, K, 2))
    (folder / 'gt.mat').write_bytes(mpii_ground_truth_bytes(joints, np.ones((count, K)), heads))


def build(folder, **settings):
    return MPIIOcclusionDataset(ann_file='people.json', data_root=str(folder), **settings)


def test_keypoints_and_flags(tmp_path):
    people = make_people()
    write(tmp_path, people)
    dataset = build(tmp_path, headbox_file='gt.mat')
    assert len(dataset) == 5
    for number, person in enumerate(people):
        info = dataset.get_data_info(number)
        labelled = np.array(person['joints_vis']) == 1
        occluded = np.array(person['joints_occluded']) == 1
        joints = np.array(person['joints'])
        np.testing.assert_allclose(info['keypoints'][0][labelled], joints[labelled] - 1, rtol=1e-6)
        assert not info['keypoints'][0][~labelled].any()
        np.testing.assert_array_equal(info['keypoints_visible'][0, :, 0], labelled)
        np.testing.assert_array_equal(info['keypoints_visible'][0, :, 1], ~occluded)
        assert info['img_path'] == str(tmp_path / 'images' / f'0{number // 2}.jpg')
        assert (info['id'], info['img_id']) == (number, number // 2)
        # 0.6 of a diagonal of 50 px
        np.testing.assert_allclose(info['head_size'], [[30.0 * (number + 1)]])
    assert (occluded & labelled).any()


def test_every_second_image(tmp_path):
    """With all people in it; head sizes stay theirs."""
    write(tmp_path, make_people())
    dataset = build(tmp_path, headbox_file='gt.mat', sample_interval=2)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [info['id'] for info in infos] == [0, 1, 4]
    np.testing.assert_allclose([info['head_size'][0, 0] for info in infos], [30, 60, 150])


@pytest.mark.parametrize('test_mode', [False, True])
def test_plain_json(tmp_path, test_mode):
    """MMPose's JSON: labels only, no head boxes needed, in training and testing."""
    write(tmp_path, make_people(occlusion=False))
    info = build(tmp_path, test_mode=test_mode).get_data_info(0)
    assert info['keypoints_visible'].shape == (1, K) and 'head_size' not in info


def test_one_pixel_off_mmpose(tmp_path):
    """Joints are 0-based here and 1-based in MMPose; boxes are the same."""
    write(tmp_path, make_people(occlusion=False))
    theirs = MpiiDataset(
        ann_file='people.json',
        data_root=str(tmp_path),
        data_prefix=dict(img='images/'),
        headbox_file=str(tmp_path / 'gt.mat'),
        test_mode=True,
    )
    ours = build(tmp_path, headbox_file='gt.mat', test_mode=True)
    for i in range(len(theirs)):
        a, b = ours.get_data_info(i), theirs.get_data_info(i)
        labelled = b['keypoints_visible'] > 0
        np.testing.assert_array_equal(a['keypoints_visible'], b['keypoints_visible'])
        np.testing.assert_allclose(
            a['keypoints'][labelled] + 1, b['keypoints'][labelled], rtol=1e-6
        )
        for key in ('bbox', 'head_size'):
            np.testing.assert_allclose(a[key], b[key], atol=1e-4)
        assert a['flip_indices'] == b['flip_indices'] and a['id'] == b['id']
    names = [theirs.metainfo['keypoint_id2name'][i] for i in range(K)]
    assert (
        names == list(MPII_JOINTS) == [j['name'] for j in MPII_METAINFO['keypoint_info'].values()]
    )
    for key in ('upper_body_ids', 'lower_body_ids'):
        assert theirs.metainfo[key] == ours.metainfo[key]
    links = [{frozenset(link) for link in d.metainfo['skeleton_links']} for d in (theirs, ours)]
    assert links[0] == links[1]


def test_head_boxes_of_another_split(tmp_path):
    write(tmp_path, make_people(), num_heads=7)
    with pytest.raises(ValueError, match=r'gt.mat has the head boxes of 7 people.* has 5 people'):
        build(tmp_path, headbox_file='gt.mat')


def test_a_head_without_size_cannot_be_scored(tmp_path):
    write(tmp_path, make_people())
    heads = np.tile([[10.0, 10.0], [40.0, 50.0]], (5, 1, 1))
    heads[3] = 0
    content = mpii_ground_truth_bytes(np.ones((5, K, 2)), np.ones((5, K)), heads)
    (tmp_path / 'gt.mat').write_bytes(content)
    dataset = build(tmp_path, headbox_file='gt.mat', test_mode=True)
    with pytest.raises(InputError, match=r'gt.mat: 1 .*\n.*person 3 \(01.jpg\) has a head of 0 px'):
        check_heads(dataset)


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(joints=[[1, 2]] * 14), r"person 3 \(01.jpg\): expected 'joints' of shape \(16, 2\)"),
        (dict(joints=[[1, 2], [3]] * 8), r"person 3 \(01.jpg\): no numbers for 'joints'"),
        (dict(joints_vis=[1] * 15), r"expected 'joints_vis' of shape \(16,\), got \(15,\)"),
        (dict(center=None), r"expected 'center' of shape \(2,\), got \(\)"),
        (dict(joints_occluded='no'), r"no numbers for 'joints_occluded'"),
        (
            dict(joints=[[1, float('nan')]] * 16),
            r'person 3 \(01.jpg\): right_knee is at \(0, nan',
        ),
        (dict(scale=0), r'person 3 \(01.jpg\): the box .* has no size'),
        (dict(center=[float('inf'), 1]), r'person 3 \(01.jpg\): the box .* cannot be'),
        (dict(scale=1e30), r'person 3 \(01.jpg\): the box .* cannot be in a picture'),
        (dict(joints=[[1e30, 1]] * 16), r'person 3 \(01.jpg\): right_knee is at \(1e\+30, 0\)'),
        (dict(scale=10**400), r"person 3 \(01.jpg\): no numbers for 'scale': int too large"),
    ],
)
def test_faulty_people(tmp_path, change, message):
    people = make_people()
    people[3].update(change)
    write(tmp_path, people)
    with pytest.raises(ValueError, match=message):
        build(tmp_path)


def test_flags_for_a_part_of_the_people(tmp_path):
    people = make_people()
    del people[2]['joints_occluded']
    write(tmp_path, people)
    with pytest.raises(ValueError, match=r"person 2 .*no numbers for 'joints_occluded'"):
        build(tmp_path)


@pytest.mark.parametrize(
    'text, message',
    [
        ('[{"image"', 'people.json is not a whole JSON file'),
        ('{}', 'people.json: expected a list of people, got {}'),
        ('[]', r'people.json: expected a list of people, got \[\]'),
        ('[[]]', r'people.json: person 0 is \[\], expected entries'),
        ('[' * 100_000, 'people.json is nested too deeply'),
    ],
)
def test_no_list_of_people(tmp_path, text, message):
    write(tmp_path, make_people())
    (tmp_path / 'people.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        build(tmp_path)


def test_nobody_labelled(tmp_path):
    """This is an error in training, but a test set may have no labels."""
    people = make_people()
    for person in people:
        person['joints_vis'] = [0] * K
    write(tmp_path, people)
    assert len(build(tmp_path, test_mode=True)) == 5
    with pytest.raises(ValueError, match=r'no joint of person 0 \(00.jpg\), or of the 4 others'):
        build(tmp_path)


def test_people_left_out(tmp_path):
    people = make_people()
    people[1]['near_duplicate_in_val'] = True
    people[3]['near_duplicate_in_val'] = False
    write(tmp_path, people)
    dataset = build(tmp_path, leave_out='near_duplicate_in_val')
    kept = [dataset.get_data_info(i)['keypoints'][0] for i in range(len(dataset))]
    everybody = [build(tmp_path).get_data_info(i)['keypoints'][0] for i in (0, 2, 3, 4)]
    np.testing.assert_array_equal(kept, everybody)
    tested = build(
        tmp_path, leave_out='near_duplicate_in_val', headbox_file='gt.mat', test_mode=True
    )
    assert [tested.get_data_info(i)['id'] for i in range(4)] == [0, 2, 3, 4]
    sizes = np.array([tested.get_data_info(i)['head_size'].item() for i in range(4)])
    np.testing.assert_allclose(sizes / sizes[0], [1, 3, 4, 5])
    with pytest.raises(ValueError, match="no person has the entry 'near'"):
        build(tmp_path, leave_out='near')
    with pytest.raises(ValueError, match="leave_out='image' leaves nobody"):
        build(tmp_path, leave_out='image')


def test_people_are_numbered_as_in_the_file(tmp_path):
    people = make_people()
    people[1]['near_duplicate_in_val'] = True
    people[3]['scale'] = 'large'
    write(tmp_path, people)
    with pytest.raises(InputError, match=r"person 3 \(01.jpg\): no numbers for 'scale'"):
        build(tmp_path, leave_out='near_duplicate_in_val')
    people[3] |= dict(scale=0.5, joints_vis=[float('nan')] * K)
    write(tmp_path, people)
    with pytest.raises(InputError, match=r"person 3 \(01.jpg\): nan or inf in 'joints_vis'"):
        build(tmp_path, leave_out='near_duplicate_in_val')


def test_missing_files(tmp_path):
    write(tmp_path, make_people())
    with pytest.raises(FileNotFoundError, match='else.mat is missing; see docs/data.md'):
        build(tmp_path, headbox_file='else.mat')
    (tmp_path / 'images' / '01.jpg').unlink()
    with pytest.raises(FileNotFoundError, match='3 images are annotated, 2 .*missing are 01.jpg'):
        build(tmp_path)


def test_real_sample(real_data):
    folder = real_data('mpii_sample')
    settings = dict(data_root=str(folder), ann_file='test_mpii.json', data_prefix=dict(img=''))
    dataset = DATASETS.build(
        dict(
            type='MPIIOcclusionDataset',
            pipeline=[
                dict(type='LoadImage'),
                dict(type='GetBBoxCenterScale'),
                dict(type='TopdownAffine', input_size=(64, 64)),
                dict(type='PackPoseInputs'),
            ],
            **settings,
        )
    )
    assert len(dataset) == 5
    joints = json.loads((folder / 'test_mpii.json').read_text())[0]['joints']
    keypoints = dataset[0]['data_samples'].gt_instances.keypoints[0]
    np.testing.assert_allclose(keypoints, np.array(joints) - 1, atol=1e-3)


def test_lsp_from_mpii(tmp_path):
    """The mapping of the config, by the joints' names."""
    step = Config.fromfile(config_path('mssh_lsp_256x256.py')).mpii_to_lsp
    names = {'upper_neck': 'neck'}
    for source, target in step.mapping:
        assert names.get(MPII_JOINTS[source], MPII_JOINTS[source]) == LSP_JOINTS[target]
    assert sorted(target for _, target in step.mapping) == list(range(len(LSP_JOINTS)))
    write(tmp_path, make_people())
    info = build(tmp_path).get_data_info(0)
    converted = TRANSFORMS.build(step)(dict(info))
    for source, target in step.mapping:
        np.testing.assert_allclose(converted['keypoints'][0, target], info['keypoints'][0, source])
        flags = converted['keypoints_visible'][0, target], info['keypoints_visible'][0, source]
        assert flags[0][0] == flags[1][0]


def test_images_in_subfolders_are_there(tmp_path):
    (tmp_path / 'walk').mkdir()
    (tmp_path / 'walk/a.jpg').touch()
    check_images(str(tmp_path), ['walk/a.jpg'])
    with pytest.raises(FileNotFoundError, match='2 images are annotated, 1 of them .* walk/b.jpg'):
        check_images(str(tmp_path), ['walk/a.jpg', 'walk/b.jpg'])


def test_images_that_macos_adds_are_no_others(tmp_path):
    for name in ('a.jpg', '._a.jpg'):
        (tmp_path / name).touch()
    check_images(str(tmp_path), ['a.jpg'], complete=True)
    (tmp_path / 'b.jpg').touch()
    with pytest.raises(InputError, match='1 images are annotated, 2 are there, such as b.jpg'):
        check_images(str(tmp_path), ['a.jpg'], complete=True)
