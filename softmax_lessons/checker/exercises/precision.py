"""The exercise of lesson 10: a softmax of 16-bit logits that rounds once."""

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercises.exercise import Exercise, grid, row, scores
from softmax_lessons.checker.misconceptions import (
    NO_RESULT,
    TRACES,
    Face,
    Misconception,
    inside,
    named,
)
from softmax_lessons.checker.recipe import RIGHT, WITHOUT_SHIFT


def right(x: Tensor, dim: int) -> Tensor:
    """Compute in float32 and round once."""
    return RIGHT(x.float() if x.dtype.itemsize == 2 else x, dim).to(x.dtype)


def _exps(x: Tensor, dim: int) -> Tensor:
    return (x.float() - x.float().amax(dim, keepdim=True)).exp()


def _subtracts_first(x: Tensor, dim: int) -> Tensor:
    exps = (x - x.amax(dim, keepdim=True)).float().exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


def _sums_rounded(x: Tensor, dim: int) -> Tensor:
    exps = _exps(x, dim).to(x.dtype)
    return exps / exps.sum(dim, keepdim=True)


def _rounds_the_sum(x: Tensor, dim: int) -> Tensor:
    exps = _exps(x, dim)
    return (exps / exps.sum(dim, keepdim=True).to(x.dtype)).to(x.dtype)


def _one_maximum(x: Tensor, dim: int) -> Tensor:
    exps = (x.float() - x.float().amax()).exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


def _divides_rounded(x: Tensor, dim: int) -> Tensor:
    exps = _exps(x, dim)
    return exps.to(x.dtype) / exps.sum(dim, keepdim=True).to(x.dtype)


HALVES = (
    Misconception(
        slug="casts-down-first",
        says="You cast the logits to a smaller format before the softmax. Large ones become inf "
        "there, and the digits that tell close ones apart are lost.",
        hint="Which is safe to cast: numbers of any size, or numbers between 0 and 1?",
        second_hint="Compute first, cast the probabilities.",
        faces=(
            lambda x, dim: right(x.half(), dim).to(x.dtype),
            lambda x, dim: right(x.bfloat16(), dim).to(x.dtype),
            lambda x, dim: RIGHT(x.half(), dim).to(x.dtype),
            lambda x, dim: RIGHT(x.bfloat16(), dim).to(x.dtype),
            lambda x, dim: RIGHT(x.half().float(), dim).to(x.dtype),
            lambda x, dim: RIGHT(x.bfloat16().float(), dim).to(x.dtype),
        ),
    ),
    Misconception(
        slug="rounds-every-step",
        says="You compute in the dtype of the logits, so each step rounds to a few digits: the "
        "difference, exp, the sum, the division.",
        hint="Which format has more digits and costs one cast?",
        second_hint="`x.float()` first, `.to(x.dtype)` last.",
        faces=(
            RIGHT,
            # one of the two formats forgotten
            lambda x, dim: (right if x.dtype == torch.float16 else RIGHT)(x, dim),
            lambda x, dim: (right if x.dtype == torch.bfloat16 else RIGHT)(x, dim),
        ),
    ),
    Misconception(
        slug="subtracts-in-half",
        says="You subtract the maximum in the small format and cast then: the difference has "
        "been rounded already, and exp makes the error larger.",
        hint="When do you cast up?",
        second_hint="Cast first, subtract then.",
        faces=(_subtracts_first,),
    ),
    Misconception(
        slug="sums-in-half",
        says="You add up or divide in the small format. A sum of 70000 ones does not fit into "
        "float16, and in bfloat16 it has two digits.",
        hint="Print the sum of 70000 ones in float16.",
        second_hint="Stay in float32 until the division is done.",
        faces=(_sums_rounded, _rounds_the_sum, _divides_rounded),
    ),
    Misconception(
        slug="no-max-subtraction",
        says="You take exp of the logits as they are: above 88 it is inf, in float32 as well.",
        hint="float32 moves the overflow from 11 to 88. What takes it away?",
        second_hint="Subtract each slice's maximum, in float32.",
        faces=(
            lambda x, dim: WITHOUT_SHIFT(x.float(), dim).to(x.dtype),
            WITHOUT_SHIFT,
        ),
    ),
    named("hard-coded-last-dim", lambda x, dim: right(x, -1)),
    named("hard-coded-dim-0", lambda x, dim: right(x, 0)),
    named("global-max", _one_maximum),
    named("missing-keepdim", lambda x, dim: (_exps(x, dim) / _exps(x, dim).sum(dim)).to(x.dtype)),
)


IN_FLOAT32 = (
    *("forgets-exp", "exp2-or-pow", "sigmoid-instead", "sign-error", "softmax-twice"),
    *("mean-instead-of-sum", "returns-exp-unnormalised", "returns-log", "global-sum"),
    *("max-over-wrong-dim", "argmax-instead-of-max", "mean-subtraction"),
)


def _around(softmax: Face) -> Face:
    return lambda x, dim: softmax(x.float() if x.dtype.itemsize == 2 else x, dim).to(x.dtype)


def _probe(x: Tensor, dim: int, gradient: bool = False) -> Probe:
    # a result of four bytes rounds at every step, as in any softmax
    return Probe(x, dim, gradient, rounding="last" if x.dtype.itemsize == 2 else "relative")


def _probes() -> tuple[Probe, ...]:
    half, brain = torch.float16, torch.bfloat16
    inputs = [
        (row(1, 2, dtype=half), 0),
        (row(0.42578125, 1.078125, 5.3125, dtype=brain), 0),
        (row(2, 1, 0.1, dtype=half), 0),
        (row(2, 1, 0.1, dtype=brain), 0),
        (row(11, 12, 9, dtype=half), 0),
        (row(100, 101, 99, dtype=half), 0),
        (row(100, 101, 99, dtype=brain), 0),
        (grid([1, 2], [3, 5]).half(), 1),
        (grid([0, 200], [1, 202]).half(), 0),
        (scores(2, 3, dtype=half), 1),
        (scores(2, 3, dtype=half), 0),
        (4 * scores(3, 4, dtype=half), 1),
        (4 * scores(4, 30, dtype=brain), 1),
        (4 * scores(30, 4, dtype=brain), 0),
        (4 * scores(2, 200, dtype=half), -1),
        (row(70000, 69999, 0), 0),
        (row(0.1, 0.1001, 0.1002), 0),
        (torch.zeros(70000, dtype=half), 0),
        (torch.zeros(70000, dtype=brain), 0),
    ]
    return tuple(_probe(*each) for each in inputs)


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    x = 16 * torch.rand(4, 50, generator=generator) - 8
    return tuple(
        _probe(x.to(dtype), dim) for dtype in (torch.float16, torch.bfloat16) for dim in (0, 1)
    )


def precision_exercises() -> dict[str, Exercise]:
    """Return the exercise of lesson 10."""
    return {
        "half_softmax": Exercise(
            "f(x, dim)",
            _probes(),
            _fresh,
            right=(right,),
            misconceptions=(*NO_RESULT, *HALVES, *inside(IN_FLOAT32, _around), *TRACES),
            telling=(8, 12, 14, 15, 17),
        ),
    }
