"""Lesson 13: a softmax of 16-bit logits that rounds once."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Dims, Outcome, Probe
from softmax_lessons.checker.exercise import Exercise, grid, row, scores
from softmax_lessons.checker.judge import expect, number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.laws import SOFTMAX
from softmax_lessons.lessons.misconceptions import LIBRARY, TRACES, named
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.questions_13 import QUESTIONS
from softmax_lessons.lessons.recipe import Recipe, nothing
from softmax_lessons.lessons.steps import (
    clamped_to,
    exp_from,
    floored_at,
    plus,
    scaled_by,
    sum_plus,
    unsqueezed_at,
)

Rounding = Callable[[Tensor, Tensor], Tensor]  # takes the result of a step, and the logits
HALF, BRAIN = torch.float16, torch.bfloat16
MANY = 10_000  # entries in a slice


# --- steps ----------------------------------------------------------------------------------------


def _is_small(x: Tensor) -> bool:
    return x.dtype.itemsize == 2


def _widened(x: Tensor) -> Tensor:
    return x.float() if _is_small(x) else x


def _exact(y: Tensor, x: Tensor) -> Tensor:
    return y


def _rounded(y: Tensor, x: Tensor) -> Tensor:
    return y.to(x.dtype).to(y.dtype)


def _reciprocal_rounded(total: Tensor, x: Tensor) -> Tensor:
    return 1 / _rounded(1 / total, x)


def _only(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    return lambda x: x.float() if x.dtype == dtype else x


def _as(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    return lambda x: x.to(dtype).float()


def _to(dtype: torch.dtype) -> Rounding:
    return lambda y, x: y.to(dtype).to(y.dtype)


def _through(dtype: torch.dtype) -> Callable[[Tensor, Dims], Tensor]:
    return lambda y, dim: y.to(dtype).to(y.dtype)


@dataclass(frozen=True)
class HalfRecipe(Recipe):
    """The right softmax of 16-bit logits; a misconception replaces some of its steps.

    Attributes:
        wide: the logits in the dtype to compute in.
        difference, exps, sums: roundings after each step but the last.
        tops: a rounding of the numerators, after the sum.

    The other steps are the same as in any softmax (`recipe.Recipe`).
    """

    wide: Callable[[Tensor], Tensor] = _widened
    difference: Rounding = _exact
    exps: Rounding = _exact
    sums: Rounding = _exact
    tops: Rounding = _exact

    def __call__(self, x: Tensor, dim: Dims) -> Tensor:
        """Return this recipe's result for logits `x` along `dim`, in the dtype of `x`."""
        y = self.wide(x)
        for _ in range(self.times):
            y = self.enter(y, dim)
            largest = self.centre(y, self.max_dim(y, dim), keepdim=self.max_keepdim)
            shifted = self.difference(y - largest, x)
            powers = self.exps(self.power(shifted), x)
            total = self.total(powers, self.sum_dim(y, dim), keepdim=self.sum_keepdim)
            parts = shifted, self.tops(powers, x), self.sums(total, x)
            y = self.leave(self.join(*parts), dim)
        return y.to(x.dtype)


RIGHT = HalfRecipe()
STEPS = {field.name for field in fields(HalfRecipe)}


def _log_of_sum_rounded(x: Tensor, dim: int) -> Tensor:
    y = _widened(x)
    return (y - _rounded(y.logsumexp(dim, keepdim=True), x)).exp().to(x.dtype)


def _log_of_sum_in_half(x: Tensor, dim: int) -> Tensor:
    return (_widened(x) - x.logsumexp(dim, keepdim=True)).exp().to(x.dtype)


def _less_rounded_log_of_sum(x: Tensor, dim: int) -> Tensor:
    return (x - _widened(x).logsumexp(dim, keepdim=True).to(x.dtype)).exp()


def _by_logarithm(x: Tensor, dim: int) -> Tensor:
    return (x - x.logsumexp(dim, keepdim=True)).exp()


def _divided_again(x: Tensor, dim: int) -> Tensor:
    probs = RIGHT(x, dim)
    return probs / probs.sum(dim, keepdim=True)


def _by_mean(x: Tensor, dim: int) -> Tensor:
    exps = (x - x.amax(dim, keepdim=True)).exp()
    return exps / (exps.mean(dim, keepdim=True) * x.shape[dim])


# --- facts ----------------------------------------------------------------------------------------


