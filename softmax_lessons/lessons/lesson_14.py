"""Lesson 14: merging the states of two pieces; its laws, and the predictions."""

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.merge_states_facts import alike, states_of
from softmax_lessons.lessons.merge_states_misconceptions import FACTORS, LARGEST, MERGES
from softmax_lessons.lessons.merge_states_steps import RIGHT, RIGHTS, guarded
from softmax_lessons.lessons.misconceptions import OTHER_TRACES
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.questions_14 import QUESTIONS


def _pair(m: Tensor, s: Tensor) -> str:
    return f"[{number(m.item())}, {number(s.item())}]"


def _row_of(probe: Probe, i: int) -> str:
    m1, s1, m2, s2 = (t[i] for t in states_of(probe))
    return f"{_pair(m1, s1)} and {_pair(m2, s2)}"


def no_nan(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """No result is nan, and only the maximum of an empty row is infinite."""
    lost = value.isnan() | (value.isinf() & expected.isfinite())
    lost[0] &= value[0] != -INF  # this is the other piece's maximum
    off = lost.any(0).nonzero().flatten()
    if not off.numel():
        return ""
    i = int(off[0])
    return f"From {_row_of(probe, i)}, you get {_pair(value[0, i], value[1, i])}."


def maximum_is_the_larger(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The maximum of both pieces is the larger of the two."""
    off = (value[0] != expected[0]).nonzero().flatten()
    if not off.numel():
        return ""
    i = int(off[0])
    m1, _, m2, _ = (number(t[i].item()) for t in states_of(probe))
    return (
        f"The larger of the maxima {m1} and {m2} is {number(expected[0, i].item())}, but you "
        f"return {number(value[0, i].item())}."
    )


def empty_changes_nothing(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Merging with an empty piece changes nothing."""
    m1, s1, m2, s2 = states_of(probe)
    empty = (m1 == -INF) | (m2 == -INF)
    off = (empty & ~alike(value, expected).all(0)).nonzero().flatten()
    if not off.numel():
        return ""
    i = int(off[0])
    other = (m2[i], s2[i]) if m1[i] == -INF else (m1[i], s1[i])
    return (
        f"An empty piece, [-inf, 0], changes nothing. Merged with {_pair(*other)}, it should give "
        f"that piece again, but you return {_pair(value[0, i], value[1, i])}."
    )


def order_does_not_matter(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The same two states give the same result in either order."""
    m1, s1, m2, s2 = states_of(probe)
    for i in range(len(m1)):
        for j in range(i):
            swapped = (m1[i], s1[i], m2[i], s2[i]) == (m2[j], s2[j], m1[j], s1[j])
            if swapped and not alike(value[:, i], value[:, j]).all():
                return (
                    "The order of the pieces shouldn't make a difference. From "
                    f"{_row_of(probe, j)}, you get {_pair(value[0, j], value[1, j])}; from the "
                    f"same two in the other order, {_pair(value[0, i], value[1, i])}."
                )
    return ""


def sum_counts_from_the_maximum(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A state stands for sum * exp(maximum), and the merged state for the two added up."""
    got, wanted = (x[0] + x[1].log() for x in (value, expected))
    off = (~torch.isclose(got, wanted, rtol=0, atol=2e-3) & wanted.isfinite()).nonzero().flatten()
    if not off.numel():
        return ""
    i = int(off[0])
    if wanted[i].abs() < 10 and got[i].abs() < 10:
        stand = "{} stands for sum * exp(maximum) = {}; yours for {}."
        numbers = (number(t[i].exp().item()) for t in (wanted, got))
    else:
        stand = "{} stands for sum * exp(maximum). The log of that is {}; yours is {}."
        numbers = (number(t[i].item()) for t in (wanted, got))
    merged = _pair(expected[0, i], expected[1, i])
    return f"{_row_of(probe, i)} should merge into {merged}, but you return " + (
        f"{_pair(value[0, i], value[1, i])}. " + stand.format("The right one", *numbers)
    )


LAWS = (
    Law(
        "gives-nan",
        no_nan,
        (
            "Print each step for these two states. Which one is the first with a nan or an inf?",
            "-inf - -inf and 0 * inf are nan; exp of more than 88 is inf in float32.",
            "Subtract the larger maximum, or 0 where it's -inf.",
        ),
    ),
    Law("maximum-not-the-larger", maximum_is_the_larger, LARGEST),
    Law(
        "empty-piece-changes-result",
        empty_changes_nothing,
        (
            "In your code, what is the empty piece's factor, and what is the other one's?",
            "The factor of an empty piece is exp(-inf) = 0, and the other one's is exp(0) = 1.",
            FACTORS[2],
        ),
    ),
    Law(
        "order-matters",
        order_does_not_matter,
        (
            "Does your code treat `a` and `b` the same way?",
            "Swap `a` and `b` in your formula. It should stay the same formula.",
            FACTORS[2],
        ),
    ),
    Law("sum-off", sum_counts_from_the_maximum, FACTORS),
)


def _state(x: Tensor) -> Tensor:
    """Return the states of rows: maxima and sums, shape (2, rows)."""
    largest = x.amax(-1)
    base = guarded(largest)
    return torch.stack([largest, (x - base[..., None]).exp().sum(-1)])


def _probe(x: Tensor, y: Tensor) -> Probe:
    return Probe(_state(x), 1, others=(_state(y),))


def _rows(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)


def _probes() -> tuple[Probe, ...]:
    nothing = [-INF, -INF]
    # in the last row, the piece with the larger maximum has the smaller sum
    some = _rows([0.3, -1.4, 2.0], [-2.1, 0.4, 1.1], [-0.8, -1.9, -2.7], [1.0, -3.0, -2.8])
    more = _rows([1.6, 1.2, -0.5], [-0.2, 2.6, 2.4], [-1.3, -2.2, -3.0], [0.9, 0.8, 0.9])
    return (
        _probe(_rows([1, 2.5], [0.7, -0.4]), _rows([0.9, 0.2], [2.2, 1.5])),
        # the same two in both orders
        _probe(_rows([1, 2], [3, 2.5]), _rows([3, 2.5], [1, 2])),
        _probe(_rows([1, 2]), _rows([3])),
        _probe(_rows([0, 0]), _rows([0, 0])),
        _probe(_rows([1, 2, 3]), _rows([1000, 1001, 1002])),
        _probe(_rows([1000, 1001, 1002]), _rows([1, 2, 3])),
        _probe(_rows([-1000, -1001]), _rows([-1002, -999])),
        _probe(some, more),
        _probe(_rows([0, 1], [1000, 1001]), _rows([2, 0], [999, 1003])),
        _probe(_rows([1, 2]), _rows(nothing)),
        _probe(_rows(nothing), _rows([1, 2])),
        _probe(_rows(nothing), _rows(nothing)),
        _probe(_rows(nothing, [1, 2], nothing), _rows([5, 4], nothing, nothing)),
        _probe(_rows(nothing, [1, 2], nothing), _rows([5, 4], [3, 2.5], nothing)),
        _probe(_rows([1, 2.5], [-1000, -1001]), _rows([0.9, 0.2], [-1002, -999])),
        # below what usually stands in for -inf; the sums are 1, so their logs are exact
        *(
            _probe(_rows([1, 2.5], [-2 * low, -INF]), _rows([0.9, 0.2], [-3 * low, -INF]))
            for low in (1e4, 1e9, 1e30)
        ),
        _probe(some.double() / 3, more.double()),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    x = 6 * torch.rand(2, 4, 5, generator=generator) - 3
    return (_probe(*x), _probe(300 * x[0], 100 * x[1]))


def _exercises() -> dict[str, Exercise]:
    return {
        "merge_states": Exercise(
            "f(a, b)",
            _probes(),
            _fresh,
            reference=RIGHT,
            right=RIGHTS,
            # the shape has its own record here
            misconceptions=(
                *NO_RESULT,
                *MERGES,
                *OTHER_TRACES,
            ),
            laws=LAWS,
        ),
    }


PARSONS = (
    Parsons(
        "merge_states",
        """
        def my_merge(a, b):
            largest = torch.maximum(a[0], b[0])
            base = largest.masked_fill(largest == float("-inf"), 0.0)
            total = a[1] * (a[0] - base).exp() + b[1] * (b[0] - base).exp()
            return torch.stack([largest, total])
        """,
        wrong="total = a[1] + b[1]",
        mistake="no-rescale",
    ),
)

TASKS = {**_exercises(), **QUESTIONS}
