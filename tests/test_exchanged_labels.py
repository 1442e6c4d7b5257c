"""Labels whose sides are exchanged."""

import numpy as np
import pytest
from test_comparison import INDEX, make_person

from mssh_mmpose.evaluation.comparison import mirror_limbs
from mssh_mmpose.evaluation.exchanged_labels import judge_labels

ARMS = [INDEX[f'{side}_{part}'] for side in ('left', 'right') for part in ('elbow', 'wrist')]


def wide_person():
    """A person of whom all joints tell: left and right are 120 px apart, the torso is 156 px."""
    person = make_person()
    person[:, 0] = 60 * np.sign(person[:, 0])
    return person


def judge(pred, target, labelled=None):
    labelled = np.ones(12, bool) if labelled is None else labelled
    verdicts = judge_labels(pred[None], target[None], labelled[None])
    return bool(verdicts.decidable[0]), bool(verdicts.exchanged[0])


def test_right_and_exchanged_labels():
    person = wide_person()
    mirrored = mirror_limbs(person[None])[0]
    assert judge(person, person) == (True, False)
    assert judge(mirrored, person) == (True, True)
    assert judge(np.full_like(person, np.nan), person) == (True, False)


@pytest.mark.parametrize('lost, exchanged', [(3, True), (4, False)])
def test_three_quarters_of_the_joints_agree(lost, exchanged):
    person = wide_person()
    pred = mirror_limbs(person[None])[0]
    pred[:lost] += 1000
    assert judge(pred, person) == (True, exchanged)


def test_joints_that_do_not_tell():
    person = make_person()  # only elbows and wrists are far apart
    mirrored = mirror_limbs(person[None])[0]
    assert judge(mirrored, person) == (False, False)
    wide = wide_person()
    labelled = np.ones(12, bool)
    labelled[ARMS[:3]] = False  # and so the fourth has no other side
    mirrored = mirror_limbs(wide[None])[0]
    assert judge(mirrored, wide, labelled) == (True, True)
    labelled[INDEX['left_knee']] = False
    assert judge(mirrored, wide, labelled) == (True, True)
    labelled[INDEX['left_ankle']] = False
    assert judge(mirrored, wide, labelled) == (False, False)


def test_the_longer_diagonal_counts():
    """Seen from the side one diagonal of the torso is short, and which one depends on the sides."""
    person = wide_person()
    person[INDEX['right_shoulder'], 0] = person[INDEX['left_hip'], 0]  # 100 px, the other has 156
    mirrored = mirror_limbs(person[None])[0]
    for target in (person, mirrored):
        pred = mirror_limbs(target[None])[0] + (25, 0)  # NEAR are 20 px or 31 px
        assert judge(pred, target) == (True, True)


def test_tool(run_tool, real_data, tmp_path):
    """The default network agrees with most labels of LSP's test set."""
    options = ['--dataset', 'lsp', '--data-root', real_data('lsp'), '--count', 40]
    out_file = tmp_path / 'found/sides.txt'
    status, out, err = run_tool(
        'find_exchanged_sides', 'mssh-s_lsp_128x128', *options, '--out', out_file, '--device', 'cpu'
    )
    assert status == 0, err
    found, total, tell = (int(word) for word in out.split('\n')[-2].split() if word.isdigit())
    assert total == 40 and 20 < tell < 40 and found < 5
    numbers = [int(line) for line in out_file.read_text().split('\n') if line[:1].isdigit()]
    assert len(numbers) == found and all(1001 <= number <= 2000 for number in numbers)
