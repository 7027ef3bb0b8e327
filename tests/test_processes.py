import multiprocessing
import time

import pytest
import torch
import torch.nn.functional as F
from torch import distributed

from softmax_lessons import online
from softmax_lessons.online import run_processes


@pytest.mark.parametrize("count", [2, 4])
def test_a_softmax_over_processes_equals_the_softmax_of_the_whole(count):
    x = (torch.arange(5 * 24) * 0.618 % 1 * 200 - 100).reshape(5, 24)
    x[0, :12] = -float("inf")  # whole shards of a row
    x[1] += 1000  # each row has its own maximum
    parts = run_processes(online.softmax_sharded, list(x.chunk(count, dim=-1)), seconds=300)
    torch.testing.assert_close(torch.cat(parts, dim=-1), torch.softmax(x, -1))
    assert not multiprocessing.active_children()


def shards_of(x, count):
    return [part.clone().requires_grad_() for part in x.chunk(count, dim=-1)]


def weighted_softmax(shard, weights):
    """Return the part of (softmax * weights).sum(-1) that comes from this shard."""
    first = distributed.get_rank() * shard.size(-1)
    return (online.softmax_sharded(shard) * weights.narrow(-1, first, shard.size(-1))).sum(-1)


@pytest.mark.parametrize("count", [2, 3])
def test_the_gradient_of_a_softmax_over_processes_equals_that_of_the_whole(count):
    x = (torch.arange(4 * 12, dtype=torch.float64) * 0.618 % 1 * 8 - 4).reshape(4, 12)
    x[0, :6] = -float("inf")
    x[1] += 1000
    weights = torch.arange(4 * 12, dtype=torch.float64).cos().reshape(4, 12)
    shards, whole = shards_of(x, count), x.clone().requires_grad_()
    parts = run_processes(weighted_softmax, shards, weights, seconds=300)
    right = (torch.softmax(whole, -1) * weights).sum(-1)
    right.sum().backward()
    torch.testing.assert_close(sum(parts), right.detach())
    torch.testing.assert_close(torch.cat([shard.grad for shard in shards], dim=-1), whole.grad)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_loss_over_processes_and_its_gradient_equal_those_of_the_whole(count):
    x = (torch.arange(6 * 12, dtype=torch.float64) * 0.618 % 1 * 8 - 4).reshape(6, 12)
    x[1, :6] = -float("inf")  # whole shards, and the target is in another
    x[2, 0] = -float("inf")  # where a shard without the target looks
    x[3] = 1e8  # equal and large: log 12
    x[4] += 1000
    targets = torch.tensor([0, 11, 5, 6, 3, 8])
    shards, whole = shards_of(x, count), x.clone().requires_grad_()
    losses = run_processes(online.cross_entropy_sharded, shards, targets, seconds=300)
    right = F.cross_entropy(whole, targets, reduction="none")
    right.sum().backward()
    for each in losses:
        torch.testing.assert_close(each, right.detach())
    torch.testing.assert_close(torch.cat([shard.grad for shard in shards], dim=-1), whole.grad)


def test_a_target_that_no_process_has_is_refused_by_all():
    shards = [torch.ones(1, 3)] * 2
    for target in (-1, 6):
        with pytest.raises(RuntimeError, match=rf"IndexError: .* class {target}, of 0 to 5"):
            run_processes(online.cross_entropy_sharded, shards, torch.tensor([target]))


def scaled_loss(shard, targets):
    """Return losses whose gradients differ from row to row."""
    scale = torch.arange(1.0, len(targets) + 1, dtype=shard.dtype)
    return scale * online.cross_entropy_sharded(shard.mT.contiguous().mT, targets)


def test_the_gradient_of_each_row_is_scaled_by_its_upstream_gradient():
    x, targets = (
        torch.arange(12.0, dtype=torch.float64).sin().reshape(3, 4),
        torch.tensor([3, 0, 1]),
    )
    shards, whole = shards_of(x, 2), x.clone().requires_grad_()
    run_processes(scaled_loss, shards, targets)
    right = torch.tensor([1.0, 2, 3]) * F.cross_entropy(whole, targets, reduction="none")
    right.sum().backward()
    torch.testing.assert_close(torch.cat([shard.grad for shard in shards], dim=-1), whole.grad)


def test_a_process_that_fails_says_why_and_ends_the_others():
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"process 0 of 2 failed: .*singular"):
        run_processes(torch.linalg.inv, [torch.ones(2, 2), torch.eye(2)])
    assert time.monotonic() - start < 30
    assert not multiprocessing.active_children()


def test_a_process_that_never_answers_is_stopped_at_the_deadline():
    with pytest.raises(TimeoutError, match=r"processes \[0, 1\] did not answer within 0.5 s"):
        run_processes(online.softmax_sharded, [torch.ones(2), torch.ones(2)], seconds=0.5)
    assert not multiprocessing.active_children()


def test_one_process_alone_waits_for_nobody():
    x = torch.tensor([1.0, 2.0])
    (probs,) = run_processes(online.softmax_sharded, [x])
    torch.testing.assert_close(probs, torch.softmax(x, 0))


def say_hello(shard):
    print("hello", flush=True)
    return shard


def test_what_a_process_prints_is_not_shown(capfd):
    run_processes(say_hello, [torch.ones(1)])
    assert capfd.readouterr() == ("", "")
