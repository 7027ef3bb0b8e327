"""Softmax at a temperature: a recipe of steps, and what goes wrong in them."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.exercise import Exercise, grid, row, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons import laws
from softmax_lessons.lessons.facts import same
from softmax_lessons.lessons.inside import inside
from softmax_lessons.lessons.misconceptions import TRACES, named
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.recipe import Recipe, always, everything, implicit, nothing

Step = Callable[[Tensor, float], Tensor]  # of logits, exps or probabilities, and the temperature


def _as_it_is(x: Tensor, temperature: float) -> Tensor:
    return x


def _divided(x: Tensor, temperature: float) -> Tensor:
    return x / temperature


def _multiplied(x: Tensor, temperature: float) -> Tensor:
    return x * temperature


def _to_the_power_of_inverse(x: Tensor, temperature: float) -> Tensor:
    return x ** (1 / temperature)


@dataclass(frozen=True)
class Heated(Recipe):
    """The right softmax at a temperature, along the last dim; a misconception changes some steps.

    Attributes:
        temper: applied to the temperature first.
        heat: applies it to the logits.
        late: applies it to the exps.
        finish: applies it to the probabilities.

    The other steps are the same as in any softmax (`recipe.Recipe`).
    """

    temper: Callable[[float], float] = lambda temperature: temperature
    heat: Step = _divided
    late: Step = _as_it_is
    finish: Step = _as_it_is

    def __call__(self, x: Tensor, temperature: float) -> Tensor:
        """Return this recipe's result for logits `x` at a temperature."""
        temperature = self.temper(temperature)
        for _ in range(self.times):
            x = self.heat(self.enter(x, -1), temperature)
            shifted = x - self.centre(x, self.max_dim(x, -1), keepdim=self.max_keepdim)
            exps = self.late(self.power(shifted), temperature)
            total = self.total(exps, self.sum_dim(x, -1), keepdim=self.sum_keepdim)
            probs = self.leave(self.join(shifted, exps, total), -1)
            x = self.finish(probs, temperature)
        return x


RIGHT = Heated()


def at_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Return the softmax of the logits divided by the temperature."""
    return torch.softmax(logits / temperature, -1)


def _share(logits: Tensor) -> Tensor:
    return torch.softmax(logits, -1)


def _spread(x: Tensor) -> Tensor:
    return x / x.sum(-1, keepdim=True)


def _one_sided(shift: bool, above: Step, below: Step) -> Iterator[Variant]:
    """Apply the temperature differently in numerator and denominator, with or without a log."""

    def plain(logits: Tensor, temperature: float) -> Tensor:
        x = logits - logits.amax(-1, keepdim=True) if shift else logits
        total = below(x, temperature).exp().sum(-1, keepdim=True)
        return above(x, temperature).exp() / total

    def with_log(logits: Tensor, temperature: float) -> Tensor:
        total = below(logits, temperature).logsumexp(-1, keepdim=True)
        return (above(logits, temperature) - total).exp()

    yield plain
    if not shift:
        yield with_log


# --- facts ----------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _at_one(probe: Probe) -> Probe:
    """Return the input for which a plain softmax has the same answer."""
    return replace(probe, logits=probe.logits / probe.rest[0], others=None)


def _as_softmax(probe: Probe, outcome: Outcome) -> tuple[Probe, Outcome]:
    return _at_one(probe), outcome


def _all_fine(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> list[tuple[Probe, Tensor, Tensor]]:
    """Return each input, its result and the right one in float64, if all results are finite."""
    found = []
    for probe, outcome in zip(probes, outcomes, strict=True):
        y = outcome.value
        if y is None or y.shape != probe.logits.shape or not y.isfinite().all():
            return []
        right = at_temperature(probe.logits.double(), probe.rest[0])
        found.append((probe, y.double(), right))
    return found


def effective(x: Tensor, y: Tensor) -> float | None:
    """Return the temperature at which a row of logits has these probabilities, if there is one."""
    if x.numel() < 2 or (y < 0).any() or abs(y.sum() - 1) > 1e-3:
        return None
    seen = y > 1e-30
    if seen.sum() < 2 or x[seen].unique().numel() < 2:
        return None
    x, logs = x[seen], y[seen].log()
    i, j = int(x.argmax()), int(x.argmin())
    slope = ((logs[i] - logs[j]) / (x[i] - x[j])).item()
    off = logs - logs[j] - slope * (x - x[j])
    if off.abs().max() > 1e-4 * max(1.0, logs.abs().max().item()):
        return None
    return 1 / slope if abs(slope * (x[i] - x[j])) > 1e-5 else math.inf


def _temperatures(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[float, list[float | None]]]:
    """Yield each input's temperature, with the temperature of each slice of the result."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        x, y = probe.logits, outcome.value
        if y is not None and y.shape == x.shape and y.isfinite().all():
            rows = zip(
                x.double().reshape(-1, x.shape[-1]),
                y.double().reshape(-1, x.shape[-1]),
                strict=True,
            )
            yield probe.rest[0], [effective(*pair) for pair in rows]


