"""The exercise of softmax among the k largest logits, and its laws."""

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise, grid, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons import laws
from softmax_lessons.lessons.inside import inside
from softmax_lessons.lessons.misconceptions import TRACES
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.top_k_facts import among_largest, as_masked
from softmax_lessons.lessons.top_k_misconceptions import KEPT, MISTAKES
from softmax_lessons.lessons.top_k_steps import RIGHTS, at_their_places, largest, top_k

# tried together with a mistake in choosing the logits
PAIRED = (
    *("sign-error", "returns-log", "mean-instead-of-sum", "returns-exp-unnormalised"),
    *("divides-by-max", "forgets-exp"),
)
# among the k largest, found and put back correctly
AMONG_THE_LARGEST = (
    *PAIRED,
    *("int-dtype", "one-minus-softmax", "divides-by-count"),
    *("exp-of-the-sum", "divides-inside-exp", "sums-raw-logits", "min-max-scaling"),
    *("other-than-exp", "negatives-become-zero", "double-exp", "exp2-or-pow", "sigmoid-instead"),
    *("squashes-first", "divides-by-norm", "root-of-the-sum", "running-total"),
    *("sum-of-the-others", "sum-misses-an-entry", "divides-logits-by-max", "standardises-first"),
    *("plus-one-in-denominator", "rounds", "returns-percent", "scales-logits"),
    *("multiplies-by-the-logits", "clamping", "computes-in-16-bits", "eps-in-denominator"),
    *("floors-probabilities", "shift-on-one-side", "shift-after-exp", "global-max"),
    *("argmax-instead-of-max", "mean-subtraction", "other-than-the-maximum", "min-subtraction"),
    *("max-with-zero", "shifts-only-if-large", "patches-nan", "upcast-instead-of-shift"),
    *("stretches-each-slice", "changed-afterwards", "overflows"),
)
AS_A_WHOLE = (
    *("returns-one-number", "reshaped-result"),
    *("random-results", "last-left-out", "first-left-out", "right-numbers-wrong-places"),
    *("one-row-only", "forgets-to-transpose-back"),
)


def _around(softmax: Variant) -> Variant:
    return lambda logits, k: at_their_places(logits, k, lambda top: softmax(top, -1))


def _around_masked(softmax: Variant) -> Variant:
    return lambda logits, k: softmax(logits.masked_fill(~largest(logits, k), -INF), -1)


# --- laws -----------------------------------------------------------------------------------------


def _k_above_zero(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Exactly k entries per row are above 0."""
    k = probe.rest[0]
    for y, p in zip(value, expected, strict=True):
        got, wanted = int((y > 0).sum()), int((p > 0).sum())
        if y.isfinite().all() and wanted == k and got != k:
            return (
                f"k is {k}, but in one row of your result, the number of entries above 0 is {got}."
            )
    return ""


def _the_largest(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The entries above 0 belong to the largest logits."""
    for x, y, p in zip(probe.logits.double(), value, expected, strict=True):
        if not y.isfinite().all():
            continue
        missing = (p > 1e-6) & (y == 0)
        if missing.any() and (y != 0).any():
            return (
                f"In one row, the logit {number(x[missing][0].item())} is among the "
                f"{probe.rest[0]} largest, but its result is 0."
            )
        extra = (x < x.topk(probe.rest[0]).values[-1]) & (y != 0)
        if extra.any():
            return (
                f"In one row, the logit {number(x[extra][0].item())} isn't among the "
                f"{probe.rest[0]} largest, but its result is {number(y[extra][0].item())}."
            )
    return ""


LAWS = (
    Law("not-k-above-0", _k_above_zero, KEPT),
    Law("not-the-largest", _the_largest, KEPT),
    *laws.of("wrong-divisor", "outside-0-to-1", "slices-do-not-sum-to-1", "order-changes"),
    *laws.of("ratios-not-exp"),
    # last, because a wrong result for ordinary logits says more than a nan for far ones
    *laws.of("gives-nan", "gives-inf", "some-slices-wrong"),
)


# --- probes ---------------------------------------------------------------------------------------


def _at(x: Tensor, k: int, seed: int = 0) -> Probe:
    return Probe(x, -1, others=(k,), seed=seed)


def _probes() -> tuple[Probe, ...]:
    return (
        _at(grid([1, 3, 2]), 2),
        _at(grid([2, 1, 0.1, -1.5]), 2),
        _at(grid([1, 3, 2], [30, 10, 20]), 2),
        _at(scores(3, 5), 3),
        _at(scores(3, 5), 1),
        _at(scores(4, 3), 3),
        _at(scores(3, 3), 2),
        _at(scores(2, 6), 4),
        _at(-scores(3, 5).abs() - 1, 2),
        _at(scores(1, 4), 2),
        _at(scores(3, 5, dtype=torch.float64), 2),
        _at(grid([1000, 1001, 999], [-1000, -1002, -1001]), 2),
        # below all common stand-ins for -inf
        _at(grid([-3e37, -4e37, -2e37]), 1),
        # once more, to catch random results
        _at(scores(3, 5), 3, seed=1),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    x = torch.rand(3, 6, generator=generator) - 0.5
    k = int(torch.randint(2, 5, (), generator=generator))
    return (_at(6 * x, k), _at(3000 * x, k))


EXERCISE = Exercise(
    "f(logits, k)",
    _probes(),
    _fresh,
    reference=top_k,
    right=RIGHTS,
    misconceptions=(
        *NO_RESULT,
        *MISTAKES,
        *inside(AMONG_THE_LARGEST, _around, among_largest, PAIRED),
        *inside(AS_A_WHOLE, _around_masked, as_masked),
        *TRACES,
    ),
    laws=LAWS,
)
