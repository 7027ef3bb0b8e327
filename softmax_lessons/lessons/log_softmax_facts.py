"""What the results of log_softmax show: facts, and numbers read off them."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.exercise import INF
from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons.facts import is_extreme, same
from softmax_lessons.lessons.laws import slices
from softmax_lessons.lessons.log_softmax_steps import (
    FAR_APART,
    cut_at,
    identity,
    joined,
    log_of,
    log_of_powers_plus,
    log_of_probs,
    patched,
    plus_each,
)
from softmax_lessons.lessons.recipe import nothing
from softmax_lessons.lessons.steps import (
    clamped_to,
    exp_plus,
    filled_with,
    plus,
    scaled_by,
    sum_plus,
)

Term = tuple[Tensor, int, float, bool]  # a slice of logits, an entry, its log-probability, exact?


def terms(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> list[Term]:
    """Return the log-probabilities of ordinary slices according to the results, exact ones first.

    The loss of a one-row batch gives the target's log-probability.
    """
    found = []
    for probe, outcome in zip(probes, outcomes, strict=True):
        x, y = probe.logits, outcome.value
        if y is None or x.dtype.itemsize < 4 or not x.isfinite().all() or x.abs().max() > 10:
            continue
        exact = x.dtype == y.dtype == torch.float64
        if probe.others is None and y.shape == x.shape:
            first = slices(x.double(), probe)[0]  # one slice of each is enough
            entries = slices(y.double(), probe)[0].tolist()
            found += [(first, i, entry, exact) for i, entry in enumerate(entries)]
        elif probe.others is not None and y.numel() == 1 and len(x) == 1:
            found.append((x[0].double(), int(probe.others[0][0]), -y.item(), exact))
    found = [term for term in found if math.isfinite(term[2]) and term[0].numel() > 1]
    return sorted(found, key=lambda term: not term[3])


ENOUGH = 6  # this many numbers don't agree by chance


def read_off(
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    number_of: Callable[[Tensor, int, float], float | None],
    none: float = 0.0,
) -> Iterator[tuple[int, float]]:
    """Yield each number that all slices of one length agree on, with that length.

    Args:
        probes: the inputs.
        outcomes: what the attempt did with them.
        number_of: computes the number from a slice, an entry and its log-probability, if it can.
        none: the number if nothing is wrong.
    """
    found: dict[int, list[tuple[float, bool]]] = {}
    for x, i, y, exact in terms(probes, outcomes):
        if len(found.get(len(x), ())) == ENOUGH:
            continue
        if (value := number_of(x, i, y)) is not None and math.isfinite(value):
            found.setdefault(len(x), []).append((value, exact))
    seen: list[float] = []
    for length, values in found.items():
        first, exact = values[0]
        rounding = (1e-13 if exact else 1e-6) * (1 + abs(none))
        agree = all(abs(v - first) <= 1e-3 * (0.01 + abs(first)) for v, _ in values)
        if agree and abs(first - none) > rounding and not any(abs(first - v) < 1e-5 for v in seen):
            seen.append(first)
            yield length, first


def right_at(x: Tensor, i: int) -> float:
    """Return the correct log-probability of an entry."""
    return x.log_softmax(0)[i].item()


def _scale_of(x: Tensor, i: int, y: float) -> float | None:
    readable = len(x) == 2 and x[0] != x[1] and -50 < y < 0
    return math.log(math.expm1(-y)) / (x[1 - i] - x[i]).item() if readable else None


def fit_scale(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield a factor for the logits, read off slices with two entries."""
    for _, factor in read_off(probes, outcomes, _scale_of, none=1):
        if abs(factor) > 1e-4:
            yield {"enter": scaled_by(factor)}
            yield {"enter": scaled_by(factor), "centre": nothing}


