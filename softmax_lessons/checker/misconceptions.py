"""The library of misconceptions: what learners write instead of softmax, and why.

Each is data: a slug, a sentence that names the mistake, a hint, and what it does, which is
one of
- faces: changes to the right recipe (a dict of its steps) or functions f(x, dim) of their own;
  several where one mistake can be written so that it gives different results,
- trace: a fact that shows in the outcome itself,
- error: a pattern in the error message it raises.

The order matters: of two mistakes, the one that stands first here is named first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.checker.recipe import (
    Dims,
    always,
    everything,
    mirrored,
    neighbour,
    nothing,
)
from softmax_lessons.checker.run import Outcome, Probe

Face = Mapping[str, object] | Callable[[Tensor, Dims], Tensor]


@dataclass(frozen=True)
class Misconception:
    """One mistake: how to name it, and how to recognise it."""

    slug: str
    says: str
    hint: str
    faces: tuple[Face, ...] = ()
    trace: Callable[[Probe, Outcome], bool] | None = None
    error: str = ""


def over(*choices: object) -> tuple[Face, ...]:
    """Return the faces of a softmax that runs over another dim throughout."""
    return tuple({"max_dim": choice, "sum_dim": choice} for choice in choices)


def _wrong_dims(step: str) -> tuple[Face, ...]:
    choices = (neighbour(1), neighbour(-1), mirrored, always(-1), always(0), always(1))
    return tuple({step: choice} for choice in choices)


def _naive_with_log(x: Tensor, dim: Dims) -> Tensor:
    return (x - x.exp().sum(dim, keepdim=True).log()).exp()


def _naive_with_normalize(x: Tensor, dim: Dims) -> Tensor:
    return torch.nn.functional.normalize(x.exp(), p=1, dim=dim)


def _constant_total(powers: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    return powers.sum(dim, keepdim=keepdim).detach()


LIBRARY = (
    Misconception(
        slug="returns-none",
        says="Your function computes, but hands nothing back: its result is None.",
        hint="Look at the last line of the function. Which word sends a value to the caller?",
        trace=lambda probe, outcome: outcome.kind == "NoneType",
    ),
    Misconception(
        slug="returns-list",
        says="Your function returns a list or tuple of numbers, not a tensor.",
        hint="The next step of a model needs a tensor. Build one from your numbers, or work on "
        "the whole tensor at once.",
        trace=lambda probe, outcome: outcome.kind in ("list", "tuple"),
    ),
    Misconception(
        slug="max-tuple-not-values",
        says="`x.max(dim)` returns two things, the largest values and their positions, and you "
        "use the pair as if it were one tensor.",
        hint="Take only the values out of the pair, or look up `amax`.",
        error=r"return_types\.(max|min)",
    ),
    Misconception(
        slug="name-error",
        says="Your function uses a name that does not exist where it runs.",
        hint="The error message has the name. Is it spelled as where you defined it?",
        error=r"^(NameError|UnboundLocalError):",
    ),
    Misconception(
        slug="int-dtype",
        says="Somewhere on the way, numbers become integers, and everything after the decimal "
        "point is cut off.",
        hint="Look for int, long, or a tensor that you create with whole numbers in it.",
        faces=(
            {"enter": Tensor.long},
            {"enter": torch.trunc},
            {"leave": Tensor.long},
        ),
        trace=lambda probe, outcome: (
            outcome.value is not None and not outcome.value.dtype.is_floating_point
        ),
    ),
    Misconception(
        slug="softmax-twice",
        says="You apply softmax to something that has been through softmax already, which pulls "
        "the probabilities towards each other.",
        hint="Count how many times the scores pass through exp and a division by their sum.",
        faces=({"times": 2},),
    ),
    Misconception(
        slug="hard-coded-last-dim",
        says="You normalise over the last dim, whatever `dim` asks for.",
        hint="Try your function with dim=0. Which argument never reaches your sum?",
        faces=over(always(-1)),
    ),
    Misconception(
        slug="hard-coded-dim-0",
        says="You normalise over dim 0, whatever `dim` asks for.",
        hint="Try your function with dim=1. Which argument never reaches your sum?",
        faces=over(always(0)),
    ),
    Misconception(
        slug="hard-coded-dim-1",
        says="You normalise over dim 1, whatever `dim` asks for.",
        hint="Try your function with dim=0. Which argument never reaches your sum?",
        faces=over(always(1)),
    ),
    Misconception(
        slug="global-sum",
        says="You divide by the sum of the whole tensor, so all of it sums to 1 and not each "
        "slice along `dim`.",
        hint="Who competes with whom? Sum only over those, and keep the other dims.",
        faces=({"sum_dim": everything}, {"sum_dim": everything, "sum_keepdim": False}),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="You sum over another dim than the one that was asked for.",
        hint="Along which dim do your results sum to 1? Print `.sum(dim)` for each dim.",
        faces=(*over(neighbour(1), neighbour(-1), mirrored), *_wrong_dims("sum_dim")),
    ),
    Misconception(
        slug="max-over-wrong-dim",
        says="You take the maximum over another dim than the sum, so the entries of one slice "
        "are shifted by different amounts, and that changes their ratios.",
        hint="All entries that compete must lose the same amount. Which dim must the maximum "
        "run over?",
        faces=_wrong_dims("max_dim"),
    ),
    Misconception(
        slug="missing-keepdim",
        says="A sum or maximum over `dim` drops that dim, so broadcasting lines it up with the "
        "wrong one: an error if the sizes differ, silently wrong if they are the same.",
        hint="Compare the shapes of the two sides of your division, and of your subtraction.",
        faces=(
            {"sum_keepdim": False},
            {"max_keepdim": False},
            {"max_keepdim": False, "sum_keepdim": False},
        ),
    ),
    Misconception(
        slug="no-max-subtraction",
        says="You take exp of the scores as they are. For large scores exp is inf, for very "
        "negative ones it is 0, and the division makes nan or 0 of it.",
        hint="Softmax stays the same if you subtract one number from all scores of a slice. "
        "Which number makes the largest exp equal to 1?",
        faces=({"centre": nothing}, _naive_with_log, _naive_with_normalize),
    ),
    Misconception(
        slug="global-max",
        says="You subtract one maximum, that of the whole tensor, from every slice. A slice far "
        "below it loses all its digits, or becomes 0 / 0.",
        hint="Each slice along `dim` needs a maximum of its own.",
        faces=({"max_dim": everything},),
    ),
    Misconception(
        slug="upcast-instead-of-shift",
        says="You compute in float64 instead of shifting the scores: that moves the overflow "
        "from 88 to 709, and no further.",
        hint="A larger format has a limit as well. Which shift makes the limit irrelevant?",
        faces=({"enter": Tensor.double, "centre": nothing},),
    ),
    Misconception(
        slug="mutates-input",
        says="The result is fine, but your function changes the tensor it was given: the "
        "caller's scores are not what they were.",
        hint="Look for an operation that works in place: `-=`, `/=`, or a name that ends in `_`.",
        trace=lambda probe, outcome: (
            outcome.logits_after is not None and not torch.equal(outcome.logits_after, probe.logits)
        ),
    ),
    Misconception(
        slug="detached-gradient",
        says="No gradient, or only part of it, flows back through your result, so a model with "
        "your function in it would not learn.",
        hint="Look for detach, .data, .item(), numpy, no_grad or torch.tensor(...) between the "
        "scores and the result. (A detached maximum alone is fine.)",
        faces=({"total": _constant_total},),
        trace=lambda probe, outcome: (
            probe.gradient
            and (
                (outcome.value is not None and outcome.grad is None and not outcome.grad_error)
                or "requires grad. Use tensor.detach().numpy()" in outcome.error
            )
        ),
    ),
    Misconception(
        slug="upcasts-and-changes-dtype",
        says="Your result has another dtype than the scores, which the next layer of a model "
        "will refuse, or which silently costs digits.",
        hint="Compute in the dtype you like, and give back the dtype you got.",
        trace=lambda probe, outcome: (
            outcome.value is not None
            and outcome.value.dtype.is_floating_point
            and outcome.value.dtype != probe.logits.dtype
        ),
    ),
)
