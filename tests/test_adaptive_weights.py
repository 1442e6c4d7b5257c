"""The two pure functions of the adaptive loss; test_adaptive_loss.py has the module."""

import numpy as np
import pytest
import torch

from mssh_mmpose.models.adaptive_loss import (
    NORMALIZATIONS,
    adaptive_weights,
    normalized_errors,
)

J, K = 3, 5
EVERY = torch.ones(K, dtype=torch.bool)


def algorithm_1(errors):
    """Algorithm 1 of the paper, line by line, with a_j capped at 1; errors (J, N)."""
    num_stages, num_keypoints = errors.shape
    weights = [np.full(num_keypoints, 1 / num_keypoints)]
    for j in range(num_stages - 1):
        loss = (weights[j] * errors[j]).sum()
        a = min(loss / (1 - loss), 1)
        powers = a ** (1 - errors[j])
        z = (weights[j] * powers).sum()
        weights.append(weights[j] * powers / z)
    return np.stack(weights)


def test_energy_is_half_for_the_empty_heatmap():
    energy = torch.tensor([[2.0, 3.0, 4.0]])
    pixels = torch.full_like(energy, 64)
    errors = energy * torch.tensor([0.5, 1.0, 2.0])  # better than empty, as good, worse
    found = normalized_errors(errors, energy, pixels, 'energy')
    torch.testing.assert_close(found, torch.tensor([[1 / 3, 1 / 2, 2 / 3]]))


def test_max_is_per_stack():
    errors = torch.tensor([[1.0, 4.0], [6.0, 3.0]])
    found = normalized_errors(errors, errors, torch.full((2, 2), 64.0), 'max')
    torch.testing.assert_close(found, torch.tensor([[0.25, 1.0], [1.0, 0.5]]))


def test_max_is_free_of_the_number_of_labels():
    """A joint that one person of four has labelled is as hard as its error per person."""
    errors, pixels = torch.tensor([[4.0, 2.0]]), torch.tensor([[256.0, 64.0]])
    found = normalized_errors(errors, errors, pixels, 'max')
    torch.testing.assert_close(found, torch.tensor([[0.5, 1.0]]))


def test_mean_over_pixels():
    found = normalized_errors(
        torch.tensor([[8.0, 128.0]]), torch.ones(1, 2), torch.full((1, 2), 64.0), 'mean'
    )
    torch.testing.assert_close(found, torch.tensor([[0.125, 1.0]]))  # never above 1


@pytest.mark.parametrize('normalize', NORMALIZATIONS)
@pytest.mark.parametrize('scale', [0.0, 1e-30, 1.0, 1e30])
def test_errors_stay_in_range(normalize, scale):
    errors = scale * torch.rand(J, K)
    found = normalized_errors(errors, torch.rand(J, K), torch.full((J, K), 16.0), normalize)
    assert found.isfinite().all() and (found >= 0).all() and (found <= 1).all()


@pytest.mark.parametrize('normalize', NORMALIZATIONS)
def test_nothing_summed(normalize):
    zero = torch.zeros(J, K)
    torch.testing.assert_close(normalized_errors(zero, zero, zero, normalize), zero)


def test_unknown_normalization():
    zero = torch.zeros(1, 1)
    with pytest.raises(ValueError, match=r"one of \('energy', 'max', 'mean'\), got 'sum'"):
        normalized_errors(zero, zero, zero, 'sum')


@pytest.mark.parametrize('largest', [0.4, 0.8, 1.0])
@pytest.mark.parametrize('num_stages', [1, 2, 8])
def test_algorithm_1(num_stages, largest):
    """The result is that of the paper's algorithm; about half the stacks reach the cap."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        errors = largest * rng.random((num_stages, 16))
        found = adaptive_weights(torch.from_numpy(errors), torch.ones(16, dtype=torch.bool))
        torch.testing.assert_close(found, torch.from_numpy(algorithm_1(errors)))


def test_algorithm_1_reaches_the_cap():
    """The test above compares both kinds of stacks: capped and not."""
    rng = np.random.default_rng(0)
    means = [rng.random(16).mean() for _ in range(100)]
    assert 20 < sum(mean >= 0.5 for mean in means) < 80


def test_float32_is_enough():
    errors = torch.rand(8, 16, dtype=torch.float64) * 0.6
    every = torch.ones(16, dtype=torch.bool)
    found = adaptive_weights(errors.float(), every)
    torch.testing.assert_close(found.double(), adaptive_weights(errors, every), rtol=1e-4, atol=0)


def test_harder_keypoints_gain_and_easier_ones_lose():
    errors = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.45]] * 2)
    first, second = adaptive_weights(errors, EVERY)
    assert (second.diff() > 0).all()
    assert second[0] < first[0] and second[-1] > first[-1]


def test_weights_grow_stack_by_stack():
    errors = torch.tensor([[0.1, 0.1, 0.1, 0.1, 0.45]] * 5)
    hard = adaptive_weights(errors, EVERY)[:, -1]
    assert (hard.diff() > 0).all()


@pytest.mark.parametrize('error', [0.0, 0.2, 0.5, 0.9, 1.0])
def test_equal_errors_leave_the_weights(error):
    found = adaptive_weights(torch.full((J, K), error), EVERY)
    torch.testing.assert_close(found, torch.full((J, K), 1 / K))


@pytest.mark.parametrize('mean', [0.5, 0.7])
def test_no_better_than_nothing_leaves_the_weights(mean):
    errors = mean + torch.tensor([[-0.2, -0.1, 0.0, 0.1, 0.2]] * 3)
    torch.testing.assert_close(adaptive_weights(errors, EVERY), torch.full((3, K), 1 / K))


def test_the_cap_uses_the_weighted_mean():
    """Once a hard joint has half of the weight, its error counts more than in the plain mean."""
    errors = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.99], [0.3, 0.3, 0.3, 0.3, 0.99], [0.0] * 5])
    first, second, third = adaptive_weights(errors, EVERY)
    assert second[-1] > 2 * first[-1]
    assert errors[1].mean() < 0.5 < (second * errors[1]).sum()
    torch.testing.assert_close(third, second)


@pytest.mark.parametrize('value', [0.0, 1.0])
def test_extreme_errors(value):
    errors = torch.full((40, K), value)
    errors[:, 0] = 1 - value
    found = adaptive_weights(errors, EVERY)
    assert found.isfinite().all()
    torch.testing.assert_close(found.sum(dim=1), torch.ones(40))


def test_weights_sum_to_one_over_the_labelled_keypoints():
    labelled = torch.tensor([True, False, True, True, False])
    found = adaptive_weights(torch.rand(J, K), labelled)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(J))
    assert not found[:, ~labelled].any()


def test_unlabelled_keypoints_do_not_influence_the_other_weights():
    labelled = torch.tensor([True, False, True, True, False])
    errors = torch.rand(J, K)
    expected = adaptive_weights(errors[:, labelled], EVERY[labelled])
    found = adaptive_weights(errors, labelled)[:, labelled]
    torch.testing.assert_close(found, expected)
    other = errors.clone()
    other[:, ~labelled] = 0.99
    found = adaptive_weights(other, labelled)[:, labelled]
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_no_keypoint_labelled():
    found = adaptive_weights(torch.rand(J, K), ~EVERY)
    torch.testing.assert_close(found, torch.zeros(J, K))


def test_weights_carry_no_gradient():
    assert not adaptive_weights(torch.rand(J, K, requires_grad=True), EVERY).requires_grad
