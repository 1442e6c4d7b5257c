"""The module of the adaptive loss; test_adaptive_weights.py has its pure functions."""

import os
import socket

import numpy as np
import pytest
import torch
import torch.distributed as dist
from mmengine.dist import all_reduce_params
from mmpose.models.losses import KeypointMSELoss
from mmpose.registry import MODELS
from test_adaptive_weights import algorithm_1
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import gradcheck
from torch.multiprocessing import start_processes

from mssh_mmpose.models import AdaptiveWeightedHeatmapLoss
from mssh_mmpose.models import adaptive_loss as module_under_test
from mssh_mmpose.models.adaptive_loss import (
    NORMALIZATIONS,
    adaptive_weights,
    normalized_errors,
)

B, K = 4, 5
SIDES = (4, 4, 8)
J = len(SIDES)
EVERY = torch.ones(K, dtype=torch.bool)


def make_loss(**settings):
    return AdaptiveWeightedHeatmapLoss(**{**dict(num_stages=J, num_keypoints=K), **settings})


def random_batch(batch=B, dtype=torch.float32, seed=0, sides=SIDES):
    """Predictions that are roughly right, targets, and weights with some joints unlabelled."""
    g = torch.Generator().manual_seed(seed)
    targets, preds = [], []
    hardness = torch.rand(1, K, 1, 1, generator=g)
    for side in sides:
        target = torch.rand(batch, K, side, side, generator=g).to(dtype)
        noise = torch.randn(batch, K, side, side, generator=g)
        preds.append((target + 0.5 * hardness * noise).to(dtype).requires_grad_())
        targets.append(target)
    weights = (torch.rand(batch, K, generator=g) < 0.7).to(dtype)
    weights[0] = 1
    return preds, targets, [weights] * len(sides)


def mse_losses(preds, targets, weights, **settings):
    mse = KeypointMSELoss(use_target_weight=True, **settings)
    return [mse(*stage) for stage in zip(preds, targets, weights)]


@pytest.mark.parametrize('weight_of_loss', [1.0, 2.5])
def test_equal_weights_are_keypoint_mse(weight_of_loss):
    batch = random_batch()
    found = make_loss(adaptive=False, loss_weight=weight_of_loss)(*batch)
    expected = mse_losses(*batch, loss_weight=weight_of_loss)
    torch.testing.assert_close(found, expected)


def test_first_stack_has_equal_weights():
    batch = random_batch()
    torch.testing.assert_close(make_loss()(*batch)[0], mse_losses(*batch)[0])


def test_equal_weights_with_a_keypoint_that_is_never_labelled():
    preds, targets, weights = random_batch()
    weights[0][:, 2] = 0
    found = make_loss(adaptive=False)(preds, targets, weights)
    torch.testing.assert_close(found, mse_losses(preds, targets, weights))


def test_sum_over_pixels_is_eq_2():
    """The loss sums squares, so the same error on a larger map has the same loss."""
    preds, targets, weights = random_batch(dtype=torch.float64)
    found = make_loss(adaptive=False, reduction='sum')(preds, targets, weights)
    sums = [(p - t).square().sum(dim=(2, 3)) for p, t in zip(preds, targets)]
    torch.testing.assert_close(found, [(w * s).mean() for w, s in zip(weights, sums)])
    larger = [torch.nn.functional.pad(x, (0, 4, 4, 0)) for x in preds]
    aims = [torch.nn.functional.pad(x, (0, 4, 4, 0)) for x in targets]
    torch.testing.assert_close(
        make_loss(adaptive=False, reduction='sum')(larger, aims, weights), found
    )


@pytest.mark.parametrize('settings', [{}, dict(smoothing=0.5), dict(normalize='mean')], ids=str)
def test_reduction_leaves_the_weights_of_the_keypoints(settings):
    batch = random_batch()
    by_sum, by_mean = (make_loss(reduction=name, **settings) for name in ('sum', 'mean'))
    sums, means = by_sum(*batch), by_mean(*batch)
    torch.testing.assert_close(by_sum.adaptive_weights, by_mean.adaptive_weights, rtol=0, atol=0)
    torch.testing.assert_close(sums, [side**2 * x for side, x in zip(SIDES, means)])


