"""Synthetic people: the body, the labels, the files, and the tool that makes them."""

import json
import multiprocessing
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from forked import forked_tool
from scipy.io import loadmat

from mssh_mmpose.datasets.mpii_meta import MPII_INDEX, MPII_JOINTS, MPII_MIRROR
from mssh_mmpose.datasets.synthetic import (
    body,
    person,
    render_scene,
    sample_person,
    scene,
    write_dataset,
    writing,
)

# What a human body can do, in degrees.
LIMITS = dict(
    yaw=(-180, 180),
    pitch=(-15, 15),
    roll=(-15, 15),
    spine_bend=(-20, 70),
    spine_side=(-30, 30),
    spine_twist=(-35, 35),
    neck_bend=(-40, 45),
    neck_side=(-35, 35),
    neck_turn=(-70, 70),
    shoulder_flex=(-50, 180),
    shoulder_abduct=(-10, 150),
    shoulder_twist=(-70, 90),
    elbow_flex=(0, 145),
    hip_flex=(-30, 115),
    hip_abduct=(-15, 45),
    hip_twist=(-40, 35),
    knee_flex=(0, 135),
)


def tree(root):
    """Relative path to bytes of all files."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(Path(root).rglob('*'))
        if path.is_file()
    }


def zero_angles():
    return dict.fromkeys(body.sample_angles(np.random.default_rng(0)), 0.0)


def mirrored(angles):
    """The same pose with left and right exchanged."""
    out = {}
    for name, value in angles.items():
        side, _, part = name.partition('_')
        if side in ('left', 'right'):
            out[f'{"left" if side == "right" else "right"}_{part}'] = value
        else:
            turns = ('yaw', 'roll', 'spine_side', 'spine_twist', 'neck_side', 'neck_turn')
            out[name] = -value if name in turns else value
    return out


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('synthetic') / 'data'
    assert write_dataset(root, 10, 6, seed=3)
    return root


def test_angles_stay_within_the_joint_limits():
    for seed in range(200):
        for name, angle in body.sample_angles(np.random.default_rng(seed)).items():
            low, high = LIMITS[re.sub('^(left|right)_', '', name)]
            assert low <= angle <= high, (name, angle)


def test_style_tables_name_only_known_angles():
    assert sum(share for share, _ in body.STYLES.values()) == pytest.approx(1)
    for _, ranges in body.STYLES.values():
        assert {re.sub('^[ab]_', '', name) for name in ranges} <= LIMITS.keys()


@pytest.mark.parametrize('seed', range(5))
def test_bones_keep_their_lengths_in_every_pose(seed):
    rng = np.random.default_rng(seed)
    bones = body.sample_bones(rng)
    joints = body.pose_skeleton(body.sample_angles(rng), bones).joints
    at = dict(zip(MPII_JOINTS, joints))
    links = [
        ('upper_neck', 'head_top', 'head'),
        ('thorax', 'upper_neck', 'neck'),
        ('pelvis', 'thorax', 'spine'),
    ]
    for side in ('left', 'right'):
        links += [
            (f'{side}_{a}', f'{side}_{b}', bone)
            for a, b, bone in (
                ('shoulder', 'elbow', 'upper_arm'),
                ('elbow', 'wrist', 'forearm'),
                ('hip', 'knee', 'thigh'),
                ('knee', 'ankle', 'shank'),
            )
        ]
        links += [
            ('thorax', f'{side}_shoulder', 'shoulder_width'),
            ('pelvis', f'{side}_hip', 'hip_width'),
        ]
    for first, second, bone in links:
        np.testing.assert_allclose(np.linalg.norm(at[first] - at[second]), bones[bone])
        assert abs(bones[bone] / body.BONES[bone] - 1) <= 0.07


def test_mirrored_pose_is_the_flipped_skeleton():
    angles = body.sample_angles(np.random.default_rng(5))
    joints = body.pose_skeleton(angles, body.BONES).joints
    flipped = body.pose_skeleton(mirrored(angles), body.BONES).joints
    np.testing.assert_allclose(flipped, joints[list(MPII_MIRROR)] * [-1, 1, 1], atol=1e-12)


@pytest.mark.parametrize('yaw, left_is_right_in_picture', [(0, True), (180, False)])
def test_sides_follow_the_heading(yaw, left_is_right_in_picture):
    skeleton = body.pose_skeleton(dict(zero_angles(), yaw=float(yaw)), body.BONES)
    x = skeleton.joints[:, 0]
    for part in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'):
        left, right = x[MPII_INDEX[f'left_{part}']], x[MPII_INDEX[f'right_{part}']]
        assert (left > right) == left_is_right_in_picture


@pytest.mark.parametrize(
    'name, joint, axis, sign',
    [
        ('left_elbow_flex', 'left_wrist', 2, -1),
        ('right_shoulder_flex', 'right_wrist', 2, -1),
        ('left_shoulder_abduct', 'left_wrist', 0, 1),
        ('right_shoulder_abduct', 'right_wrist', 0, -1),
        ('right_knee_flex', 'right_ankle', 2, 1),
        ('left_hip_flex', 'left_knee', 2, -1),
        ('spine_bend', 'head_top', 2, -1),
        ('spine_side', 'head_top', 0, 1),
    ],
)
def test_each_angle_moves_its_joint_the_human_way(name, joint, axis, sign):
    """Axes of a body that faces the camera: 0 its left, 1 down, 2 away from the camera."""
    moved = body.pose_skeleton(dict(zero_angles(), **{name: 40.0}), body.BONES).joints
    still = body.pose_skeleton(zero_angles(), body.BONES).joints
    assert sign * (moved - still)[MPII_INDEX[joint], axis] > 0.05


def picture_of(angles, seed=1):
    """A bare drawing of a pose: (300, 300, 3) float."""
    sampled = sample_person(np.random.default_rng(seed))
    posed = sampled._replace(skeleton=body.pose_skeleton(angles, sampled.bones))
    image = np.full((300, 300, 3), 128, np.uint8)
    parts = person.person_parts(posed)
    person.draw_parts(image, parts, np.array([149.5, 150.0]), 200.0, np.zeros(2))
    return image.astype(float)


def test_flipped_picture_is_the_picture_of_the_mirrored_pose():
    angles = dict(body.sample_angles(np.random.default_rng(11)), yaw=25.0)
    difference = np.abs(picture_of(angles)[:, ::-1] - picture_of(mirrored(angles)))
    assert (difference > 24).mean() < 0.002  # but for the edges' rounding


def test_front_and_back_look_different():
    front, back = (picture_of(dict(zero_angles(), yaw=yaw)) for yaw in (0.0, 180.0))
    assert (np.abs(front - back).max(-1) > 24).sum() > 200


def test_joints_lie_on_the_drawn_person():
    """Every joint is at a pixel the drawing covers, the head's top at its upper edge."""
    for seed in range(8):
        angles = body.sample_angles(np.random.default_rng(seed))
        sampled = sample_person(np.random.default_rng(1))
        joints = body.pose_skeleton(angles, sampled.bones).joints[:, :2] * 200 + [149.5, 150]
        covered = (picture_of(angles) != 128).any(-1).astype(np.uint8)
        near = cv2.dilate(covered, np.ones((5, 5), np.uint8))
        for x, y in joints.round().astype(int):
            assert near[y, x]


