"""Meta information from names of joints, and entries of people."""

import numpy as np
import pytest

from mssh_mmpose.datasets.converters import make_instance
from mssh_mmpose.datasets.metainfo import body_metainfo
from mssh_mmpose.errors import InputError


@pytest.mark.parametrize(
    'name',
    [
        'l_hip',
        'L_Hip',
        'Left_hip',
        'hip_left',
        'hip_L',
        'leftHip',
        'left-hip',
        'RHip',
        'hipLeft',
    ],
)
def test_other_ways_to_name_a_side(name):
    """Flips would leave them on the wrong side."""
    with pytest.raises(InputError, match=f'joint {name} seems to be of one side; expected'):
        body_metainfo('own', [name, 'nose'], [], paper={})


def test_joints_in_the_middle():
    names = ('upper_lip', 'skull', 'rump', 'lefty', 'bright_eye', 'L5', 'spine_L3')
    info = body_metainfo('own', names, [], paper={})
    assert [joint['swap'] for joint in info['keypoint_info'].values()] == [''] * len(names)


def test_a_person_whose_box_has_no_area():
    """MMPose would leave it out without a word."""
    point, flag = np.array([[3.0, 4.0]]), np.array([True])
    with pytest.raises(
        InputError, match=r'a.jpg: the box \(3.0, 4.0, 3.0, 4.0\) of person 0 has no'
    ):
        make_instance(0, 'a.jpg', point, flag, None, np.array([3, 4, 3, 4]))