@pytest.mark.parametrize('normalize', NORMALIZATIONS)
def test_objective_by_hand(normalize):
    """Eq. 3 with Algorithm 1's weights, in NumPy."""
    preds, targets, weights = random_batch(dtype=torch.float64)
    weights[0][:, 2] = 0
    found = make_loss(normalize=normalize, loss_weight=3.0)(preds, targets, weights)
    v = weights[0].numpy()
    labelled = v.any(axis=0)
    errors, means = [], []
    for pred, target in zip(preds, targets):
        p, t = pred.detach().numpy(), target.numpy()
        error = (v * ((p - t) ** 2).sum(axis=(2, 3))).sum(axis=0)[labelled]
        energy = (v * (t**2).sum(axis=(2, 3))).sum(axis=0)[labelled]
        pixels = v.sum(axis=0)[labelled] * p[0, 0].size
        largest = (error / pixels).max()
        normalizer = dict(energy=error + energy, max=pixels * largest, mean=pixels)[normalize]
        errors.append(error / normalizer)
        means.append(error / (B * p[0, 0].size))
    expected = 3 * 4 / 5 * (algorithm_1(np.stack(errors)) * np.stack(means)).sum(axis=1)
    torch.testing.assert_close(torch.stack(found), torch.from_numpy(expected), rtol=1e-6, atol=0)


def test_weights_that_were_used_are_kept():
    loss, batch = make_loss(), random_batch()
    loss(*batch)
    preds, targets, weights = batch
    labelled = torch.ones(K, dtype=torch.bool)
    errors = torch.stack(
        [
            ((p - t).square().sum((2, 3)) * w).sum(0)
            / (((p - t).square() + t.square()).sum((2, 3)) * w).sum(0)
            for p, t, w in zip(preds, targets, weights)
        ]
    )
    torch.testing.assert_close(loss.adaptive_weights, adaptive_weights(errors, labelled))
    assert 'adaptive_weights' not in loss.state_dict()


def test_hard_keypoint_weighs_more():
    targets = [torch.rand(B, K, 8, 8) for _ in range(J)]
    preds = [0.9 * target for target in targets]
    for pred, target in zip(preds, targets):
        pred[:, 3] = 0.3 * target[:, 3]
    loss = make_loss()
    loss(preds, targets, [torch.ones(B, K)] * J)
    assert (loss.adaptive_weights[:, 3].diff() > 0).all()
    others = loss.adaptive_weights[:, [0, 1, 2, 4]]
    assert (others.diff(dim=0) < 0).all()


def test_gradcheck_with_weights_held(monkeypatch):
    held = torch.rand(J, K, dtype=torch.float64).softmax(dim=1)
    monkeypatch.setattr(module_under_test, 'adaptive_weights', lambda errors, labelled: held)
    preds, targets, weights = random_batch(2, torch.float64, sides=(2, 2, 3))
    loss = make_loss(loss_weight=10.0)
    assert gradcheck(lambda *preds: tuple(loss(preds, targets, weights)), preds)


def test_no_gradient_through_the_weights():
    """The gradient is that of the weighted squares, the weights being constants."""
    preds, targets, weights = random_batch(dtype=torch.float64)
    loss = make_loss()
    sum(loss(preds, targets, weights)).backward()
    for j, (pred, target, weight) in enumerate(zip(preds, targets, weights)):
        factor = weight * loss.adaptive_weights[j] / (B * pred[0, 0].numel())
        expected = 2 * factor[..., None, None] * (pred - target)
        torch.testing.assert_close(pred.grad, expected, rtol=1e-6, atol=1e-9)


def test_earlier_stacks_get_no_gradient_from_later_ones():
    preds, targets, weights = random_batch()
    losses = make_loss()(preds, targets, weights)
    losses[-1].backward()
    assert preds[0].grad is None or not preds[0].grad.any()


