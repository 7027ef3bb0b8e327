"""The exercise of lesson 09: a softmax that leaves out what a mask hides."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.exercises.exercise import INF, Exercise, scores
from softmax_lessons.checker.misconceptions import NO_RESULT, TRACES, Face, Misconception, named

LOWEST = torch.finfo(torch.float32).min
# what stands in for -inf; the first ones lie above scores that a probe has
SENTINELS = (-1e3, -1e4, -1e5, -1e6, -1e9, -1e10, -1e12, -1e15, -1e20, -1e30, -3e38, LOWEST)


def _hidden_by(low: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, keep: x.masked_fill(~keep, low)


def _lowered_by(amount: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, keep: x + torch.zeros_like(x).masked_fill(~keep, amount)


def _as_it_is(x: Tensor, keep: Tensor) -> Tensor:
    return x


def _empty(keep: Tensor) -> Tensor:
    return ~keep.any(-1, keepdim=True)


def _zeroed(probs: Tensor, keep: Tensor) -> Tensor:
    return probs.masked_fill(_empty(keep), 0)


def _times_mask(probs: Tensor, keep: Tensor) -> Tensor:
    return probs * keep


def _shared_again(probs: Tensor, keep: Tensor) -> Tensor:
    left = probs * keep
    return left / left.sum(-1, keepdim=True)


def _shifted_by(largest: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a softmax that hides its keys after exp, and leaves an empty row 0."""

    def normalise(x: Tensor, keep: Tensor) -> Tensor:
        exps = (x - largest(x)).exp() * keep
        total = exps.sum(-1, keepdim=True)
        return exps / total.masked_fill(total == 0, 1)

    return normalise


def _naive(x: Tensor, keep: Tensor) -> Tensor:
    return x.exp() / x.exp().sum(-1, keepdim=True)


def _naive_if_any(x: Tensor, keep: Tensor) -> Tensor:
    total = x.exp().sum(-1, keepdim=True)
    return x.exp() / total.masked_fill(total == 0, 1)


def _naive_times_mask(x: Tensor, keep: Tensor) -> Tensor:
    return x.exp() * keep / (x.exp() * keep).sum(-1, keepdim=True)


