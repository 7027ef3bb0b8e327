"""`inspect_head`: problems are found and named, and healthy heads are left alone."""

import copy
import time
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from softmax_lessons import inspect_head
from softmax_lessons.field_guide import entries

inf, nan = float("inf"), float("nan")


def seeded(*shape, scale=1.0, seed=0):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def classes(shape, count, seed=1):
    return torch.randint(count, shape, generator=torch.Generator().manual_seed(seed))


X, T = seeded(64, 10), classes((64,), 10)


def changed(x, place, value):
    x = x.clone()
    x[place] = value
    return x


def padded():
    targets = classes((16, 12), 9) + 1
    targets[:, 7:] = 0
    return targets


ODD = {  # the entry that has to be named first, and what is given
    "softmax before": (36, X.softmax(dim=1), T),
    "softmax before, float16": (36, X.half().softmax(dim=1), T),
    "softmax before, bfloat16": (36, X.bfloat16().softmax(dim=1), T),
    "softmax before, many classes": (36, seeded(8, 5000).softmax(dim=1), None),
    "softmax before, pixels": (36, seeded(2, 5, 4, 4).softmax(dim=1), classes((2, 4, 4), 5)),
    "softmax over the batch": (1, X.softmax(dim=0), T),
    "sigmoid before": (84, X.sigmoid(), T),
    "log_softmax before": (37, X.log_softmax(dim=1), T),
    "one class": (14, X[:, :1], T * 0),
    "equal classes": (85, torch.zeros(64, 10), T),
    "equal rows": (85, X[:1].repeat(64, 1), T),
    "nan": (35, changed(X, (3, 4), nan), T),
    "inf": (35, changed(X, (3, 4), inf), T),
    "a row of -inf": (45, changed(X, 3, -inf), T),
    "saturated": (90, X * 300, None),
    "a tuple": (87, (X, X), T),
    "a dict": (87, {"logits": X}, T),
    "an object": (87, SimpleNamespace(logits=X), T),
    "an array": (87, X.numpy(), T),
    "integers": (15, X.long(), T),
    "booleans": (15, X > 0, T),
    "empty": (13, X[:0], T[:0]),
    "targets: float": (80, X, T.float()),
    "targets: int32": (80, X, T.int()),
    "targets: bool": (80, seeded(8, 2), classes((8,), 2).bool()),
    "targets: a list": (80, X, T.tolist()),
    "targets: from 1": (81, X, T + 1),
    "targets: -1": (81, X, changed(T, 5, -1)),
    "targets: one-hot, int64": (82, X, F.one_hot(T, 10)),
    "targets: a column": (82, X, T[:, None]),
    "targets: fewer": (83, X, T[:7]),
    "targets: classes last": (40, seeded(8, 6, 10), classes((8, 6), 10)),
    "targets: all ignored": (41, X, torch.full((64,), -100)),
    "targets: sums of 2": (89, X, 2 * X.softmax(dim=1)),
    "targets: below 0": (89, X, changed(F.one_hot(T, 10).float(), (0, slice(0, 2)), -0.5)),
    "padding": (88, seeded(16, 10, 12), padded()),
    "saturated and wrong": (
        90,
        changed(60 * F.one_hot(T, 10).float(), slice(0, 32), 60 * F.one_hot(T[32:], 10).float()),
        T,
    ),
    "a large first loss": (86, 8 * X, T),
    "a target whose logit is -inf": (86, changed(X, (0, int(T[0])), -inf), T),
}


@pytest.mark.parametrize("name", ODD)
def test_each_problem_is_named(name):
    entry, logits, targets = ODD[name]
    before = copy.deepcopy((logits, targets))
    found = inspect_head(logits, targets)
    assert found.findings[0].entry == entry
    assert f"See P{entry}. " in repr(found)
    for old, now in zip(before, (logits, targets), strict=True):
        assert not isinstance(old, torch.Tensor) or torch.equal(
            old.nan_to_num(7), now.nan_to_num(7)
        )


def test_every_finding_has_an_entry():
    assert {entry for entry, *_ in ODD.values()} <= {entry.number for entry in entries()}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nan", "1 of 640 logits are nan, first at (3, 4)."),
        ("targets: -1", "targets aren't classes from 0 to 9; the first is -1 at (5,)."),
        ("targets: from 1", "They seem to be counted from 1."),
        ("targets: fewer", "(7,), but it should be (64,)"),
        ("padding", "end with 0, 5.0 times on average"),
        ("a tuple", "a tuple of Tensor, Tensor"),
    ],
)
def test_a_finding_gives_the_numbers(name, says):
    _, logits, targets = ODD[name]
    assert says in repr(inspect_head(logits, targets))