@pytest.mark.parametrize('normalize', NORMALIZATIONS)
@pytest.mark.parametrize('smoothing', [0.0, 0.5])
def test_unlabelled_keypoints_have_no_influence(normalize, smoothing):
    """Any prediction of an unlabelled joint gives the same loss, gradients and weights."""
    results = []
    for junk in (0.0, 1e3):
        loss = make_loss(normalize=normalize, smoothing=smoothing)
        for seed in range(2):
            preds, targets, weights = random_batch(seed=seed)
            weights[0][:, 2] = 0  # never labelled
            for pred, target, weight in zip(preds, targets, weights):
                unlabelled = weight == 0
                pred.data[unlabelled] = junk
                target[unlabelled] = -junk
            losses = loss(preds, targets, weights)
            sum(losses).backward()
        gradients = [pred.grad for pred in preds]
        results.append([torch.stack(losses).detach(), loss.adaptive_weights.clone(), gradients])
        assert all(not pred.grad[weight == 0].any() for pred, weight in zip(preds, weights))
        assert not loss.adaptive_weights[:, 2].any()
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)


@pytest.mark.parametrize('settings', [{}, dict(adaptive=False), dict(smoothing=0.9)], ids=str)
@pytest.mark.parametrize('normalize', NORMALIZATIONS)
def test_no_label_in_the_batch(settings, normalize):
    loss = make_loss(normalize=normalize, **settings)
    for labels in (0, 1, 0):  # at first, and after a batch with labels
        preds, targets, _ = random_batch()
        losses = loss(preds, targets, [torch.full((B, K), float(labels))] * J)
        sum(losses).backward()
        assert all(torch.isfinite(x) and bool(x == 0) is (labels == 0) for x in losses)
        assert all(pred.grad.isfinite().all() for pred in preds)
    assert not any(pred.grad.any() for pred in preds)
    assert all(buffer.isfinite().all() for buffer in loss.buffers())


@pytest.mark.parametrize('dtype', [torch.int64, torch.bool, torch.float64])
def test_types_of_the_keypoint_weights(dtype):
    preds, targets, weights = random_batch()
    expected = make_loss()(preds, targets, weights)
    found = make_loss()(preds, targets, [weight.to(dtype) for weight in weights])
    torch.testing.assert_close(found, expected)


def test_fractional_keypoint_weights():
    """A weight of 1/2 counts half, both in the objective and in the recursion."""
    preds, targets, _ = random_batch()
    weights = [torch.rand(B, K) + 0.1] * J
    equal = make_loss(adaptive=False)(preds, targets, weights)
    torch.testing.assert_close(equal, mse_losses(preds, targets, weights))
    # All weights halved: the same errors, hence the same weights, and half the loss.
    loss, half = make_loss(), make_loss()
    losses = loss(preds, targets, weights)
    halves = half(preds, targets, [weight / 2 for weight in weights])
    torch.testing.assert_close(half.adaptive_weights, loss.adaptive_weights)
    torch.testing.assert_close([2 * x for x in halves], losses)


def test_weights_per_stack():
    """A joint may lie outside only the fine map."""
    preds, targets, weights = random_batch()
    fewer = weights[0].clone()
    fewer[0, 1] = 0
    weights = [weights[0], weights[0], fewer]
    found = make_loss(adaptive=False)(preds, targets, weights)
    torch.testing.assert_close(found, mse_losses(preds, targets, weights))


def test_inputs_are_unchanged():
    batch = random_batch()
    before = [[x.detach().clone() for x in part] for part in batch]
    make_loss(smoothing=0.5)(*batch)
    torch.testing.assert_close([[x.detach() for x in part] for part in batch], before)


def test_bfloat16_gives_the_float32_weights():
    preds, targets, weights = random_batch()
    preds = [pred.detach().bfloat16() for pred in preds]
    exact, mixed = make_loss(), make_loss()
    expected = exact([pred.float() for pred in preds], targets, weights)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = mixed(preds, targets, weights)
    assert {x.dtype for x in found} == {torch.float32}
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    torch.testing.assert_close(mixed.adaptive_weights, exact.adaptive_weights, rtol=0, atol=0)


