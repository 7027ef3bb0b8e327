"""What merged states show: facts, and numbers read off them."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.exercise import INF
from softmax_lessons.checker.judge import close, expect
from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons.merge_states_steps import (
    RIGHT,
    at_least,
    bare,
    gap_from,
    plus,
    power_of,
)

# --- facts ----------------------------------------------------------------------------------------

Fact = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # of (m1, s1, m2, s2), for each row


def alike(a: Tensor, b: Tensor) -> Tensor:
    """Tell which numbers are the same apart from rounding."""
    return torch.isclose(a, b, rtol=1e-3, atol=1e-6)


def states_of(probe: Probe) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return both maxima and both sums in float64."""
    (m1, s1), (m2, s2) = probe.logits.double(), probe.others[0].double()
    return m1, s1, m2, s2


def _value(probe: Probe, outcome: Outcome) -> Tensor | None:
    """Return a result in float64, if it has the right shape."""
    value = outcome.value
    return value.double() if value is not None and value.shape == probe.logits.shape else None


def _both_empty(probe: Probe) -> Tensor:
    m1, _, m2, _ = states_of(probe)
    return (m1 == -INF) & (m2 == -INF)


def _none_empty(probe: Probe) -> Tensor:
    m1, _, m2, _ = states_of(probe)
    return (m1 > -INF) & (m2 > -INF)


def of_two_empty(fact: Callable[[Tensor], Tensor]) -> Callable[[Probe, Outcome], bool]:
    """Return the symptom that two empty pieces fit this fact, and all other rows are right."""

    def symptom(probe: Probe, outcome: Outcome) -> bool:
        value, empty = _value(probe, outcome), _both_empty(probe)
        if value is None or not empty.any():
            return False
        rest = expect(RIGHT, probe).value[:, ~empty]
        fine = rest.numel() == 0 or close(value[:, ~empty].to(probe.logits.dtype), rest, probe)
        return fine and bool(fact(value[:, empty]).all())

    return symptom


def on_ordinary_rows(place: int, fact: Fact, *unlike: Fact) -> Callable[..., bool]:
    """Return the pattern that the maxima or sums fit a fact wherever no piece is empty.

    Args:
        place: 0 for the maxima, 1 for the sums.
        fact: what they are.
        unlike: what they aren't; enough rows must show the difference.
    """

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        telling = 0
        for probe, outcome in zip(probes, outcomes, strict=True):
            value, rows = _value(probe, outcome), _none_empty(probe)
            if value is None:
                return False
            if not rows.any() or probe.magnitude > 100:
                continue
            states = [t[rows] for t in states_of(probe)]
            got, said = value[place][rows], fact(*states)
            if not alike(got, said).all():
                return False
            others = [expect(RIGHT, probe).value[place][rows], *(f(*states) for f in unlike)]
            telling += int(sum(~alike(got, other) for other in others).eq(len(others)).sum())
        return telling >= 3

    return pattern


def empty_wins(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether rows with one empty piece become empty, and rows without one are right."""
    seen = False
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = _value(probe, outcome)
        if value is None:
            return False
        full, both = _none_empty(probe), _both_empty(probe)
        one = ~full & ~both
        right = expect(RIGHT, probe).value
        if not alike(value, right)[:, full].all() or (value[0, one] != -INF).any():
            return False
        seen |= bool(one.any())
    return seen


def merges_the_first_only(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether the first row is right, and the others are copied from one of the pieces."""
    found = [(p, _value(p, o)) for p, o in zip(probes, outcomes, strict=True)]
    if any(v is None or not alike(v, expect(RIGHT, p).value)[:, 0].all() for p, v in found):
        return False
    return any(
        all(torch.equal(v[:, 1:], piece(p)[:, 1:].double()) for p, v in found)
        for piece in (lambda p: p.logits, lambda p: p.others[0])
    )


def one_row_decides(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether rows without an empty piece are wrong only if another row has one.

    The same row is right if no other row has one.
    """
    spoilt = False
    for probe, outcome in zip(probes, outcomes, strict=True):
        value, right = _value(probe, outcome), expect(RIGHT, probe).value
        if value is None:
            return False
        wrong = ~alike(value, right).all(0)
        m1, _, m2, _ = states_of(probe)
        full, empty = _none_empty(probe), (m1 == -INF) | (m2 == -INF)
        if (wrong & full).any():
            if not empty.any():
                return False
            spoilt = True
    return spoilt


def both_rescaled(m1: Tensor, s1: Tensor, m2: Tensor, s2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the larger maximum, and both sums rescaled to it."""
    m = torch.maximum(m1, m2)
    return m, s1 * (m1 - m).exp(), s2 * (m2 - m).exp()


def of_the_largest(m1: Tensor, s1: Tensor, m2: Tensor, s2: Tensor) -> Tensor:
    """Return the sum of the piece with the larger maximum, or of both if the maxima are equal."""
    return s1 * (m1 >= m2) + s2 * (m2 >= m1)


def sum_of_exps(m1: Tensor, s1: Tensor, m2: Tensor, s2: Tensor) -> Tensor:
    """Return the sum of exp(x) over both pieces."""
    return s1 * m1.exp() + s2 * m2.exp()


def logsumexp_of_both(m1: Tensor, s1: Tensor, m2: Tensor, s2: Tensor) -> Tensor:
    """Return the log of the sum of exp(x) over both pieces."""
    return torch.logaddexp(m1 + s1.log(), m2 + s2.log())


def log_of_the_sum(*states: Tensor) -> Tensor:
    """Return the log of the merged sum."""
    _, p1, p2 = both_rescaled(*states)
    return (p1 + p2).log()


# --- numbers read off the attempt's own results ---------------------------------------------------


def _ordinary_row(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> tuple[float, float, float, float, float] | None:
    """Return the state with the larger maximum, the other state, and the attempt's sum."""
    value = _value(probes[0], outcomes[0])
    if value is None:
        return None
    m1, s1, m2, s2 = (t[0].item() for t in states_of(probes[0]))
    return (m1, s1, m2, s2, value[1, 0].item()) if m1 > m2 else (m2, s2, m1, s1, value[1, 0].item())


def fit_base(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the number whose powers the factors are, instead of e."""
    if found := _ordinary_row(probes, outcomes):
        m1, s1, m2, s2, total = found
        if total > s1:
            base = ((total - s1) / s2) ** (1 / (m2 - m1))
            if 1.01 < base < 1e3:
                yield {"factor": power_of(base)}
                yield {"factor": power_of(base), "base": bare}


def fit_gap(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read the bound off the row with pieces far apart."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = _value(probe, outcome)
        if value is None or not (500 < probe.magnitude < 2000) or not _none_empty(probe).all():
            continue
        m1, s1, m2, s2 = (t[0].item() for t in states_of(probe))
        high, low = (s1, s2) if m1 > m2 else (s2, s1)
        extra = (value[1, 0].item() - high) / low
        if math.isfinite(extra) and extra > 1e-6:
            yield {"factor": gap_from(math.log(extra))}
            yield {"factor": at_least(extra)}
            return


def fit_added(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read the number added to the sum off two empty pieces."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        value, empty = _value(probe, outcome), _both_empty(probe)
        if value is not None and empty.any():
            added = value[1, empty][0].item()
            if math.isfinite(added) and added:
                yield {"finish": plus(added)}
                return
