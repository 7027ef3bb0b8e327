"""The exercise of lesson 11: merge what two pieces of a row know."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercises.exercise import INF, Exercise, scores
from softmax_lessons.checker.misconceptions import NO_RESULT, TRACES, Face, Misconception


def merge(a: Tensor, b: Tensor) -> Tensor:
    """Return the state of two pieces together; a state is [maximum, sum of exp(x - maximum)]."""
    largest = torch.maximum(a[0], b[0])
    base = _guarded(largest)
    return torch.stack([largest, a[1] * (a[0] - base).exp() + b[1] * (b[0] - base).exp()])


def _bare(largest: Tensor) -> Tensor:
    return largest


def _guarded(largest: Tensor) -> Tensor:
    return largest.masked_fill(largest == -INF, 0)  # -inf - -inf is nan


def _with_sum(total) -> tuple[Face, Face]:
    """Return merges with the right maximum and this sum, of a, b and the maximum."""
    return tuple(
        lambda a, b, base=base: torch.stack(
            [torch.maximum(a[0], b[0]), total(a, b, base(torch.maximum(a[0], b[0])))]
        )
        for base in (_bare, _guarded)
    )


def _with_max(largest, *bases) -> tuple[Face, ...]:
    """Return merges with another maximum, to which the sums are brought."""

    def face(a: Tensor, b: Tensor, base: Callable[[Tensor], Tensor]) -> Tensor:
        m = largest(a[0], b[0])
        return torch.stack([m, a[1] * (a[0] - base(m)).exp() + b[1] * (b[0] - base(m)).exp()])

    return tuple(partial(face, base=base) for base in bases or (_bare, _guarded))


MERGES = (
    Misconception(
        slug="no-rescale",
        says="You add the two sums as they are. Each counts from a maximum of its own.",
        hint="A sum of exp(x - 3) and one of exp(x - 1000) are in different units. Which unit "
        "has the result?",
        second_hint="Multiply each sum by exp(its maximum - the new maximum).",
        faces=(_with_sum(lambda a, b, m: a[1] + b[1])[0],),  # its sum needs no maximum
    ),
    Misconception(
        slug="rescales-one-only",
        says="You bring one of the two sums to the new maximum, and the other only where it "
        "happens to be there already.",
        hint="Merge the same two states in the other order. Is the result the same?",
        second_hint="Both sums get a factor; one of the two factors will be 1.",
        faces=(
            *_with_sum(lambda a, b, m: a[1] * (a[0] - m).exp() + b[1]),
            *_with_sum(lambda a, b, m: a[1] + b[1] * (b[0] - m).exp()),
        ),
    ),
    Misconception(
        slug="rescales-the-wrong-way",
        says="Your factor is exp(new - old); it has to make the sum smaller, not larger.",
        hint="The new maximum is larger, so exp(x - maximum) is smaller. And your factor?",
        second_hint="exp(old maximum - new maximum) is at most 1.",
        faces=_with_sum(lambda a, b, m: a[1] * (m - a[0]).exp() + b[1] * (m - b[0]).exp()),
    ),
    Misconception(
        slug="swaps-the-factors",
        says="Each sum gets the factor of the other one.",
        hint="Which maximum was subtracted inside the first sum?",
        second_hint="The first sum goes with the first maximum.",
        faces=_with_sum(lambda a, b, m: a[1] * (b[0] - m).exp() + b[1] * (a[0] - m).exp()),
    ),
    Misconception(
        slug="maximum-of-sums",
        says="You keep the larger of the two sums. Both pieces count.",
        hint="Merge a state with itself: what should the sum be?",
        second_hint="Add the sums, once they count from the same maximum.",
        faces=(
            torch.maximum,
            *_with_sum(
                lambda a, b, m: torch.maximum(a[1] * (a[0] - m).exp(), b[1] * (b[0] - m).exp())
            ),
        ),
    ),
    Misconception(
        slug="adds-maxima",
        says="You add the maxima. The largest of all entries is the larger of the two.",
        hint="What is the maximum of [1, 2] and [3] together?",
        second_hint="`torch.maximum` compares entry by entry.",
        faces=(
            torch.add,
            *_with_max(torch.add),
            lambda a, b: torch.stack([a[0] + b[0], merge(a, b)[1]]),
        ),
    ),
    Misconception(
        slug="keeps-one-maximum",
        says="You keep the maximum of one piece, or the smaller one, so the factors can overflow.",
        hint="Merge with a state whose maximum is 1000 larger.",
        second_hint="The new maximum is the larger of the two.",
        faces=(
            *_with_max(lambda a, b: a),
            *_with_max(lambda a, b: b),
            *_with_max(torch.minimum),
        ),
    ),
    Misconception(
        slug="one-maximum-for-all-rows",
        says="You take one maximum for all rows. Each row has a state of its own.",
        hint="What becomes of a row that lies 1000 below the others?",
        second_hint="`torch.maximum(a[0], b[0])` keeps the rows apart.",
        faces=_with_max(lambda a, b: torch.maximum(a.max(), b.max()).expand_as(a)),
    ),
    Misconception(
        slug="leaves-the-exponent",
        says="You compute sum * exp(maximum), which overflows: that is what the pair is there to "
        "avoid.",
        hint="Is exp(1000) needed anywhere?",
        second_hint="exp(old maximum - new maximum) is never above 1.",
        faces=(
            *_with_sum(lambda a, b, m: (a[1] * a[0].exp() + b[1] * b[0].exp()) / m.exp()),
            *_with_sum(lambda a, b, m: (a[1] * a[0].exp() + b[1] * b[0].exp()) * (-m).exp()),
        ),
    ),
    Misconception(
        slug="nan-empty-state",
        says="Two empty states, [-inf, 0] each, give nan: -inf minus -inf has no value.",
        hint="What should an empty piece merged with an empty piece be?",
        second_hint="Subtract 0 instead of the maximum where the maximum is -inf.",
        faces=_with_max(torch.maximum, _bare),
    ),
    Misconception(
        slug="patches-nan",
        says="You replace nan or inf after the fact, and some of it was right.",
        hint="Which of your steps makes the first nan?",
        second_hint="Subtract 0 instead of the maximum where the maximum is -inf.",
        faces=(
            lambda a, b: _with_max(torch.maximum, _bare)[0](a, b).nan_to_num(),
            lambda a, b: _with_max(torch.maximum, _bare)[0](a, b).nan_to_num(0, neginf=0),
        ),
    ),
)


def _state(x: Tensor) -> Tensor:
    """Return the states of rows: maxima and sums, shape (2, rows)."""
    largest = x.amax(-1)
    base = _guarded(largest)
    return torch.stack([largest, (x - base[..., None]).exp().sum(-1)])


def _probe(x: Tensor, y: Tensor) -> Probe:
    return Probe(_state(x), 1, others=(_state(y),))


def _rows(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)


def _probes() -> tuple[Probe, ...]:
    nothing = [-INF, -INF]
    return (
        _probe(_rows([1, 2]), _rows([3])),
        _probe(_rows([3]), _rows([1, 2])),
        _probe(_rows([0, 0]), _rows([0, 0])),
        _probe(_rows([1, 2, 3]), _rows([1000, 1001, 1002])),
        _probe(_rows([1000, 1001, 1002]), _rows([1, 2, 3])),
        _probe(_rows([-1000, -1001]), _rows([-1002, -999])),
        _probe(scores(3, 4), scores(3, 5).flip(0)),
        _probe(_rows([0, 1], [1000, 1001]), _rows([2, 0], [999, 1003])),
        _probe(_rows([1, 2]), _rows(nothing)),
        _probe(_rows(nothing), _rows([1, 2])),
        _probe(_rows(nothing), _rows(nothing)),
        _probe(_rows(nothing, [1, 2], nothing), _rows([5, 4], nothing, nothing)),
        _probe(scores(3, 4, dtype=torch.float64), scores(3, 2, dtype=torch.float64)),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    x = 6 * torch.rand(2, 4, 5, generator=generator) - 3
    return (_probe(*x), _probe(300 * x[0], 100 * x[1]))


def online_exercises() -> dict[str, Exercise]:
    """Return the exercise of lesson 11."""
    return {
        "merge_states": Exercise(
            "f(a, b)",
            _probes(),
            _fresh,
            reference=merge,
            right=(merge,),
            by_hand=frozenset(),
            misconceptions=(*NO_RESULT, *MERGES, *TRACES),
            telling=(6, 10, 3),
        ),
    }
