"""The exercise on log_softmax, and its laws."""

import math
from collections.abc import Iterator
from itertools import starmap

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise, grid, row, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.lessons.in_pairs import few_in_pairs
from softmax_lessons.lessons.laws import no_inf, no_nan, of, slices
from softmax_lessons.lessons.log_softmax_misconceptions import (
    FEW,
    LOG_DIMS,
    LOG_PLACES,
    LOGS,
    LOGS_OVERFLOW,
    on_ordinary,
)
from softmax_lessons.lessons.log_softmax_steps import FAR_APART, LogRecipe
from softmax_lessons.lessons.misconceptions import LIBRARY, SIDE_EFFECT
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.overflows import FAR_LOGITS
from softmax_lessons.lessons.wrong_dims import SOME_SHAPES

WRITTEN_OUT = (
    "`s = x - x.amax(dim, keepdim=True)`, then `s - s.exp().sum(dim, keepdim=True).log()`."
)


# --- laws -----------------------------------------------------------------------------------------


def _rows(probe: Probe, *tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    yield from zip(*(slices(t, probe) for t in (probe.logits.double(), *tensors)), strict=True)


def _list(x: Tensor) -> str:
    return "[" + ", ".join(number(v) for v in x.tolist()[:6]) + (", ...]" if len(x) > 6 else "]")


def never_above_0(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The log of a probability is never above 0."""
    above = value[value > 1e-3]
    if not above.numel():
        return ""
    return (
        "The log of a probability is never above 0, but one of yours is "
        f"{number(above.flatten()[0].item())}."
    )


def differences_stay(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Two results in a slice differ by as much as their logits do."""
    for x, y, _ in _rows(probe, value, expected):
        fine = x.isfinite() & y.isfinite()
        if fine.sum() < 2:
            continue
        x, y = x[fine], y[fine]
        i, j = int(x.argmax()), int(x.argmin())
        wanted, got = (x[i] - x[j]).item(), (y[i] - y[j]).item()
        if abs(got - wanted) > 1e-2 * (1 + abs(wanted)):
            return (
                f"In one slice, the logits {number(x[i].item())} and {number(x[j].item())} differ "
                f"by {number(wanted)}, and so should their results; yours differ by {number(got)}."
            )
    return ""


def exps_sum_to_1(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The exps of the results in a slice sum to 1."""
    for _, y, _ in _rows(probe, value, expected):
        total = y.exp().sum().item()
        if abs(total - 1) > 1e-2 and math.isfinite(total):
            return (
                "exp of your results should give probabilities, which sum to 1. In one slice, "
                f"they sum to {number(total)}: exp of {_list(y)}."
            )
    return ""


# How numbers get lost in any formula with a log of a sum of exps.
LOST_NUMBERS = (
    Law(
        "gives-nan",
        no_nan,
        (
            "Print each step. Which is the first to contain a nan or an inf?",
            "A nan comes from inf - inf, 0 * inf or 0 / 0. Which is yours?",
            "Subtract each slice's maximum before `exp`, and write log(a / b) as log(a) - log(b).",
        ),
    ),
    Law(
        "gives-inf",
        no_inf,
        (
            "Print each step. Which is the first with an inf in it, or takes the log of 0?",
            "In float32, exp of 89 is inf, exp of -104 is 0, and the log of 0 is -inf.",
            "Subtract each slice's maximum before `exp`, and write log(a / b) as log(a) - log(b).",
        ),
    ),
)

# Mistakes on ordinary logits come before what happens to huge ones.
LOG_LAWS = (
    Law(
        "differences-change",
        differences_stay,
        (
            "Follow two logits of one slice through each step. Where does their difference change?",
            "Subtract the same number from all logits in a slice.",
            WRITTEN_OUT,
        ),
    ),
    Law(
        "above-0",
        never_above_0,
        (
            "What do you subtract from the logits? Is it at least as large as the largest?",
            "The log of the sum of exps is never below the largest logit.",
            WRITTEN_OUT,
        ),
    ),
    Law(
        "exps-do-not-sum-to-1",
        exps_sum_to_1,
        (
            "Which number do you subtract from each slice, and which should it be?",
            "It should be the log of the sum of this slice's own exps.",
            WRITTEN_OUT,
        ),
    ),
    *LOST_NUMBERS,
    *of("some-slices-wrong"),
)


# --- the exercise ---------------------------------------------------------------------------------


def _probe(logits: Tensor, dim: int, gradient: bool = False, seed: int = 0) -> Probe:
    return Probe(logits, dim, gradient, rounding="absolute", seed=seed)


def _probes() -> tuple[Probe, ...]:
    far = [1000, 1001, 1002]
    inputs = [
        (row(0, 0), 0),
        (grid([1, 2, 3], [1, 2, 1]), 1),
        (grid([1, 2, 3], [1, 2, 1]), 0),
        (grid([1, 2], [3, 5]), 0),
        (grid([1, 2], [3, 5]), 1),
        (row(2, 1, 0.1), -1),
        (row(2, 1, 0.1), -1, False, 1),  # with different random numbers
        (scores(1, 3), 0),
        (scores(2, 2, 2), 0),
        (scores(2, 2, 2), 1),
        (scores(2, 2, 2), 2),
        (scores(2, 3, 4), 0),
        (scores(2, 3, 4), 1),
        (scores(2, 3, 4, 5), 1),
        (scores(2, 3, 4, 5), -2),
        (scores(2, 3, 4, 5), 3),
        (row(1, 2, dtype=torch.float64), 0),
        (scores(3, 4, dtype=torch.float64), 1),
        (scores(3, 4, dtype=torch.float64), 0),
        (scores(3, 4, dtype=torch.float16), 1),
        (scores(2, 3), 1, True),
        (scores(2, 3), 0, True),
        (row(1000, 1001), 0),
        (row(-1000, -1001), 0),
        (row(-60, 0, 60), 0),
        (row(0, 0, 90), 0),
        (row(0, -200, 500), 0),
        (row(200, 0, -5), 0, True),
        (row(1, -INF, 2), 0),
        (grid([0, 1, 2], far), 1),
        (grid([0, 1, 2], far).T.contiguous(), 0),
        (grid([-1000, -1001, -1002], [5, 5, 5]), 1),
        (row(*FAR_APART, dtype=torch.float64), 0),
        (row(11, 12, 9, dtype=torch.float16), 0),
    ]
    return tuple(starmap(_probe, inputs))


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    small = 6 * torch.rand(3, 2, 4, generator=generator) - 3
    large = 3000 * torch.rand(3, 4, generator=generator) - 1500
    pairs = [(small, dim) for dim in range(3)] + [(large, dim) for dim in range(2)]
    return tuple(_probe(x, dim) for x, dim in pairs)


LOG_SOFTMAX = Exercise(
    "f(x, dim)",
    _probes(),
    _fresh,
    reference=torch.log_softmax,
    right=(LogRecipe(),),
    by_hand=frozenset({"log_softmax"}),
    misconceptions=(
        *NO_RESULT,
        *few_in_pairs(*LOGS, *LOG_DIMS, *LOGS_OVERFLOW, few=FEW),
        *SIDE_EFFECT,
        *SOME_SHAPES,
        *(m for m in LIBRARY if m.slug == "random-results"),
        *on_ordinary((*LOGS, *LOG_DIMS), LogRecipe()),
        *LOG_PLACES,
        *(m for m in FAR_LOGITS if m.pattern),
    ),
    laws=LOG_LAWS,
)