@pytest.mark.parametrize(
    'settings', [{}, dict(smoothing=0.5, warmup_iters=3), dict(adaptive=False)]
)
@pytest.mark.parametrize('normalize', NORMALIZATIONS)
def test_no_value_is_read_back(normalize, settings):
    """Fake tensors have no values: code that would wait for a GPU's value fails here."""
    with FakeTensorMode():
        loss = make_loss(normalize=normalize, **settings)
        preds = [torch.empty(B, K, side, side, requires_grad=True) for side in SIDES]
        targets = [torch.empty(B, K, side, side) for side in SIDES]
        losses = loss(preds, targets, [torch.empty(B, K)] * J)
        sum(losses).backward()
    assert len(losses) == J


def test_warmup():
    """Equal weights in the first training iterations; evaluations do not count."""
    loss, batch = make_loss(warmup_iters=2), random_batch()
    equal = torch.full((J, K), 1 / K)
    loss.eval()
    loss(*batch)
    assert loss.iterations == 0
    loss.train()
    for i in range(4):
        found = loss(*batch)
        if i < 2:
            torch.testing.assert_close(loss.adaptive_weights, equal)
            torch.testing.assert_close(found, mse_losses(*batch))
        else:
            assert (loss.adaptive_weights[1:] - equal[1:]).abs().max() > 1e-3
    assert loss.iterations == 4


def test_smoothing_by_hand():
    """Running averages of E, T and the pixels; the first batch of a keypoint starts its own."""
    s = 0.75
    loss = make_loss(smoothing=s)
    sums = []
    for seed in range(3):
        preds, targets, weights = random_batch(seed=seed)
        if seed == 0:
            weights[0][:, 2] = 0  # first labelled in the second batch
        if seed == 1:
            weights[0][:, 4] = 0  # not labelled in the second batch
        loss(preds, targets, weights)
        sums.append(
            torch.stack(
                [
                    torch.stack(
                        [
                            ((p - t).square().sum((2, 3)) * w).sum(0).detach(),
                            (t.square().sum((2, 3)) * w).sum(0),
                            w.sum(0) * p[0, 0].numel(),
                        ]
                    )
                    for p, t, w in zip(preds, targets, weights)
                ],
                dim=1,
            )
        )
    a, b, c = sums
    expected = s * (s * a + (1 - s) * b) + (1 - s) * c
    expected[..., 2] = (s * b + (1 - s) * c)[..., 2]
    expected[..., 4] = (s * a + (1 - s) * c)[..., 4]
    torch.testing.assert_close(loss.running, expected)
    errors = normalized_errors(*expected)
    torch.testing.assert_close(loss.adaptive_weights, adaptive_weights(errors, EVERY))


def test_smoothing_forgets_an_overflow():
    """A batch that mixed precision skips as not finite does not change the averages."""
    loss = make_loss(smoothing=0.9)
    loss(*random_batch())
    before = loss.running.clone()
    preds, targets, weights = random_batch(seed=1)
    stack, keypoint = 0, 2
    preds[stack].data[0, keypoint] = torch.inf
    loss(preds, targets, weights)
    torch.testing.assert_close(loss.running[:, stack, keypoint], before[:, stack, keypoint])
    assert loss.running.isfinite().all()
    loss(*random_batch(seed=2))
    assert loss.adaptive_weights.isfinite().all()


def test_unlabelled_keypoints_have_no_weight_despite_a_running_average():
    loss = make_loss(smoothing=0.9)
    loss(*random_batch())
    before = loss.running.clone()
    preds, targets, weights = random_batch(seed=1)
    weights[0][:, 2] = 0
    loss(preds, targets, weights)
    assert not loss.adaptive_weights[:, 2].any()
    torch.testing.assert_close(loss.adaptive_weights.sum(dim=1), torch.ones(J))
    torch.testing.assert_close(loss.running[..., 2], before[..., 2], rtol=0, atol=0)