def _rounds_too_early(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether float32 is right, and 16 bits are off a little, sometimes up and sometimes down.

    Anything other than rounding also shows in float32, or goes in one direction. If only slices
    with many entries are off, the rounding is in those entries or in their sum.
    """
    up = down = few = False
    for i, (probe, outcome) in enumerate(zip(probes, outcomes, strict=True)):
        p, y = expect(torch.softmax, probe).value, outcome.value
        if y is None or y.shape != p.shape or (i in failed and not _is_small(probe.logits)):
            return False
        if i not in failed or p.numel() > MANY or probe.magnitude > 1000:
            continue  # a step between such logits is more than 1
        few = True
        off = (y.double() / p - 1)[p > 1e-3]
        eps = torch.finfo(probe.logits.dtype).eps
        # a rounded logit x is off by up to eps * |x| / 2
        if not off.isfinite().all() or off.abs().max() > 4 * eps * (10 + probe.magnitude):
            return False
        up |= bool((off > 0.51 * eps).any())
        down |= bool((off < -0.51 * eps).any())
    return not few or (up and down)


def _cuts_off(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether 16-bit results are never above the right ones, and up to a step below them.

    The other 16-bit dtype may be right.
    """
    errors: dict[torch.dtype, list[Tensor]] = {HALF: [], BRAIN: []}
    for i, (probe, outcome) in enumerate(zip(probes, outcomes, strict=True)):
        p, y, dtype = expect(torch.softmax, probe).value, outcome.value, probe.logits.dtype
        if y is None or y.shape != p.shape or (i in failed and not _is_small(probe.logits)):
            return False
        if _is_small(probe.logits) and p.numel() < MANY:
            normal = p > torch.finfo(dtype).smallest_normal
            errors[dtype].append(((y.double() - p) / _step(p, probe))[normal])
    cut = 0
    for each in map(torch.cat, errors.values()):
        if each.abs().max() > 0.51:
            if each.max() > 0.02 or each.min() < -1.02:
                return False
            cut += 1
    return cut > 0


def _overflows(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all large logits give nan, and small ones a right or nearly right result."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        p, y = expect(torch.softmax, probe).value, outcome.value
        if y is None or y.shape != p.shape:
            return False
        largest = probe.logits.double().amax()
        if largest > 89 and not y.isnan().any():
            return False
        if probe.magnitude <= 10 and p.numel() < MANY:
            off = (y.double() / p - 1)[p > 1e-3].abs()
            if not (off < 40 * torch.finfo(probe.logits.dtype).eps).all():
                return False
    return True


# --- numbers read off the attempt's own results ---------------------------------------------------


def _result_of(
    logits: Sequence[float], probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> list[float]:
    """Return the result for these float32 logits, if there is one."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        x, y = probe.logits, outcome.value
        same = x.dtype == torch.float32 and torch.equal(x, torch.tensor(logits))
        if same and y is not None and y.shape == x.shape:
            return y.double().tolist()
    return []


FAR, NEAR = (70000.0, 69999.0, 0.0), (2.0, 1.0, 0.1)
ROUNDINGS: tuple[dict[str, Rounding], ...] = (
    *({}, {"difference": _rounded}, {"exps": _rounded, "sums": _rounded}, {"sums": _rounded}),
    {"difference": _rounded, "exps": _rounded, "sums": _rounded},
)


def _fit_clamp(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    first, second, last = _result_of(FAR, probes, outcomes) or (0, 0, 0)
    if not first > 0:
        return
    if abs(first - second) < 1e-6 and last < first:
        highs = [math.log(first / last)] if last > 0 else [88, 80, 100, 1e3, 1e4, 65504]
        for high in highs:
            for change in ({}, {"centre": nothing}):
                for rounding in ROUNDINGS:
                    yield {"enter": clamped_to(-high, high), **change, **rounding}
                    yield {"enter": clamped_to(-math.inf, high), **change, **rounding}
    elif 0 < last < second - 1e-6:
        for rounding in ROUNDINGS:
            yield {"power": exp_from(math.log(last / first)), **rounding}


def _fit_floor(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    found = _result_of(FAR, probes, outcomes)
    if found and 0 < found[2] < 0.1:
        yield {"leave": floored_at(found[2])}
        yield {"leave": floored_at(found[2], again=True)}


def _fit_each(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    found = _result_of(FAR, probes, outcomes)
    if found and 0 < found[2] < 0.1:
        yield {"leave": plus(found[2])}
        amount = found[2] * (1 + math.exp(-1)) / (1 - 3 * found[2])
        yield {"power": lambda x: x.exp() + amount}


def _fit_eps(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    found = _result_of(NEAR, probes, outcomes)
    if found and found[0] > 0:
        for shift, change in ((2.0, {}), (0.0, {"centre": nothing})):
            exps = [math.exp(v - shift) for v in NEAR]
            amount = exps[0] / found[0] - sum(exps)
            if 1e-6 < amount < 10:
                for rounding in ROUNDINGS:
                    yield {"total": sum_plus(amount), **change, **rounding}


def _fit_scale(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    found = _result_of(NEAR, probes, outcomes)
    if found and found[0] > 0 and found[1] > 0:
        yield {"enter": scaled_by(math.log(found[0] / found[1]))}


# --- what goes wrong ------------------------------------------------------------------------------

WHERE = (
    "Print the dtype after each step. Which steps use 16 bits?",
    "float32 has enough digits for all steps, and one cast at each end is all it takes.",
    "Cast first, `wide = x.float()`, compute with `wide` only, and end with `.to(x.dtype)`.",
)

HALVES = (
    Misconception(
        slug="numpy-has-no-bfloat16",
        says="You use NumPy, which doesn't have bfloat16.",
        hints=(
            "Which dtypes does the exercise promise?",
            "`x.numpy()` works in float16 and float32. What would you have to turn bfloat16 into "
            "first?",
            "Stay in PyTorch: `x.float()` works for all three.",
        ),
        error=r"unsupported ScalarType BFloat16",
        causes=("dtypes-do-not-fit",),
    ),
    Misconception(
        slug="casts-down-first",
        says="You cast the logits to a smaller dtype before the softmax. Large logits become inf, "
        "or logits that are close together become equal.",
        hints=(
            "Which is safe to cast: numbers of any size, or numbers between 0 and 1?",
            "A cast that loses digits can only come last.",
            "Compute first, then cast the probabilities.",
        ),
        variants=(
            {"wide": lambda x: x.half().float()},
            {"wide": lambda x: x.bfloat16().float()},
            {"wide": lambda x: x.half()},
            {"wide": lambda x: x.bfloat16()},
            {"wide": lambda x: x.half().float(), "leave": _through(HALF)},
            {"wide": lambda x: x.bfloat16().float(), "leave": _through(BRAIN)},
            {"wide": lambda x: x.half().float() if x.dtype == BRAIN else x.float()},
            *(
                {"wide": _as(dtype), **dict.fromkeys(steps, _to(dtype))}
                for dtype in (HALF, BRAIN)
                for steps in (("difference",), ("difference", "exps"), ("exps",), ("sums",))
            ),
        ),
    ),
    Misconception(
        slug="rounds-every-step",
        says="You round steps on the way to the input's 16-bit dtype, not only the result: the "
        "difference, exp, the sum or the division.",
        hints=WHERE,
        variants=(
            {"wide": lambda x: x},
            {"wide": lambda x: x, "join": lambda shifted, exps, total: exps * (1 / total)},
            _by_logarithm,
            _by_mean,
        ),
    ),
    Misconception(
        slug="one-format-forgotten",
        says="You cast up only one of the two 16-bit dtypes. With the other one, every step "
        "rounds.",
        hints=(
            "Try the same logits in float16 and in bfloat16.",
            "There are two 16-bit dtypes. Does your `if` cover both?",
            "Leave out the `if`: `x.float()` leaves float32 logits unchanged.",
        ),
        variants=({"wide": _only(HALF)}, {"wide": _only(BRAIN)}),
    ),
    Misconception(
        slug="sums-in-half",
        says="You sum or divide in 16 bits, or round the sum to 16 bits. 70000 is too large for "
        "float16, and bfloat16 keeps only two or three of its digits.",
        hints=(
            "Print the sum of 70000 ones in float16.",
            "Which steps does your code do in float32, and which in 16 bits?",
            "Stay in float32 until after the division.",
        ),
        variants=(
            {"sums": _rounded},
            {"exps": _rounded, "sums": _rounded},
            {"tops": _rounded, "sums": _rounded},
        ),
    ),
    Misconception(
        slug="sums-in-half",
        says="You round the log of the sum to 16 bits, and exp magnifies the error.",
        hints=WHERE,
        variants=(_log_of_sum_rounded, _log_of_sum_in_half, _less_rounded_log_of_sum),
    ),
    Misconception(
        slug="rounds-twice",
        says="You round twice: the numbers you divide in the last step are already rounded to 16 "
        "bits. Small numbers lose their digits in float16, but many of them make a large sum.",
        hints=(
            "How many times does your code cast down, and how often does it divide?",
            "What is exp(-16) in float16, and 70000 times that?",
            "Divide once, in float32, and cast only the quotient.",
        ),
        variants=({"exps": _rounded}, {"tops": _rounded}, _divided_again),
    ),
    Misconception(
        slug="rounds-twice",
        says="You round 1 / sum to 16 bits, multiply by it, and round again. That's one rounding "
        "too many.",
        hints=(
            "How many times does your code cast down?",
            "The quotient of two exact numbers needs one rounding; a product with a rounded "
            "number needs two.",
            "Keep 1 / sum in float32, and cast only the product.",
        ),
        variants=(
            {"sums": _reciprocal_rounded},
            {"exps": _rounded, "sums": _reciprocal_rounded},
            {"tops": _rounded, "sums": _reciprocal_rounded},
        ),
    ),
    Misconception(
        slug="subtracts-in-half",
        says="You subtract the maximum in 16 bits and cast afterwards. By then the difference has "
        "been rounded, and exp magnifies the error.",
        hints=(
            "When do you cast up?",
            "A difference of two 16-bit numbers often needs more than 16 bits.",
            "Cast first, then subtract.",
        ),
        variants=({"difference": _rounded}, {"difference": _rounded, "exps": _rounded}),
    ),
    Misconception(
        slug="cuts-bits",
        says="You cut off the last bits instead of rounding, so results come out too small, by up "
        "to a whole step of the dtype.",
        hints=(
            "Are your results too large in some places and too small in others, or always too "
            "small?",
            "Rounding takes the nearest number in the dtype, above or below.",
            "Let `.to(x.dtype)` do it: it rounds.",
        ),
        pattern=_cuts_off,
    ),
    Misconception(
        slug="rounds-to-one-dtype",
        says="You round the probabilities to the same 16-bit dtype, whatever the input's dtype is. "
        "float32 logits lose digits, and so do logits of the other 16-bit dtype.",
        hints=(
            "Print the result for float16, bfloat16 and float32. How many digits does each have?",
            "`.half()` always means float16. Where can you look up the dtype of the logits?",
            "End with `.to(x.dtype)`, where `x` is still the tensor you were given.",
        ),
        variants=({"leave": _through(HALF)}, {"leave": _through(BRAIN)}),
    ),
    Misconception(
        slug="no-max-subtraction",
        says="You take exp of the raw logits. Large ones overflow to inf: above 88 in float32, "
        "above 709 in float64.",
        hints=(
            "Try the logits 100 and 101. What are their exps?",
            "float32 only moves the overflow from 11 to 88. What gets rid of it?",
            "Subtract each slice's maximum, in float32, before exp.",
        ),
        variants=(
            {"centre": nothing},
            {"centre": nothing, "wide": lambda x: x.double()},
        ),
        pattern=_overflows,
    ),
    Misconception(
        slug="clamping",
        says="You clamp on the way: beyond some bound, logits or their differences all count the "
        "same.",
        hints=(
            "Are there numbers such as 10 or -50 in your code that the formula doesn't have?",
            "Subtracting the maximum brings all logits into range and loses nothing.",
            "Leave the `clamp` out.",
        ),
        fit=_fit_clamp,
    ),
    Misconception(
        slug="floors-probabilities",
        says="You raise small probabilities to a minimum. Very small ones are right already, "
        "and may be 0.",
        hints=(
            "What is the smallest of your results, for logits that are far apart?",
            "A probability that's too small for the dtype is 0, and that's the right rounding.",
            "Leave out the `clamp` or `maximum` at the end.",
        ),
        fit=_fit_floor,
    ),
    replace(named("eps-added-to-each"), fit=_fit_each),
    Misconception(
        slug="eps-in-denominator",
        says="You add a number to the sum that isn't in the formula, so the results in a slice sum "
        "to less than 1.",
        hints=(
            "What is that number for? Can the sum ever be 0 without it?",
            "After you subtract the maximum, the largest logit contributes exp(0) = 1.",
            "Leave the number out.",
        ),
        variants=(
            {"total": lambda x, dim, keepdim: x.sum(dim, keepdim=keepdim) + 1e-3},
            {"total": lambda x, dim, keepdim: x.sum(dim, keepdim=keepdim) + 1e-5},
        ),
        fit=_fit_eps,
    ),
)
LAST = (
    Misconception(
        slug="rounds-too-early",
        says="float32 logits come out right, but 16-bit ones are off by more than one rounding: "
        "some step before the last one rounds to 16 bits.",
        hints=WHERE,
        pattern=_rounds_too_early,
    ),
)

IN_ANY_SOFTMAX = (
    *("forgets-exp", "double-exp", "exp2-or-pow", "sigmoid-instead", "sign-error", "softmax-twice"),
    *("mean-instead-of-sum", "divides-by-max", "returns-exp-unnormalised", "returns-log"),
    *("plus-one-in-denominator", "hard-coded-last-dim", "hard-coded-dim-0", "hard-coded-dim-1"),
    *("global-sum", "sum-over-wrong-dim", "max-over-wrong-dim"),
    *("missing-keepdim", "global-max", "argmax-instead-of-max", "mean-subtraction"),
    *("min-subtraction", "other-than-the-maximum", "max-with-zero", "forgets-to-transpose-back"),
    *("takes-absolute-value", "shift-on-one-side", "shift-after-exp", "rounds"),
)
# as a column, it would make a table of 70000 rows and columns
UNSQUEEZED = tuple(
    {step: unsqueezed_at(-1)(reduction) for step, reduction in steps.items()}
    for steps in (
        {"total": torch.sum},
        {"centre": torch.amax},
        {"total": torch.sum, "centre": torch.amax},
    )
)


def _carried_over(m: Misconception) -> Misconception:
    """Return a misconception of softmax with all its steps in float32."""
    variants = [
        v if not callable(v) else _around(v) for v in m.variants if callable(v) or v.keys() <= STEPS
    ]
    return replace(m, variants=tuple(variants), fit=None, pattern=None, symptom=None)


def _around(softmax: Callable[[Tensor, int], Tensor]) -> Variant:
    return lambda x, dim: softmax(_widened(x), dim).to(x.dtype)


# --- laws -----------------------------------------------------------------------------------------


def zero_where_more_is_left(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A result that the dtype can hold isn't 0."""
    lowest = torch.finfo(probe.logits.dtype).smallest_normal
    off = (value == 0) & (expected > lowest)
    if not off.any():
        return ""
    return (
        f"{int(off.sum())} of {off.numel()} results are 0. The first of them should be "
        f"{number(expected[off][0].item())}, which {_name(probe)} can hold."
    )


def off_by_few_steps(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Each result is the right one, rounded once."""
    if not _is_small(probe.logits):
        return ""
    steps = (value - expected).abs() / _step(expected, probe)
    worst = int(steps.argmax())
    if not 0.6 < steps.max() < 200:
        return ""
    return (
        f"One rounding is off by at most half a step of {_name(probe)}. Your worst result is "
        f"{number(value.flatten()[worst].item(), 6)} where "
        f"{number(expected.flatten()[worst].item(), 6)} is exact: it's off by "
        f"{number(steps.max().item())} steps."
    )


def sums_to_one_nearly(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A slice sums to 1 as far as the rounding of its entries allows."""
    sums, slack = value.sum(probe.dim), _step(expected, probe).sum(probe.dim) + 1e-5
    off = ((sums - 1).abs() > slack).nonzero()
    if not off.numel():
        return ""
    i = tuple(off[0].tolist())
    return (
        "A slice should sum to 1, and rounding its entries moves the sum by at most "
        f"{number(slack[i].item() / 2, 3)}. Yours sums to {number(sums[i].item())}."
    )


def _step(p: Tensor, probe: Probe) -> Tensor:
    """Return how far apart the dtype's numbers are around `p`."""
    info = torch.finfo(probe.logits.dtype)
    return info.eps * 2 ** p.clamp(min=info.smallest_normal).log2().floor()


def _name(probe: Probe) -> str:
    return str(probe.logits.dtype).removeprefix("torch.")


LAWS = (
    SOFTMAX[0],
    SOFTMAX[1],
    Law(
        "off-by-some-steps",
        off_by_few_steps,
        WHERE,
    ),
    Law(
        "zero-where-more-is-left",
        zero_where_more_is_left,
        (
            "Which step produces the 0? Print each one.",
            "exp of a difference of -11 fits into float16, and exp of -17 just about; sums above "
            "65504 become inf, and anything divided by inf is 0.",
            "Cast up first, and down last.",
        ),
    ),
    Law(
        "slices-do-not-sum-to-1",
        sums_to_one_nearly,
        (
            "Which entries do you add up for the division, and which should you?",
            "Each numerator is divided by the sum of its own slice, in float32.",
            "Write `exps / exps.sum(dim, keepdim=True)`, and cast after it.",
        ),
    ),
    *SOFTMAX[2:],
)


def _probe(x: Tensor, dim: int, gradient: bool = False) -> Probe:
    # a four-byte result rounds at every step, as in any softmax
    return Probe(x, dim, gradient, rounding="last" if _is_small(x) else "relative")


PLAIN = grid([5.75, 2.328125, -0.83203125], [-1.0546875, -2.203125, -2.46875])


def _probes() -> tuple[Probe, ...]:
    small = torch.full((70000,), -16.234375)
    small[-1] = 0  # last, so that float32 loses nothing when it adds the numbers one by one
    inputs = [
        (4 * scores(3, 3, dtype=HALF), 1),
        (row(1, 2, dtype=HALF), 0),
        (row(0.42578125, 1.078125, 5.3125, dtype=BRAIN), 0),
        (row(2, 1, 0.1, dtype=HALF), 0),
        (row(2, 1, 0.1, dtype=BRAIN), 0),
        # whichever step rounds, some result is a whole step of bfloat16 off
        (PLAIN.bfloat16(), 1),
        (row(11, 12, 9, dtype=HALF), 0),
        (row(20, 120, 119, dtype=HALF), 0),
        (row(100, 101, 99, dtype=BRAIN), 0),
        (row(-400, -200, -402, dtype=BRAIN), 0),
        # more than float16 can hold
        (row(70144, 70144, 0, dtype=BRAIN), 0),
        # exp(-50) is a float32, and exp(-50 - 61) is 0
        (row(-60, -50, -61, dtype=HALF), 0),
        (grid([1, 2], [3, 5]).half(), 1),
        (grid([0, 200], [1, 202]).half(), 0),
        (scores(2, 3, dtype=HALF), 1),
        (scores(2, 3, dtype=HALF), 0),
        (4 * scores(3, 4, dtype=HALF), 1),
        (4 * scores(4, 30, dtype=BRAIN), 1),
        (4 * scores(30, 4, dtype=BRAIN), 0),
        (4 * scores(2, 200, dtype=HALF), -1),
        (row(*NEAR), 0),
        (row(*FAR), 0),
        (row(0.1, 0.1001, 0.1002), 0),
        # enough small ones to show how each is rounded
        (small.half(), 0),
        (torch.zeros(70000, dtype=HALF), 0),
        (torch.zeros(70000, dtype=BRAIN), 0),
        (torch.zeros(70000), 0),
    ]
    return tuple(_probe(*each) for each in inputs)


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    x = 16 * torch.rand(4, 50, generator=generator) - 8
    return tuple(_probe(x.to(dtype), dim) for dtype in (HALF, BRAIN) for dim in (0, 1))


def _exercises() -> dict[str, Exercise]:
    carried = (_carried_over(m) for m in LIBRARY if m.slug in IN_ANY_SOFTMAX)
    return {
        "half_softmax": Exercise(
            "f(x, dim)",
            _probes(),
            _fresh,
            reference=torch.softmax,
            by_hand=frozenset({"softmax", "stable_softmax"}),
            right=(RIGHT,),
            misconceptions=(
                *NO_RESULT,
                *HALVES,
                *(m for m in carried if m.variants),
                named("unsqueezes-last-not-dim", *UNSQUEEZED),
                *LAST,
                *TRACES,
            ),
            laws=LAWS,
        ),
    }


PARSONS = (
    Parsons(
        "half_softmax",
        """
        def my_half_softmax(x, dim):
            wide = x.float()
            exps = (wide - wide.amax(dim=dim, keepdim=True)).exp()
            probs = exps / exps.sum(dim=dim, keepdim=True)
            return probs.to(x.dtype)
        """,
        wrong="exps = (x - x.amax(dim=dim, keepdim=True)).exp()",
        mistake="rounds-every-step",
    ),
)

TASKS = {**_exercises(), **QUESTIONS}
