import multiprocessing
import time

import pytest
import torch

from softmax_lessons import online
from softmax_lessons.processes import run_processes


@pytest.mark.parametrize("count", [2, 4])
def test_a_softmax_over_processes_is_the_softmax_of_the_whole(count):
    x = (torch.arange(5 * 24) * 0.618 % 1 * 200 - 100).reshape(5, 24)
    x[0, :12] = -float("inf")  # whole shards of a row
    x[1] += 1000  # each row has a maximum of its own
    parts = run_processes(online.softmax_sharded, list(x.chunk(count, dim=-1)))
    torch.testing.assert_close(torch.cat(parts, dim=-1), torch.softmax(x, -1))
    assert not multiprocessing.active_children()


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


def test_what_a_process_prints_does_not_get_out(capfd):
    run_processes(say_hello, [torch.ones(1)])
    assert capfd.readouterr() == ("", "")