def test_smoothing_of_constant_errors_changes_nothing():
    batch = random_batch()
    plain, smooth = make_loss(), make_loss(smoothing=0.9)
    for _ in range(5):
        torch.testing.assert_close(smooth(*batch), plain(*batch))


def test_evaluation_leaves_the_running_averages():
    loss = make_loss(smoothing=0.9)
    loss(*random_batch())
    before = {key: value.clone() for key, value in loss.state_dict().items()}
    loss.eval()(*random_batch(seed=1))
    torch.testing.assert_close(dict(loss.state_dict()), before, rtol=0, atol=0)


@pytest.mark.parametrize('settings', [dict(smoothing=0.9), dict(warmup_iters=4)], ids=str)
def test_resumed_is_uninterrupted(settings, tmp_path):
    whole = make_loss(**settings)
    expected = [whole(*random_batch(seed=seed)) for seed in range(6)]
    first, second = make_loss(**settings), make_loss(**settings)
    found = [first(*random_batch(seed=seed)) for seed in range(3)]
    torch.save(first.state_dict(), tmp_path / 'checkpoint.pth')
    second.load_state_dict(torch.load(tmp_path / 'checkpoint.pth'))
    found += [second(*random_batch(seed=seed)) for seed in range(3, 6)]
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    torch.testing.assert_close(second.adaptive_weights, whole.adaptive_weights, rtol=0, atol=0)


def test_built_from_config():
    loss = MODELS.build(
        dict(
            type='AdaptiveWeightedHeatmapLoss',
            num_stages=2,
            num_keypoints=3,
            normalize='max',
            adaptive=False,
            warmup_iters=10,
            smoothing=0.5,
            loss_weight=2.0,
        )
    )
    assert loss.takes_all_stages
    assert not list(loss.parameters())


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(normalize='sum'), r"one of \('energy', 'max', 'mean'\), got 'sum'"),
        (dict(smoothing=1.0), r'smoothing must be in \[0, 1\), got 1.0'),
        (dict(smoothing=-0.1), r'smoothing must be in \[0, 1\), got -0.1'),
        (dict(warmup_iters=-1), 'warmup_iters must not be negative, got -1'),
        (dict(reduction='none'), r"one of \('sum', 'mean'\), got 'none'"),
        (dict(num_stages=None), 'needs num_stages and num_keypoints'),
    ],
)
def test_invalid_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        make_loss(**settings)


@pytest.mark.parametrize(
    'sides, num_keypoints, message',
    [
        ((4, 4), K, '3 stacks of 5 keypoints, got 2 of 5'),
        (SIDES, 6, '3 stacks of 6 keypoints, got 3 of 5'),
    ],
)
def test_wrong_number_of_stacks_or_keypoints(sides, num_keypoints, message):
    with pytest.raises(ValueError, match=message):
        make_loss(num_keypoints=num_keypoints)(*random_batch(sides=sides))


def test_targets_that_do_not_fit():
    preds, targets, weights = random_batch()
    with pytest.raises(ValueError, match=r'stack 3 .*\(4, 5, 8, 8\).*\(4, 5, 4, 4\)'):
        make_loss()(preds, [*targets[:2], targets[0]], weights)
    with pytest.raises(ValueError, match='stack 3'):
        make_loss()(preds, targets, [*weights[:2], weights[0][:, :1]])


# ---- several processes


def worker(rank, folder, settings):
    """One of two ranks, each with half of the batches that the parent computes whole."""
    torch.set_num_threads(1)
    loopback = [name for _, name in socket.if_nameindex() if name.startswith('lo')]
    os.environ.setdefault('GLOO_SOCKET_IFNAME', loopback[0])
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    loss = make_loss(**settings)
    half = slice(rank * B, (rank + 1) * B)
    for batch in distributed_batches():
        preds, targets, weights = ([x[half].detach() for x in part] for part in batch)
        preds = [pred.requires_grad_() for pred in preds]
        losses = loss(preds, targets, weights)
        sum(losses).backward()
    # What MMEngine's SyncBuffersHook does after an epoch must change nothing.
    buffers = {name: buffer.clone() for name, buffer in loss.named_buffers()}
    all_reduce_params(loss.buffers(), op='mean')
    torch.testing.assert_close(dict(loss.named_buffers()), buffers)
    result = dict(
        losses=torch.stack(losses).detach(), grads=[pred.grad for pred in preds], buffers=buffers
    )
    torch.save(result, f'{folder}/{rank}.pth')
    dist.destroy_process_group()