def test_labels_are_one_based_and_hidden_exactly_outside():
    joints = np.full((16, 2), 50.0)
    joints[:4] = [0, 0], [99, 79], [99.1, 40], [40, -0.1]
    labels = scene.annotate(joints, 20.0, width=100, height=80)
    assert labels['joints'][:2] == [[1.0, 1.0], [100.0, 80.0]]
    assert labels['joints'][2:4] == [[-1.0, -1.0]] * 2
    assert labels['joints_vis'] == [1, 1, 0, 0] + [1] * 12


def test_centre_undoes_the_shift_of_mmpose():
    joints = np.linspace([30, 40], [60, 120], 16)
    labels = scene.annotate(joints, 30.0, width=200, height=200)
    shifted = np.array(labels['center']) + [0, 15 * labels['scale']] - 1
    np.testing.assert_allclose(shifted, [45, 80], atol=0.06)  # rounded to 0.1


def test_scenes_are_plausible():
    missing = 0
    for seed in range(60):
        image, labels = render_scene(np.random.default_rng(seed))
        height, width = image.shape[:2]
        joints, visible = np.array(labels['joints']), np.array(labels['joints_vis'])
        assert max(height, width) == 256 and min(height, width) >= 176
        inside = ((joints >= 1) & (joints <= [width, height])).all(1)
        assert (inside == (visible == 1)).all()
        assert (joints[visible == 0] == -1).all()
        low, high = np.array(labels['headbox'])
        head = 0.6 * np.linalg.norm(high - low)
        np.testing.assert_allclose(head * 6, labels['scale'] * 200, rtol=1e-3)
        assert 20 < head < 36
        top = joints[MPII_INDEX['head_top']]
        assert visible[MPII_INDEX['head_top']] == 0 or ((low <= top) & (top <= high)).all()
        missing += (visible == 0).sum()
    assert missing < 0.05 * 60 * 16


