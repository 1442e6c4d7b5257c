import numpy as np
import pytest
from scipy.io import loadmat, savemat

from mssh_mmpose.datasets.converters import mpii_ground_truth_bytes, read_mpii_ground_truth


@pytest.fixture
def people():
    """Joints, labels and head boxes of three people, 1-based."""
    rng = np.random.default_rng(0)
    joints = rng.uniform(1, 200, (3, 16, 2))
    headboxes = np.array([[[10, 20], [40, 60]], [[1, 1], [4, 5]], [[0, 0], [6, 8]]])
    return joints, rng.random((3, 16)) < 0.7, headboxes


def test_round_trip(people, tmp_path):
    joints, labelled, headboxes = people
    path = tmp_path / 'gt.mat'
    path.write_bytes(mpii_ground_truth_bytes(joints, labelled, headboxes))
    truth = read_mpii_ground_truth(path)
    np.testing.assert_allclose(truth.keypoints, joints - 1)
    np.testing.assert_array_equal(truth.labelled, labelled)
    np.testing.assert_allclose(truth.head_sizes, [30, 3, 6])  # diagonals 50, 5 and 10 px


def test_layout(people, tmp_path):
    """What MMPose and the evaluation scripts of MPII read."""
    joints, labelled, headboxes = people
    path = tmp_path / 'gt.mat'
    path.write_bytes(mpii_ground_truth_bytes(joints, labelled, headboxes))
    mat = loadmat(path)
    assert mat['pos_gt_src'].shape == (16, 2, 3) and mat['headboxes_src'].shape == (2, 2, 3)
    np.testing.assert_allclose(mat['pos_gt_src'][4, :, 2], joints[2, 4])
    np.testing.assert_array_equal(mat['jnt_missing'], 1 - labelled.T)
    np.testing.assert_array_equal(mat['headboxes_src'][:, :, 0], [[10, 20], [40, 60]])
    assert [name.item() for name in mat['dataset_joints'][0]][:3] == ['rank', 'rkne', 'rhip']


@pytest.mark.parametrize('name', ['pos_gt_src', 'jnt_missing', 'headboxes_src'])
def test_missing_or_misshapen_array(tmp_path, name):
    arrays = dict(pos_gt_src=(16, 2, 3), jnt_missing=(16, 3), headboxes_src=(2, 2, 3))
    arrays = {key: np.ones(shape) for key, shape in arrays.items()}
    path = tmp_path / 'gt.mat'
    savemat(path, {**arrays, name: np.ones((16, 2, 4))[..., :4]})
    with pytest.raises(ValueError, match=r'gt.mat: expected pos_gt_src \(16, 2, N\).*got '):
        read_mpii_ground_truth(path)
    del arrays[name]
    savemat(path, arrays)
    with pytest.raises(ValueError, match=r'got \w+ of shape'):
        read_mpii_ground_truth(path)


def test_what_no_picture_can_hold(people, tmp_path):
    joints, labelled, headboxes = people
    path = tmp_path / 'gt.mat'
    joints[2, 4], labelled[2, 4] = [1e30, 1], True
    joints[1, 3], labelled[1, 3] = np.nan, False  # of no label: junk
    path.write_bytes(mpii_ground_truth_bytes(joints, labelled, headboxes))
    with pytest.raises(ValueError, match=r'1 faulty .*\n.*person 2: left_knee is at \(1e\+30, 0\)'):
        read_mpii_ground_truth(path)
    labelled[2, 4] = False
    path.write_bytes(mpii_ground_truth_bytes(joints, labelled, headboxes * 1e30))
    with pytest.raises(ValueError, match=r'person 0: the head is 3e\+31 px large'):
        read_mpii_ground_truth(path)


def test_joints_of_another_order(people, tmp_path):
    path = tmp_path / 'gt.mat'
    path.write_bytes(mpii_ground_truth_bytes(*people))
    mat = {name: value for name, value in loadmat(path).items() if name[0] != '_'}
    mat['dataset_joints'][0, :2] = mat['dataset_joints'][0, 1::-1].copy()
    savemat(path, mat)
    with pytest.raises(ValueError, match=r"expected the joints \['rank', .* got \['rkne', 'rank'"):
        read_mpii_ground_truth(path)