def distributed_batches():
    for seed in range(2):
        preds, targets, weights = random_batch(2 * B, seed=seed)
        weights[0][B:, 1] = 0  # no label on the second rank
        weights[0][:, 3] = 0  # nor on any
        yield preds, targets, weights


@pytest.mark.skipif(not dist.is_gloo_available(), reason='torch was built without gloo')
def test_two_ranks_are_one_of_twice_the_batch(tmp_path):
    settings = dict(smoothing=0.5)
    start_processes(worker, (str(tmp_path), settings), nprocs=2, start_method='fork')
    ranks = [torch.load(tmp_path / f'{rank}.pth') for rank in range(2)]
    loss = make_loss(**settings)
    for preds, targets, weights in distributed_batches():
        losses = loss(preds, targets, weights)
        sum(losses).backward()
    for rank in ranks:
        torch.testing.assert_close(rank['buffers'], dict(loss.named_buffers()))
    torch.testing.assert_close((ranks[0]['losses'] + ranks[1]['losses']) / 2, torch.stack(losses))
    for j, pred in enumerate(preds):
        # DistributedDataParallel averages the gradients of the ranks.
        found = torch.cat([rank['grads'][j] for rank in ranks]) / 2
        torch.testing.assert_close(found, pred.grad)


# ---- proof that it acts


def test_noisy_joints_gain_weight_stack_by_stack(tiny_net):
    """Two of eight joints have a target that moves in every step."""
    net = tiny_net(num_keypoints=8, stage_strides=(4, 4, 4))
    loss = AdaptiveWeightedHeatmapLoss(3, 8, smoothing=0.8, loss_weight=1000.0)
    x = torch.randn(2, 3, 64, 64)
    grid = torch.stack(torch.meshgrid(torch.arange(16), torch.arange(16), indexing='ij'))

    def draw(centers):
        squared = (grid - centers[..., None, None]).square().sum(dim=2)
        return torch.exp(-squared / 2)

    centers = torch.randint(3, 13, (2, 8, 2)).float()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(60):
        centers[:, [2, 5]] = torch.randint(3, 13, (2, 2, 2)).float()
        targets = [draw(centers)] * 3
        losses = loss(net(x), targets, [torch.ones(2, 8)] * 3)
        optimizer.zero_grad()
        sum(losses).backward()
        optimizer.step()
    noisy = loss.adaptive_weights[:, [2, 5]]
    clean = loss.adaptive_weights[:, [0, 1, 3, 4, 6, 7]]
    assert (noisy.diff(dim=0) > 0).all()
    assert (noisy[1:].min(dim=1).values > clean[1:].max(dim=1).values).all()
    assert noisy[-1].sum() > 0.4  # a quarter at first


@pytest.mark.parametrize('unlabelled', [0, 2])
def test_a_label_in_some_stacks_counts(unlabelled):
    preds, targets, weights = random_batch()
    fewer = weights[0].clone()
    fewer[:, 1] = 0
    weights = [fewer if j == unlabelled else weights[0] for j in range(J)]
    loss = make_loss(adaptive=False)
    torch.testing.assert_close(loss(preds, targets, weights), mse_losses(preds, targets, weights))
    assert (loss.adaptive_weights[:, 1] > 0).all()


def test_by_default_only_the_batch_counts():
    loss, fresh = make_loss(), make_loss()
    loss(*random_batch())
    loss(*random_batch(seed=1)), fresh(*random_batch(seed=1))
    torch.testing.assert_close(loss.adaptive_weights, fresh.adaptive_weights, rtol=0, atol=0)
    assert not loss.running.any()