def _is_off(got: float, asked: float) -> bool:
    return abs(got - asked) > 1e-3 * asked


def _another_temperature(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all results are right for a different temperature, one per input."""
    off = 0
    for asked, got in _temperatures(probes, outcomes):
        known = [t for t in got if t is not None and t < math.inf]
        if any(t <= 0 or _is_off(t, known[0]) for t in known):
            return False
        off += bool(known) and _is_off(known[0], asked)
    found = _all_fine(probes, outcomes)
    sums = all(same(y.sum(-1), torch.ones_like(y.sum(-1))) for _, y, _ in found)
    return bool(found) and sums and off > 4


def _only_beyond(
    beyond: Callable[[float, float], bool], is_so: Callable[[Probe, Tensor, Tensor], bool]
) -> Callable[..., bool]:
    """Return the pattern that `is_so` holds beyond a temperature, with right results elsewhere."""

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        found = _all_fine(probes, outcomes)
        return any(not is_so(*each) for each in found) and all(
            is_so(*found[i])
            and not any(
                beyond(found[j][0].rest[0], probes[i].rest[0]) and not is_so(*found[j])
                for j in range(len(found))
            )
            for i in failed
        )

    return pattern


def _takes_all(probe: Probe, y: Tensor, right: Tensor) -> bool:
    """Tell whether the largest logits get everything."""
    largest = probe.logits == probe.logits.amax(-1, keepdim=True)
    return bool((y[~largest] == 0).all() and same(y.sum(-1), torch.ones_like(y.sum(-1))))


def _is_even(probe: Probe, y: Tensor, right: Tensor) -> bool:
    return same(y, torch.full_like(y, 1 / y.shape[-1]))


def _all_even(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all the entries of a slice are the same, whatever the logits."""
    found = _all_fine(probes, outcomes)
    return bool(found) and all(same(y, y[..., :1].expand_as(y)) for _, y, _ in found)


# --- numbers read off the attempt's own results ---------------------------------------------------


def _read(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[tuple[float, float]]:
    """Yield the given and the effective temperature where they differ, float64 before float32."""
    for dtype, enough in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        pairs = [
            pair
            for pair in zip(probes, outcomes, strict=True)
            if pair[0].logits.dtype == dtype and pair[0].magnitude <= 1000
        ]
        for asked, got in _temperatures(*zip(*pairs, strict=True)) if pairs else ():
            known = [t for t in got if t is not None and 0 < t < math.inf]
            if known and abs(known[0] - asked) > enough * asked:
                yield asked, known[0]


def _round(value: float) -> float:
    """Return the round number that was probably meant, if one is close."""
    near = float(f"{value:.3g}")
    return near if abs(near - value) < 1e-4 * abs(value) else value


def _fit(made: Callable[[float, float], Callable[[float], float]]) -> Callable[..., Iterator]:
    """Return a fit: `made` turns a given and an effective temperature into a `temper` step."""

    def fit(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
        tried = set()
        for asked, got in _read(probes, outcomes):
            if asked in tried or len(tried) > 2:
                continue
            tried.add(asked)
            yield {"temper": made(asked, got)}

    return fit


def _constant(asked: float, got: float) -> Callable[[float], float]:
    c = _round(got)
    return lambda t: c


def _sum(asked: float, got: float) -> Callable[[float], float]:
    c = _round(got - asked)
    return lambda t: t + c


def _product(asked: float, got: float) -> Callable[[float], float]:
    c = _round(got / asked)
    return lambda t: t * c


def _inverse(asked: float, got: float) -> Callable[[float], float]:
    c = _round(got * asked)
    return lambda t: c / t


def _fit_bounds(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read off the bounds that the temperature is clamped to."""
    low, high = 0.0, math.inf
    for asked, got in _read(probes, outcomes):
        if got > asked:
            low = _round(got)
        else:
            high = _round(got)
    if low or high < math.inf:
        yield {"temper": lambda t: min(max(t, low), high)}


# --- what goes wrong ------------------------------------------------------------------------------

DIVIDE = "Write `torch.softmax(logits / temperature, dim=-1)`."
MISTAKES = (
    Misconception(
        slug="ignores-temperature",
        says="Your result doesn't depend on the temperature.",
        hints=(
            "Call your function with two temperatures and compare.",
            "Only differences between logits matter: a number that you add to all logits, or "
            "multiply all exps by, cancels.",
            "Divide the logits by the temperature, before exp.",
        ),
        variants=({"heat": _as_it_is},),
        fit=_fit(_constant),
    ),
    Misconception(
        slug="inverse-temperature",
        says="The temperature works the wrong way round, as if you multiplied by it: a high one "
        "sharpens the result when it should flatten it.",
        hints=(
            "Should a temperature of 10 bring the probabilities closer together, or push them "
            "apart?",
            "The temperature divides the logits.",
            DIVIDE,
        ),
        variants=({"heat": _multiplied},),
        fit=_fit(_inverse),
    ),
    Misconception(
        slug="temperature-twice",
        says="You apply the temperature twice.",
        hints=(
            "Count the divisions by the temperature.",
            "Compare your result at a temperature of 2 with the softmax of logits / 2.",
            DIVIDE,
        ),
        variants=({"temper": lambda t: t * t},),
    ),
    Misconception(
        slug="temperature-after-softmax",
        says="You divide or multiply the probabilities by the temperature, so they no longer sum "
        "to 1.",
        hints=(
            "Print the sum of your result.",
            "The temperature belongs inside exp, and nowhere else.",
            DIVIDE,
        ),
        variants=tuple(
            {**heat, "finish": finish}
            for heat in ({"heat": _as_it_is}, {})
            for finish in (_divided, _multiplied)
        ),
    ),
    Misconception(
        slug="temperature-on-probs",
        says="You apply the temperature to probabilities and take a softmax of those: that's one "
        "softmax too many.",
        hints=(
            "How many times do the logits pass through exp?",
            "Divide the logits, then take one softmax.",
            DIVIDE,
        ),
        variants=(
            {"heat": lambda x, t: _share(x) / t},
            {"heat": lambda x, t: _share(x) * t},
        ),
    ),
    Misconception(
        slug="temperature-on-one-side",
        says="The exps in the numerator and in the denominator have different temperatures, so "
        "your results don't sum to 1.",
        hints=(
            "Print the sum of your result.",
            "Write out the numerator and the denominator. Do they use the same exps?",
            "Compute `z = logits / temperature` first, and use only `z` after that.",
        ),
        variants=tuple(
            variant
            for shift in (False, True)
            for above, below in (
                (_divided, _as_it_is),
                (_as_it_is, _divided),
                (_multiplied, _as_it_is),
                (_as_it_is, _multiplied),
            )
            for variant in _one_sided(shift, above, below)
        ),
    ),
    Misconception(
        slug="power-of-temperature",
        says="You raise the probabilities to a power, but don't divide by their new sum.",
        hints=(
            "Print the sum of your result.",
            "Squares of numbers that sum to 1 don't sum to 1.",
            "Divide the logits first; everything after that is the softmax you know.",
        ),
        variants=(
            {"heat": _as_it_is, "finish": _to_the_power_of_inverse},
            {"heat": _as_it_is, "finish": lambda p, t: p**t},
            # at a low temperature, the last digit of these makes a difference
            lambda logits, temperature: _share(logits) ** (1 / temperature),
            lambda logits, temperature: (torch.log_softmax(logits, -1) / temperature).exp(),
            lambda logits, temperature: (torch.log_softmax(logits, -1) * temperature).exp(),
        ),
    ),
    Misconception(
        slug="power-of-probs",
        says="You take the exps or probabilities of the raw logits, and apply the temperature to "
        "those. Any that are too small to store are 0 by then, and stay 0 however high the "
        "temperature is.",
        hints=(
            "Try the logits 200 and 0 at a temperature of 100.",
            "exp(x) to the power 1 / T is exp(x / T), but only if exp(x) can be stored.",
            "Divide the logits, before anything can underflow.",
        ),
        variants=(
            {"heat": _as_it_is, "late": _to_the_power_of_inverse},
            {"heat": lambda x, t: _share(x).log() / t},
            {"heat": _as_it_is, "late": _to_the_power_of_inverse, "centre": nothing},
            lambda logits, temperature: _spread(_share(logits) ** (1 / temperature)),
            lambda logits, temperature: torch.nn.functional.normalize(
                _share(logits) ** (1 / temperature), p=1, dim=-1
            ),
        ),
    ),
    Misconception(
        slug="maximum-before-temperature",
        says="You subtract the maximum of the undivided logits, so the largest number isn't 0 "
        "afterwards.",
        hints=(
            "After your subtraction, what is the largest number of a row?",
            "Divide first, then take the maximum of the quotients.",
            "Write `z = logits / temperature`, then `z - z.amax(dim=-1, keepdim=True)`.",
        ),
        variants=(
            {"heat": lambda x, t: x / t - x.amax(-1, keepdim=True), "centre": nothing},
            {"heat": lambda x, t: x / t - x.amax(), "centre": nothing},
        ),
    ),
    Misconception(
        slug="rounds",
        says="You round the temperature or the divided logits to integers.",
        hints=(
            "Print the numbers that go into your softmax. Are they rounder than they should be?",
            "`//` and `int` drop the decimals, and 0.5 becomes 0.",
            "Write `/`, and use the temperature unchanged.",
        ),
        variants=(
            {"temper": int},
            {"temper": round},
            {"heat": lambda x, t: x // t},
            {"temper": math.ceil},
            {"heat": lambda x, t: (x / t).round()},
            {"heat": lambda x, t: (x / t).trunc()},
        ),
    ),
    Misconception(
        slug="clamps-temperature",
        says="You clamp the temperature at a bound. Beyond it, every temperature gives the same "
        "result.",
        hints=(
            "Try the logits 0 and 0.01 at a temperature of 0.01, and of 0.001.",
            "The exercise allows any positive temperature.",
            "Leave out the `max`, `min` or `clamp`.",
        ),
        fit=_fit_bounds,
    ),
    Misconception(
        slug="adds-to-temperature",
        says="You add a number to the temperature before you divide by it.",
        hints=(
            "What is that number for? The temperature is always above 0.",
            "Even a tiny number shows in the last digits of float64, and at a tiny temperature.",
            "Divide by the temperature alone.",
        ),
        fit=_fit(_sum),
    ),
    Misconception(
        slug="argmax-when-cold",
        says="Below some temperature, you give the largest logit everything. That's the limit for "
        "T -> 0, but at any T above 0 the others keep a share if they're close enough.",
        hints=(
            "Try the logits 0 and 0.01 at a temperature of 0.01.",
            "How sharp softmax is depends on the differences divided by T, not on T alone.",
            "Leave out the `if` and the `argmax`: the temperature is always above 0.",
        ),
        pattern=_only_beyond(lambda t, cold: t <= cold, _takes_all),
    ),
    Misconception(
        slug="ignores-the-logits",
        says="All the results in a row are the same number: the logits have no effect.",
        hints=(
            "Which of your steps forgets which logit is larger?",
            "Softmax gives the larger logit the larger probability, at any temperature.",
            DIVIDE,
        ),
        pattern=_all_even,
    ),
    Misconception(
        slug="uniform-when-hot",
        says="Above some temperature, you give all classes the same probability. That's the limit "
        "for large T, but logits that are far apart still get different probabilities.",
        hints=(
            "Try the logits 200 and 0 at a temperature of 100.",
            "How flat softmax is depends on the differences divided by T, not on T alone.",
            "Leave out the `if`.",
        ),
        pattern=_only_beyond(lambda t, hot: t >= hot, _is_even),
    ),
    Misconception(
        slug="changes-temperature",
        says="Your results are right for a different temperature: you divide by a root, a power or "
        "a multiple of the temperature, or by something else.",
        hints=(
            "Print what you divide by, for a temperature of 2.",
            "The temperature itself stays as it is.",
            DIVIDE,
        ),
        variants=(
            {"temper": lambda t: t**0.5},
            {"temper": math.exp},
            {"temper": math.log},
            {"temper": math.log1p},
        ),
        fit=_fit(_product),
        pattern=_another_temperature,
    ),
    Misconception(
        slug="temperature-in-a-power",
        says="You raise the logits to a power of the temperature, or the temperature to the power "
        "of the logits. Softmax has one power, e to the logits / T.",
        hints=(
            "What does your formula give for a logit of 0, and for a negative one?",
            "The temperature divides; `**` isn't the operator for that.",
            DIVIDE,
        ),
        variants=(
            lambda logits, temperature: _share(logits ** (1 / temperature)),
            lambda logits, temperature: _share(logits**temperature),
            lambda logits, temperature: _spread(temperature**logits),
        ),
    ),
    named(
        "computes-in-16-bits",
        *(
            lambda logits, temperature, dtype=dtype: _share(logits.to(dtype) / temperature)
            for dtype in (torch.float16, torch.bfloat16)
        ),
    ),
    Misconception(
        slug="returns-scores",
        says="You return the divided logits, without a softmax.",
        hints=(
            "Do your results sum to 1?",
            "After the division, they're still logits; what turns them into probabilities?",
            "A softmax is missing at the end.",
        ),
        variants=(
            lambda logits, temperature: logits / temperature,
            lambda logits, temperature: logits * temperature,
        ),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="Your softmax runs over a dim other than the last one (the classes), or over more "
        "dims than that.",
        hints=(
            "Along which dim do your results sum to 1?",
            "The classes of one prediction compete, and they lie along the last dim.",
            "`dim=-1`.",
        ),
        variants=(
            *({"max_dim": d, "sum_dim": d} for d in (always(0), always(1), everything, implicit)),
            {"max_dim": always(-2), "sum_dim": always(-2)},
            {"sum_dim": always(0)},
            {"sum_dim": always(-2)},
        ),
    ),
    Misconception(
        slug="global-sum",
        says="You divide by the sum of the whole tensor, so the whole tensor sums to 1 instead of "
        "each row.",
        hints=(
            "Which entries compete with each other? Which ones does your sum add up?",
            "Each row of classes has its own sum.",
            "Write `.sum(dim=-1, keepdim=True)`.",
        ),
        variants=({"sum_dim": everything},),
    ),
    replace(
        named("no-max-subtraction"),
        hints=(
            "Try logits of 1000 and -1000, or a very small temperature.",
            "Softmax stays the same if you subtract one number from all logits of a row.",
            "Subtract the maximum of each row of `logits / temperature`, or use `torch.softmax`.",
        ),
        variants=({"centre": nothing},),
    ),
)
# tried together with a mistake in the temperature
PAIRED = (
    *("sign-error", "returns-log", "mean-instead-of-sum", "returns-exp-unnormalised"),
    *("softmax-twice", "one-minus-softmax", "missing-keepdim", "rounds"),
)
OF_SOFTMAX = (
    *PAIRED,
    *("returns-one-number", "returns-positions", "keeps-the-largest-only", "averages-a-dim"),
    *("reshaped-result", "argmax-one-hot", "int-dtype", "returns-scores", "divides-by-count"),
    *("exp-of-the-sum", "divides-inside-exp", "sums-raw-logits", "forgets-exp", "min-max-scaling"),
    *("other-than-exp", "negatives-become-zero", "double-exp", "exp2-or-pow", "sigmoid-instead"),
    *("squashes-first", "divides-by-norm", "root-of-the-sum", "running-total"),
    *("sum-of-the-others", "sum-misses-an-entry", "divides-logits-by-max", "standardises-first"),
    *("takes-absolute-value", "plus-one-in-denominator", "returns-percent"),
    *("multiplies-by-the-logits", "clamping", "computes-in-16-bits", "eps-in-denominator"),
    *("eps-added-to-each", "floors-probabilities", "random-results"),
    *("unsqueezes-last-not-dim", "max-over-wrong-dim", "one-dim-after-the-other"),
    *("shift-on-one-side", "shift-after-exp"),
    *("global-max", "argmax-instead-of-max", "mean-subtraction", "other-than-the-maximum"),
    *("min-subtraction", "max-with-zero", "shifts-only-if-large", "patches-nan"),
    *("upcast-instead-of-shift", "last-left-out", "first-left-out"),
    *("right-numbers-wrong-places", "other-entries-compete", "changed-afterwards"),
    *("two-dims-only", "one-row-only", "overflows"),
)


def _around(softmax: Variant) -> Variant:
    return lambda logits, temperature: softmax(logits / temperature, -1)


# --- laws -----------------------------------------------------------------------------------------


def _rows(probe: Probe, *tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    tables = (laws.slices(t, probe) for t in (probe.logits.double(), *tensors))
    yield from zip(*tables, strict=True)


def _at_its_temperature(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A row has the probabilities of its own temperature, not of a different one."""
    asked = probe.rest[0]
    for x, y in _rows(probe, value):
        got = effective(x, y)
        if got is not None and _is_off(got, asked):
            if got == math.inf:
                return "All the probabilities in a row are the same, whatever its logits."
            if got < 0:
                return "In one row, the lower logit has the larger probability."
            return (
                f"One row has the probabilities for a temperature of {number(got)}. You were "
                f"asked for {number(asked)}."
            )
    return ""


def _hotter_is_flatter(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The largest share is smaller than at temperature 1 when hot, and larger when cold."""
    asked = probe.rest[0]
    for x, y in _rows(probe, value):
        at_one = torch.softmax(x, 0).max().item()
        got = y.max().item()
        if asked > 1 and got > at_one + 1e-3:
            return (
                f"A temperature of {number(asked)} brings probabilities closer together. At 1, the "
                f"largest in one row is {number(at_one)}; in your result, it's {number(got)}."
            )
        if asked < 1 and got < at_one - 1e-3:
            return (
                f"A temperature of {number(asked)} pushes probabilities apart. At 1, the largest "
                f"in one row is {number(at_one)}; in your result, it's {number(got)}."
            )
    return ""


def _ratios(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Two probabilities in a row have the ratio exp(difference of the logits / T)."""
    for x, y, p in _rows(probe, value, expected):
        if found := laws.wrong_ratio(y, p):
            i, j, got, wanted = found
            return (
                f"In one row, the logits {number(x[i].item())} and {number(x[j].item())} have "
                f"probabilities with the ratio {number(got)}. At a temperature of "
                f"{number(probe.rest[0])}, it should be exp(difference / T), {number(wanted)}."
            )
    return ""


LAWS = (
    *laws.of("wrong-divisor", "outside-0-to-1", "slices-do-not-sum-to-1", "order-changes"),
    Law(
        "another-temperature",
        _at_its_temperature,
        (
            "Print what you divide the logits by.",
            "The whole row is divided by the same temperature, once.",
            DIVIDE,
        ),
    ),
    Law(
        "hotter-is-not-flatter",
        _hotter_is_flatter,
        (
            "Should a temperature of 10 bring the probabilities closer together, or push them "
            "apart?",
            "The differences between logits are divided by the temperature, before exp.",
            DIVIDE,
        ),
    ),
    Law(
        "ratios-not-exp",
        _ratios,
        (
            "What do you take exp of?",
            "Two results in a row have the ratio exp((a - b) / T), whatever else the row holds.",
            DIVIDE,
        ),
    ),
    # last: a mistake on ordinary logits says more than a nan on extreme ones
    *laws.of("gives-nan", "gives-inf", "some-slices-wrong"),
)


# --- probes ---------------------------------------------------------------------------------------


def _at(x: Tensor, temperature: float, seed: int = 0) -> Probe:
    return Probe(x, -1, others=(temperature,), seed=seed)


def _probes() -> tuple[Probe, ...]:
    return (
        _at(row(1, 0), 2),
        _at(row(2, 1, 0.1), 0.5),
        _at(row(2, 1, 0.1), 10.0),
        _at(row(2, 1, 0.1), 1.0),
        _at(grid([1, 1.25], [3, 3.5]), 0.25),
        _at(grid([1, 2, 3], [1, 2, 1]), 2.5),
        _at(scores(2, 2, 3), 0.7),
        _at(row(200, 0), 100.0),
        _at(scores(2, 3, dtype=torch.float64), 1.5),
        _at(grid([0, 1], [1000, 1001]), 1.0),
        _at(row(-3000, -3001), 2.0),
        _at(row(10, 0, 6), 0.1),
        # cold and hot, but no logit gets everything; -20 leaves room for the rounding of 1 / T
        _at(row(0, 0.01, -20), 0.01),
        _at(row(0, 0.05, 0.1, -20), 0.05),
        _at(row(1000, 0), 1000.0),
        # twice, to catch random results
        _at(scores(4, 8), 2.0),
        _at(scores(4, 8), 2.0, seed=1),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    x = 6 * torch.rand(2, 3, 4, generator=generator) - 3
    temperature = 0.5 + 2 * torch.rand((), generator=generator).item()
    return (_at(x, temperature), _at(300 * x, temperature))


EXERCISE = Exercise(
    "f(logits, temperature)",
    _probes(),
    _fresh,
    reference=at_temperature,
    right=(RIGHT,),
    misconceptions=(
        *NO_RESULT,
        *MISTAKES,
        *inside(OF_SOFTMAX, _around, _as_softmax, PAIRED),
        *TRACES,
    ),
    laws=LAWS,
)