def learned(steps, count=10, spread=3.0, rate=0.5, seed=0):
    """Return the logits of a linear layer that was trained on clouds of points, and the targets."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        targets = torch.randint(count, (256,))
        points = torch.randn(count, 20)[targets] * spread + torch.randn(256, 20)
        layer = nn.Linear(20, count)
        optimiser = torch.optim.SGD(layer.parameters(), lr=rate)
        for _ in range(steps):
            optimiser.zero_grad()
            F.cross_entropy(layer(points), targets).backward()
            optimiser.step()
        return layer(points), targets


def with_padding():
    targets = classes((16, 12), 50)
    targets[:, 7:] = -100
    return seeded(16, 50, 12), targets


def fresh(*layers, shape, targets, count):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(*layers)(seeded(*shape)), classes(targets, count)


HEALTHY = {
    **{
        f"{steps} steps, {count} classes, spread {spread}": learned(steps, count, spread)
        for steps in (0, 1, 10, 300)
        for count in (2, 10)
        for spread in (0.3, 1, 3)
    },
    "confident": learned(3000, spread=5.0, rate=2.0),
    "one row": (X[:1], T[:1]),
    "one slice": (X[0], T[0]),
    "two rows": (X[:2], T[:2]),
    "no targets": (X, None),
    "float16": (X.half(), T),
    "bfloat16": (X.bfloat16(), T),
    "float64": (X.double(), T),
    "bytes as targets": (X, T.byte()),
    "all logits positive": (X - X.min(), T),
    "all logits negative": (X - X.max(), T),
    "after a relu": (X.relu(), T),
    "small logits": (X / 100, T),
    "a constant added": (X + 1000, T),
    "masked classes": (changed(X, (slice(None), slice(7, 10)), -inf), classes((64,), 7)),
    "soft targets": (X, X.softmax(dim=1)),
    "soft targets, float16": (X, X.softmax(dim=1).half()),
    "one-hot, float": (X, F.one_hot(T, 10).float()),
    "ignored": (X, changed(T, slice(0, 20), -100)),
    "padding that is ignored": with_padding(),
    "words": (seeded(4, 1000, 20), classes((4, 20), 1000)),
    "pixels": (seeded(2, 5, 8, 8), classes((2, 8, 8), 5)),
    "many classes": (seeded(16, 50257, scale=0.1), classes((16,), 50257)),
    "as many rows as classes": (seeded(10, 10), T[:10]),
    "a sequence as long as its classes": (seeded(9, 10, 10), classes((9, 10), 10)),
    "a convolution": fresh(
        nn.Conv2d(3, 8, 3),
        nn.ReLU(),
        nn.Conv2d(8, 4, 1),
        shape=(2, 3, 9, 9),
        targets=(2, 7, 7),
        count=4,
    ),
    "two layers": fresh(
        nn.Linear(9, 30), nn.GELU(), nn.Linear(30, 6), shape=(40, 9), targets=(40,), count=6
    ),
    "a normalised head": fresh(
        nn.LayerNorm(9), nn.Linear(9, 6), shape=(40, 9), targets=(40,), count=6
    ),
    "with dropout": fresh(
        nn.Linear(9, 30), nn.Dropout(), nn.Linear(30, 6), shape=(40, 9), targets=(40,), count=6
    ),
    "a gradient is asked for": (X.clone().requires_grad_(), T),
    "a stride": (seeded(10, 64).T, T),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_head_gets_no_findings(name):
    assert inspect_head(*HEALTHY[name]).findings == ()


def test_there_are_enough_healthy_heads():
    assert len(HEALTHY) >= 50


def test_ignore_index_can_be_another_number():
    targets = changed(T, slice(0, 20), 0)
    assert inspect_head(X, targets, ignore_index=0).findings == ()
    assert inspect_head(X, torch.zeros(64).long(), ignore_index=0).findings[0].entry == 41


def test_it_says_what_it_looked_at_and_that_nothing_is_odd():
    assert repr(inspect_head(X, T)) == "float32 of shape (64, 10): nothing odd."


@pytest.mark.parametrize("shape", [(1024, 1000), (128, 10), (32, 50257)])
def test_it_takes_less_time_than_ten_softmaxes(shape):
    logits, targets = seeded(*shape), classes(shape[:1], shape[1])

    def fastest(call):
        times = []
        for _ in range(30):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return min(times)

    one = fastest(lambda: torch.softmax(logits, dim=1))
    assert fastest(lambda: inspect_head(logits, targets)) < 10 * one