def fit_factor(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield a factor for the results."""
    for length, factor in read_off(probes, outcomes, lambda x, i, y: y / right_at(x, i), none=1):
        if factor:
            yield {"leave": scaled_by(factor)}
            # in case something else divides by the number of classes
            yield {"leave": scaled_by(factor * length)}


def fit_offset(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the number that the attempt adds to every result."""
    for _, amount in read_off(probes, outcomes, lambda x, i, y: y - right_at(x, i)):
        yield {"leave": plus(amount)}


def fit_sum_plus(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the number added to the sum or to each exp, after a shift or without one."""
    for largest, change in ((torch.max, {}), (torch.zeros_like, {"centre": nothing})):

        def in_the_sum(x: Tensor, i: int, y: float, largest=largest) -> float | None:
            exps = (x - largest(x)).exp()
            return (exps[i] / math.exp(y) - exps.sum()).item() if abs(y) < 50 else None

        def in_each(x: Tensor, i: int, y: float, largest=largest) -> float | None:
            # exp(x_i) + a, divided by a sum that includes a len(x) times, is the share
            exps, share = (x - largest(x)).exp(), math.exp(min(y, 50))
            left = share * len(x) - 1
            return ((exps[i] - share * exps.sum()) / left).item() if abs(left) > 1e-3 else None

        for _, amount in read_off(probes, outcomes, in_the_sum):
            yield {"total": sum_plus(amount), **change}
        for _, amount in read_off(probes, outcomes, in_each):
            yield {"power": exp_plus(amount), **log_of(identity), **change}


def fit_eps(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read the eps off a result that should be far below the log of the eps."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = outcome.value
        if probe.logits.flatten().tolist() != FAR_APART or value is None or not value.numel():
            continue
        lowest = -value.double().abs().max().item()
        if -110 < lowest < -1:
            eps = math.exp(lowest)
            yield log_of(plus_each(eps))
            yield log_of(cut_at(eps))
            yield joined(log_of_powers_plus(eps))
        if -110 < lowest < -3:
            # where the sum includes the eps, too, three times or twice
            thrice, twice = eps / (1 - 3 * eps), eps / (1 - 2 * eps)
            yield {"power": exp_plus(thrice), **log_of(identity)}
            yield {"enter": log_of_probs(plus_each(thrice))}
            yield {"enter": log_of_probs(cut_at(twice))}
        if -390 < lowest < -1:
            yield {"leave": clamped_to(round(lowest, 6), INF)}


def fit_patch(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read the number that stands for -inf off a result of log(0)."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = outcome.value
        if probe.logits.flatten().tolist() == [-60.0, 0.0, 60.0] and value is not None:
            lowest = -value.double().abs().max().item() if value.numel() else 0.0
            if math.isfinite(lowest) and lowest not in (-60.0, -120.0):
                yield {"leave": patched(lowest), **log_of(identity)}


def fit_stand_in(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read what stands in for -inf off the result for [1, -inf, 2]."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        y = outcome.value
        if probe.logits.flatten().tolist() == [1.0, -INF, 2.0] and y is not None and y.numel() == 3:
            first, middle, _ = y.double().flatten().tolist()
            if math.isfinite(middle) and math.isfinite(first):
                yield {"enter": filled_with(float(f"{middle - first + 1:.6g}"))}
                yield {"leave": filled_with(float(f"{middle:.6g}"))}


def fit_clamp(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Find the bounds at which the logits are cut off, from how far apart the results are."""
    lows, highs = set(), set()
    for probe, outcome in zip(probes, outcomes, strict=True):
        x, y = probe.logits, outcome.value
        if y is None or probe.dim != 0 or x.dim() != 1 or y.shape != x.shape or 0 not in x:
            continue
        y = y.double()
        got = y - y[int((x == 0).nonzero()[0])]
        off = (got - x).abs() > 1e-3 * (1 + x.abs())
        lows |= {round(v, 2) for v in got[off & (x < 0)].tolist() if math.isfinite(v)}
        highs |= {round(v, 2) for v in got[off & (x > 0)].tolist() if math.isfinite(v)}
    low, high = max(lows, default=-INF), min(highs, default=INF)
    for bounds in {(low, high), (-high, high), (low, -low)}:
        if bounds[0] < bounds[1] and not all(map(math.isinf, bounds)):
            yield {"enter": clamped_to(*bounds)}


def is_ordinary(probe: Probe) -> bool:
    """Tell whether the logits are moderate and have more than 16 bits."""
    return probe.logits.dtype.itemsize > 2 and not is_extreme(probe)


def in_16_bits(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether a 16-bit dtype can hold all results for ordinary logits."""
    values = [
        outcome.value.flatten()
        for probe, outcome in zip(probes, outcomes, strict=True)
        if is_ordinary(probe) and outcome.value is not None
    ]
    found = torch.cat([v.double() for v in values]) if values else torch.zeros(0)
    # any dtype can hold numbers with few digits
    long = found.isfinite().all() and (found * 64).frac().count_nonzero() >= 8
    return bool(long) and any(
        torch.equal(found.to(dtype).double(), found) for dtype in (torch.float16, torch.bfloat16)
    )


def is_log_sum(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result is the log of the sum of exps of each slice."""
    if outcome.value is None or not isinstance(probe.dim, int) or probe.logits.shape[probe.dim] < 2:
        return False
    sums = probe.logits.double().logsumexp(probe.dim, keepdim=True)
    return outcome.value.shape != probe.logits.shape and any(
        same(outcome.value.double(), y) for y in (sums, sums.squeeze(probe.dim))
    )