def test_bytes_depend_on_the_seed_only(made, tmp_path):
    write_dataset(tmp_path / 'again', 10, 6, seed=3, num_workers=2)
    assert tree(tmp_path / 'again') == tree(made)
    write_dataset(tmp_path / 'fewer', 4, 2, seed=3)
    images = tree(tmp_path / 'fewer' / 'images')
    assert len(images) == 6
    assert images.items() <= tree(made / 'images').items()
    write_dataset(tmp_path / 'other', 4, 2, seed=4)
    assert not images.items() & tree(tmp_path / 'other' / 'images').items()


def test_json_has_the_keys_of_mpii(made):
    for split, count in (('train', 10), ('val', 6)):
        labels = json.loads((made / 'annotations' / f'mpii_{split}.json').read_text())
        assert len(labels) == count
        for index, label in enumerate(labels):
            assert set(label) == {'image', 'center', 'scale', 'joints', 'joints_vis'}
            assert label['image'] == writing.image_name(split, index)
            assert cv2.imread(str(made / 'images' / label['image'])) is not None


def test_mat_file_serves_an_hrnet_evaluation(made):
    mat = loadmat(made / 'annotations' / 'mpii_gt_val.mat')
    labels = json.loads((made / 'annotations' / 'mpii_val.json').read_text())
    assert mat['headboxes_src'].shape == (2, 2, 6)
    assert mat['pos_gt_src'].shape == (16, 2, 6) and mat['jnt_missing'].shape == (16, 6)
    assert np.where(mat['dataset_joints'] == 'head')[1][0] == MPII_INDEX['head_top']
    assert np.where(mat['dataset_joints'] == 'lwri')[1][0] == MPII_INDEX['left_wrist']
    np.testing.assert_array_equal(mat['pos_gt_src'][..., 4], labels[4]['joints'])
    np.testing.assert_array_equal(mat['jnt_missing'][:, 4], 1 - np.array(labels[4]['joints_vis']))


def test_mmpose_reads_it(made):
    from mmpose.datasets.datasets import MpiiDataset

    val = MpiiDataset(
        ann_file='annotations/mpii_val.json',
        data_root=str(made),
        test_mode=True,
        headbox_file=str(made / 'annotations' / 'mpii_gt_val.mat'),
        data_prefix=dict(img='images/'),
    )
    assert len(val) == 6
    names = val.metainfo['keypoint_id2name']
    assert tuple(names[i] for i in range(16)) == MPII_JOINTS
    assert tuple(val.metainfo['flip_indices']) == MPII_MIRROR
    labels = json.loads((made / 'annotations' / 'mpii_val.json').read_text())
    for index, label in enumerate(labels):
        info = val.get_data_info(index)
        assert Path(info['img_path']).is_file()
        np.testing.assert_allclose(info['keypoints'][0], label['joints'], rtol=1e-5)
        np.testing.assert_allclose(info['head_size'][0, 0] * 6, 200 * label['scale'], rtol=1e-3)
    train = MpiiDataset(
        ann_file='annotations/mpii_train.json', data_root=str(made), data_prefix=dict(img='images/')
    )
    assert len(train) == 10