@dataclass(frozen=True)
class MaskRecipe:
    """The right masked softmax; a misconception replaces some of its steps.

    Attributes:
        keep: makes the mask of what is kept, of the shape of the scores.
        hide: takes what is not kept out of the scores.
        normalise: makes probabilities of the scores.
        finish: done to the probabilities last, which are nan in rows that keep nothing.
    """

    keep: Callable[[Tensor], Tensor] = lambda mask: mask
    hide: Callable[[Tensor, Tensor], Tensor] = lambda x, keep: x.masked_fill(~keep, -INF)
    normalise: Callable[[Tensor, Tensor], Tensor] = lambda x, keep: torch.softmax(x, -1)
    finish: Callable[[Tensor, Tensor], Tensor] = _zeroed

    def __call__(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return what this recipe makes of scores (..., keys) and a mask that broadcasts."""
        keep = self.keep(mask).expand_as(x)
        return self.finish(self.normalise(self.hide(x, keep), keep), keep)


def _nan_gradient(probe: Probe, outcome: Outcome) -> bool:
    return outcome.grad is not None and bool(outcome.grad.isnan().any())


def _evenly(probs: Tensor, keep: Tensor) -> Tensor:
    return probs.where(~_empty(keep), 1 / keep.shape[-1])


SOFTENED: tuple[Face, ...] = tuple(
    {"hide": hidden(low), **finish}
    for hidden in (_hidden_by, _lowered_by)
    for finish in ({}, {"finish": _times_mask})
    for low in SENTINELS
)

MASKS = (
    Misconception(
        slug="fp16-overflowing-sentinel",
        says="The number that stands in for -inf does not fit into float16, which ends at 65504.",
        hint="Which value means 'never' in every floating-point format?",
        second_hint='`float("-inf")` fits into all of them, and exp of it is exactly 0.',
        error="(?i)cannot be converted to type .*half without overflow",
    ),
    Misconception(
        slug="polarity-inverted",
        says="You hide what the mask keeps, and keep what it hides.",
        hint="Read the statement again: what does True mean here?",
        second_hint="`masked_fill` fills where its mask is True. Which entries must be filled?",
        faces=({"keep": lambda mask: ~mask},),
    ),
    Misconception(
        slug="ignores-mask",
        says="Your result does not depend on the mask.",
        hint="Hide one key. Does its probability go to 0?",
        second_hint="`masked_fill` returns a new tensor: what do you do with it?",
        faces=(
            {"hide": _as_it_is, "finish": _as_it_is},
            {"hide": _as_it_is},
        ),
    ),
    Misconception(
        slug="multiplied-by-mask",
        says="You multiply the scores by the mask, which makes them 0; and exp(0) is 1, so the "
        "hidden keys take part.",
        hint="What must a score be, so that its exp is 0?",
        second_hint="Not 0: -inf.",
        faces=(
            {"hide": lambda x, keep: x * keep},
            {"hide": lambda x, keep: x * keep, "finish": _as_it_is},
            {"hide": lambda x, keep: x * keep, "finish": _times_mask},
        ),
    ),
    Misconception(
        slug="adds-mask",
        says="You add the mask as numbers, so what is kept gains 1 and nothing is hidden.",
        hint="What must be added to a score, so that its exp is 0?",
        second_hint="0 where the key is kept, -inf where it is hidden.",
        faces=(
            {"hide": lambda x, keep: x + keep},
            {"hide": lambda x, keep: x + keep, "finish": _as_it_is},
        ),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="Your softmax runs along the queries, or over everything; the keys of one query "
        "have to compete.",
        hint="Which dim are the keys?",
        second_hint="The last one: `dim=-1`.",
        faces=(
            {"normalise": lambda x, keep: torch.softmax(x, 0)},
            {"normalise": lambda x, keep: torch.softmax(x, min(1, x.dim() - 1))},
            {"normalise": lambda x, keep: torch.softmax(x, max(-2, -x.dim()))},
            {"normalise": lambda x, keep: torch.softmax(x.flatten(), 0).reshape(x.shape)},
        ),
    ),
    Misconception(
        slug="uniform-empty-row",
        says="A row whose keys are all hidden gets the same share for each: it attends to what "
        "it must not see.",
        hint="If all scores of a row are the same large negative number, what is their softmax?",
        second_hint="After the softmax, set rows to 0 where the mask keeps nothing: "
        "`mask.any(dim=-1, keepdim=True)` finds them.",
        faces=(
            {"finish": _evenly},
            *({"hide": _lowered_by(low), "finish": _as_it_is} for low in SENTINELS),
        ),
    ),
    Misconception(
        slug="nan-empty-row",
        says="A row whose keys are all hidden becomes nan: 0 / 0.",
        hint="What does the statement want for such a row?",
        second_hint="After the softmax, set rows to 0 where the mask keeps nothing: "
        "`mask.any(dim=-1, keepdim=True)` finds them.",
        faces=({"finish": _as_it_is},),
    ),
    Misconception(
        slug="masked-after-softmax",
        says="You mask too late: the hidden keys have had their part in the maximum or the sum "
        "by then, and if one of them has the largest score, nothing is left for the others.",
        hint="Who may take part in the maximum, and in the sum?",
        second_hint="Mask the scores, then take the softmax.",
        faces=(
            {"hide": _as_it_is, "finish": _times_mask},
            {"hide": _as_it_is, "finish": _shared_again},
            {"hide": _as_it_is, "finish": lambda p, k: _shared_again(p, k).nan_to_num()},
            {"hide": _as_it_is, "finish": lambda p, k: _zeroed(_shared_again(p, k), k)},
            {"hide": _as_it_is, "normalise": _shifted_by(lambda x: x.amax(-1, keepdim=True))},
        ),
    ),
    Misconception(
        slug="finite-sentinel",
        says="A large negative number stands in for -inf. Where the real scores lie below it, "
        "the hidden keys win.",
        hint="Is there a number that lies below every score?",
        second_hint="`float('-inf')` does, and exp of it is exactly 0.",
        faces=SOFTENED,
    ),
    named(
        "global-max",
        {"hide": _as_it_is, "normalise": _shifted_by(torch.amax)},
    ),
    named(
        "no-max-subtraction",
        {"normalise": _naive},
        {"normalise": _naive_times_mask, "hide": _as_it_is},
        {"normalise": _naive_if_any},
    ),
    Misconception(
        slug="nan-gradient",
        says="The result is right, but its gradient is nan: cleaning nan up afterwards does not "
        "clean the way back.",
        hint="`masked_fill` on the scores stops the gradient where it fills; adding -inf does not.",
        second_hint="0 * nan is nan. Take the hidden scores out before the softmax, with "
        "`masked_fill` or `where`.",
        trace=_nan_gradient,
    ),
)


def _mask(*rows: str) -> Tensor:
    """Return a mask: "x" is kept, "." is hidden."""
    return torch.tensor([[c == "x" for c in row] for row in rows])


def _probes() -> tuple[Probe, ...]:
    small, low = torch.tensor([[1.0, 2.0]]), torch.tensor([[-20000.0, -10000.0, -20001.0]])
    four, two = _mask("xx.x", "x..x", "....", "x.xx"), _mask("x.x", ".xx")
    half = torch.float16
    inputs = [
        (small, _mask("xx")),
        (small, _mask("x.")),
        (small, _mask("..")),
        (scores(2, 3), two),
        (scores(3, 3), _mask("x..", "xx.", "xxx")),
        (scores(4, 4), four),
        (scores(4, 4), four, True),
        (torch.tensor([[1.0, 300.0, 2.0], [500.0, 1.0, 3.0]]), two, True),
        (scores(2, 3, 4), _mask("xx..", "xxx.", "xxxx")),
        (scores(2, 3, 4), four[:1]),
        (scores(2, 2, 3, 4), _mask("xx..", "....", "xxxx")),
        (torch.tensor([[1.0, 2.0, 300.0]]), _mask("xx.")),
        (torch.tensor([[1000.0, 1001.0, 999.0], [1.0, 2.0, 0.0]]), _mask("xx.")),
        (torch.tensor([[-1000.0, -1001.0, 0.0]]), _mask("xx.")),
        (low, _mask("x.x")),
        (1e7 * torch.tensor([[-200.0, -1.0, -201.0]]), _mask("x.x")),
        (1e30 * torch.tensor([[-200.0, -1.0, -201.0]]), _mask("x.x")),
        (scores(2, 3, dtype=half), two),
    ]
    return tuple(_probe(*each) for each in inputs)


def _probe(x: Tensor, mask: Tensor, gradient: bool = False) -> Probe:
    return Probe(x, -1, gradient, others=(mask,))


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    mask = torch.rand(3, 4, generator=generator) < 0.6
    return tuple(
        _probe(spread * (torch.rand(2, 3, 4, generator=generator) - 0.5), mask)
        for spread in (6, 3000)
    )


def attention_exercises() -> dict[str, Exercise]:
    """Return the exercise of lesson 09."""
    return {
        "masked_softmax": Exercise(
            "f(scores, mask)",
            _probes(),
            _fresh,
            reference=MaskRecipe(),
            right=(MaskRecipe(),),
            by_hand=frozenset(),
            misconceptions=(*NO_RESULT, *MASKS, *TRACES),
            telling=(6, 17, 13, 14, 12, 8),
        ),
    }
