import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_lessons.online import State, merge, softmax, softmax_file, state_of

INF = float("inf")
CLOSE = torch.testing.assert_close
numbers = st.floats(-1000, 1000) | st.just(-INF)
rows = st.lists(numbers, min_size=1, max_size=8).map(
    lambda row: torch.tensor(row, dtype=torch.float64)
)
states = rows.map(state_of)


def same(a, b):
    CLOSE(tuple(a), tuple(b), rtol=1e-12, atol=0)


@settings(deadline=None)
@given(rows)
def test_a_state_is_the_maximum_and_the_sum(x):
    state = state_of(x)
    assert state.largest == x.max()
    CLOSE(state.logsumexp, torch.logsumexp(x, 0))


@settings(deadline=None)
@given(states, states)
def test_merging_does_not_depend_on_the_order(a, b):
    same(merge(a, b), merge(b, a))


@settings(deadline=None)
@given(states, states, states)
def test_merging_does_not_depend_on_the_grouping(a, b, c):
    same(merge(merge(a, b), c), merge(a, merge(b, c)))


@settings(deadline=None)
@given(states)
def test_an_empty_piece_changes_nothing(a):
    empty = State(torch.tensor(-INF, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64))
    same(merge(a, empty), a)
    same(merge(empty, empty), empty)


@settings(deadline=None)
@given(rows, st.integers(1, 9))
def test_the_merged_pieces_of_a_row_give_the_state_of_the_row(x, chunk):
    parts = [state_of(part) for part in x.split(chunk)]
    whole = parts[0]
    for part in parts[1:]:
        whole = merge(whole, part)
    same(whole, state_of(x))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.data(),
    st.integers(1, 6),
    st.sampled_from([torch.float32, torch.float64]),
    st.floats(0.1, 500),
)
def test_softmax_in_chunks_is_softmax(shape, data, chunk, dtype, scale):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    count = torch.Size(shape).numel()
    x = (scale * (torch.arange(1, count + 1) * 0.618 % 1 - 0.5)).to(dtype).reshape(shape)
    before = x.clone()
    probs = softmax(x, dim, chunk)
    CLOSE(probs, torch.softmax(x.double(), dim).to(dtype), rtol=1e-4, atol=1e-30)
    assert probs.dtype == dtype
    assert torch.equal(x, before)


def test_rows_with_minus_infinity():
    x = torch.tensor([[-INF, -INF, 1.0, 2.0], [-INF] * 4, [1.0, -INF, -INF, -INF]])
    CLOSE(softmax(x, 1, chunk=2), torch.softmax(x, 1), equal_nan=True)


def test_a_long_row_sums_to_one_as_closely_as_float32_allows():
    x = torch.arange(3_000_000) * 0.618 % 1 * 6 - 3
    assert abs(softmax(x).double().sum().item() - 1) < 1.5e-7


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_file_is_written_chunk_by_chunk_and_watched(tmp_path, dtype):
    count, seen = 1000, []
    x = np.memmap(tmp_path / "logits", dtype, "w+", shape=(count,))
    x[:] = (np.arange(count) * 0.618 % 1 - 0.5) * 400
    before = x.copy()
    out = np.memmap(tmp_path / "probs", dtype, "w+", shape=(count,))

    def watch(starts):
        seen.append(list(starts))
        return starts

    state = softmax_file(x, out, chunk=300, watch=watch)
    assert seen == [[0, 300, 600, 900]] * 2
    assert (x == before).all()
    right = torch.softmax(torch.from_numpy(before).double(), 0)
    CLOSE(torch.from_numpy(out[:]).double(), right, rtol=1e-4, atol=1e-40)
    CLOSE(state.largest.item(), before.max().item())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the memory limit is Linux's")
def test_a_file_larger_than_the_memory_limit_works(tmp_path):
    """64 MB of logits and as much of results, in a process that may use 40 MB more."""
    code = f"""
import resource
import numpy as np, torch
from softmax_lessons.online import softmax_file
torch.set_num_threads(1)
count = 16_000_000
x = np.memmap({str(tmp_path / "logits")!r}, "float32", "w+", shape=(count,))
for start in range(0, count, 1_000_000):
    x[start:start + 1_000_000] = np.arange(start, start + 1_000_000) * 0.618 % 1 * 6 - 3
out = np.memmap({str(tmp_path / "probs")!r}, "float32", "w+", shape=(count,))
softmax_file(x[:10], out[:10])
with open("/proc/self/status") as status:
    data = next(int(line.split()[1]) for line in status if line.startswith("VmData"))
limit = (data << 10) + (40 << 20)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    torch.softmax(torch.from_numpy(np.asarray(x)), 0)
    print("fits")
except RuntimeError:
    print("too large")
softmax_file(x, out)
print(abs(sum(part.sum(dtype="float64") for part in np.array_split(out, 16)) - 1) < 1e-6)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout.split("\n") == ["too large", "True", ""], done.stderr