def test_complete_folder_is_kept_and_others_are_redone(tmp_path):
    root = tmp_path / 'data'
    assert write_dataset(root, 3, 1)
    first = tree(root)
    assert not write_dataset(root, 3, 1)
    next((root / 'images').iterdir()).unlink()
    assert write_dataset(root, 3, 1) and tree(root) == first
    (root / 'images' / 'mine.jpg').write_bytes(b'kept')
    assert write_dataset(root, 2, 1)
    assert sorted(path.name for path in (root / 'images').iterdir()) == [
        '100000000.jpg',
        '100000001.jpg',
        '200000000.jpg',
        'mine.jpg',
    ]


def test_interrupted_run_is_redone(tmp_path):
    def stop(items, total):
        for count, item in enumerate(items):
            if count == 2:
                raise KeyboardInterrupt
            yield item

    root = tmp_path / 'data'
    with pytest.raises(KeyboardInterrupt):
        write_dataset(root, 3, 1, track=stop)
    assert not (root / writing.META).exists()
    assert write_dataset(root, 3, 1)
    write_dataset(tmp_path / 'whole', 3, 1)
    assert tree(root) == tree(tmp_path / 'whole')


def test_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images' / '100000077.jpg').write_bytes(b'a photograph')
    with pytest.raises(ValueError, match='not empty and was not made by'):
        write_dataset(tmp_path, 1, 1)
    assert list(tree(tmp_path)) == ['images/100000077.jpg']
    assert write_dataset(tmp_path, 1, 1, force=True)
    assert tree(tmp_path)['images/100000077.jpg'] == b'a photograph'


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(num_train=-1), 'num_train is -1, expected an integer of at least 0'),
        (dict(num_val=-2), 'num_val is -2'),
        (dict(num_val=1.5), 'num_val is 1.5'),
        (dict(seed=-1), 'seed is -1'),
        (dict(num_workers=0), 'num_workers is 0.* at least 1'),
    ],
)
def test_bad_arguments_are_named(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_dataset(tmp_path / 'data', **dict(dict(num_train=1, num_val=1), **arguments))
    assert not (tmp_path / 'data').exists()


def test_no_validation_images(tmp_path):
    write_dataset(tmp_path / 'data', 1, 0)
    mat = loadmat(tmp_path / 'data' / 'annotations' / 'mpii_gt_val.mat')
    assert mat['headboxes_src'].size == 0


def test_tool_shows_progress(tmp_path):
    args = ['--root', tmp_path / 'data', '--train', '2', '--val', '1']
    done = forked_tool('make_synthetic', *args)
    assert done.status == 0, done.err
    assert 'wrote 2 training and 1 validation images' in done.out
    assert '3/3' in done.err  # the progress bar
    assert not write_dataset(tmp_path / 'data', 2, 1)


def test_tool_keeps_what_is_there(tmp_path, run_tool):
    for word in ('wrote', 'kept'):
        args = ['--root', tmp_path / 'data', '--train', 1, '--val', 0, '--workers', 1]
        _, out, _ = run_tool('make_synthetic', *args)
        assert out.startswith(f'{word} 1 training and 0 validation images')


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--root', 'file/data'], 'file/data cannot be written'),
        (['--root', '.'], 'not empty and was not made by'),
        (
            ['--root', 'data', '--train', -5],
            '--train: expected a whole number of at least 1, got -5',
        ),
    ],
)
def test_tool_explains_errors_in_one_line(tmp_path, run_tool, monkeypatch, arguments, message):
    (tmp_path / 'file').write_text('')
    monkeypatch.chdir(tmp_path)
    status, _, error = run_tool('make_synthetic', *arguments)
    assert status == 2 and message in error and error.count('\n') == 1


def test_drawing_leaves_the_choice_of_starting_processes_to_mmengine(tmp_path):
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(None, force=True)
    try:
        write_dataset(tmp_path / 'data', 2, 0, num_workers=2)
        assert multiprocessing.get_start_method(allow_none=True) is None
    finally:
        multiprocessing.set_start_method(before, force=True)
