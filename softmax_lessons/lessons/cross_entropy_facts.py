"""What the losses of batches show: facts, and numbers read off them."""

import itertools
import math
from collections.abc import Collection, Iterator, Sequence

from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons.cross_entropy_steps import (
    at_targets,
    focal_loss,
    shared_out,
    smoothed,
    smoothed_table,
)
from softmax_lessons.lessons.log_softmax_facts import read_off, right_at

# --- numbers read off the results -----------------------------------------------------------------


def _amount_smoothed(x: Tensor, i: int, y: float) -> float | None:
    logs = x.log_softmax(0)
    at, mean = logs[i].item(), logs.mean().item()
    return (y - at) / (mean - at) if abs(at - mean) > 0.1 else None


def fit_smoothing(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield how much of the other classes the attempt mixes into the target."""
    for length, amount in read_off(probes, outcomes, _amount_smoothed):
        even, shared = round(amount, 6), round(amount * (1 - 1 / length), 6)
        yield from ({"pick": smoothed(even)}, {"pick": shared_out(shared)})
        yield from ({"pick": smoothed_table(even, False)}, {"pick": smoothed_table(shared, True)})


def _gamma(x: Tensor, i: int, y: float) -> float | None:
    right = right_at(x, i)
    share = y / right
    return math.log(share) / math.log(1 - math.exp(right)) if 0 < share < 1 else None


def fit_focal(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the power of 1 - p that the attempt multiplies each row's loss by."""
    for _, gamma in read_off(probes, outcomes, _gamma):
        yield {"each": focal_loss(round(gamma, 3))}


# --- facts of all outcomes ------------------------------------------------------------------------


def losses_of(probe: Probe) -> Tensor:
    """Return each row's correct loss."""
    return -at_targets(probe.logits.double().log_softmax(1), probe.others[0])


def _alike(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-4 * (1 + abs(b))


def _usable(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> list[tuple[Probe, float, Tensor]]:
    """Return the ordinary probes, the attempt's loss for each, and its rows' correct losses."""
    found = []
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = outcome.value
        if probe.magnitude <= 10 and value is not None and value.shape == ():
            found.append((probe, value.item(), losses_of(probe)))
    return found


def _one_row(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> list[tuple[Probe, float, Tensor]]:
    return [found for found in _usable(probes, outcomes) if len(found[0].logits) == 1]


def all_infinite(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all results for ordinary logits are infinite."""
    usable = _usable(probes, outcomes)
    return bool(usable) and all(math.isinf(value) for _, value, _ in usable)


def rows_left_out(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether results are the mean of some rows' losses, or their sum over the batch size."""
    seen, counted = 0, False
    for _, value, losses in _usable(probes, outcomes):
        if len(losses) == 1 or _alike(value, losses.mean().item()):
            continue
        n = len(losses)
        parts = [
            losses[list(rows)].sum().item() / count
            for size in range(n)
            for rows in itertools.combinations(range(n), size)
            for count in {max(size, 1), n}
        ]
        if not any(_alike(value, part) for part in parts):
            return False
        seen += 1
        counted |= value != 0
    return seen > 2 and counted


def no_mean(probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]) -> bool:
    """Tell whether each single row gets the right loss, but some batches don't get the mean."""
    usable = _usable(probes, outcomes)
    single = [_alike(value, losses.item()) for _, value, losses in usable if len(losses) == 1]
    several = [
        _alike(value, losses.mean().item()) for _, value, losses in usable if len(losses) > 1
    ]
    return len(single) > 3 and all(single) and not all(several)


def _same_probability(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> list[tuple[float, float]]:
    """Return pairs of results of single rows whose targets have the same probability.

    The rows have different numbers of classes, so they have nothing else in common.
    """
    rows = _one_row(probes, outcomes)
    return [
        (a, b)
        for (p, a, loss), (q, b, other) in itertools.combinations(rows, 2)
        if abs(loss - other) < 1e-6 and p.logits.shape[1] != q.logits.shape[1]
    ]


def of_the_probability_alone(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether a row's loss depends only on the target's probability, but isn't its -log."""
    pairs = _same_probability(probes, outcomes)
    rows = _one_row(probes, outcomes)
    values = {round(value, 4) for _, value, _ in rows}
    return (
        len(pairs) > 2
        and all(math.isfinite(a) and _alike(a, b) for a, b in pairs)
        and len(values) > 3
        # more than the rounding of a 16-bit dtype
        and all(abs(value - losses.item()) > 0.02 * losses.item() for _, value, losses in rows)
    )


def not_of_the_probability_alone(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether rows whose targets have the same probability get different losses."""
    pairs = _same_probability(probes, outcomes)
    return (
        len(pairs) > 2
        and not any(outcome.error for outcome in outcomes)
        and any(math.isfinite(a - b) and not _alike(a, b) for a, b in pairs)
    )
