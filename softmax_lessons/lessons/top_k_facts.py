"""What the results of softmax among the k largest logits show: facts, and numbers read off them."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.exercise import INF
from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons.top_k_steps import (
    RIGHT,
    Step,
    hidden_by,
    largest,
    lowered_by,
    top_k,
    zeroed,
)

# --- facts ----------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _of_largest(probe: Probe) -> Probe:
    """Return only the k largest logits, from the largest down."""
    return replace(probe, logits=probe.logits.topk(probe.rest[0]).values, others=None)


@lru_cache(maxsize=1024)
def _masked(probe: Probe) -> Probe:
    """Return the input of a plain softmax with the same answer."""
    keep = largest(probe.logits, probe.rest[0])
    return replace(probe, logits=probe.logits.masked_fill(~keep, -INF), others=None)


def among_largest(probe: Probe, outcome: Outcome) -> tuple[Probe, Outcome]:
    """Look only at the results for the k largest logits, if all other results are 0."""
    x, y, k = probe.logits, outcome.value, probe.rest[0]
    if y is None or y.shape != x.shape or y[~largest(x, k)].any():
        return _of_largest(probe), replace(outcome, value=None)
    return _of_largest(probe), replace(outcome, value=y.gather(-1, x.topk(k).indices))


def as_masked(probe: Probe, outcome: Outcome) -> tuple[Probe, Outcome]:
    """Return the same outcome, as that of a softmax with the other logits at -inf."""
    return _masked(probe), outcome


Row = tuple[Tensor, Tensor, Tensor, Tensor]  # logits, kept, results, correct results


def _rows(probe: Probe, value: Tensor) -> Iterator[Row]:
    x = probe.logits.double()
    yield from zip(
        x, largest(x, probe.rest[0]), value.double(), top_k(x, probe.rest[0]), strict=True
    )


def _all_rows(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Row]:
    for probe, outcome in zip(probes, outcomes, strict=True):
        if outcome.value is not None and outcome.value.shape == probe.logits.shape:
            yield from _rows(probe, outcome.value)


def has_k_columns(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result has one column per kept logit, and isn't an index."""
    x, y = probe.logits, outcome.value
    wanted = (x.shape[0], probe.rest[0])
    # a single number may be the rest of anything
    shown = y is not None and y.numel() > 1 and y.is_floating_point()
    return shown and y.shape == wanted != x.shape


def are_places(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result is the position of the largest logits, or of one of them."""
    y = outcome.value
    if y is None or y.dtype.is_floating_point or y.dtype == torch.bool:
        return False
    places = probe.logits.topk(probe.rest[0]).indices
    return y.shape in (places.shape, places.shape[:1]) and bool(
        (y.reshape(len(y), -1) == places[:, : y[0].numel()]).all()
    )


def is_mask(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result marks the k largest logits with True and the others with False."""
    y = outcome.value
    return y is not None and y.dtype == torch.bool and y.shape == probe.logits.shape


def keeps_wrong_ones(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether each row is the softmax of some of its logits, but not always of the largest.

    A row of nan counts too: it's the softmax of no logits at all.
    """
    wrong = False
    for x, keep, y, right in _all_rows(probes, outcomes):
        if y.isnan().all():
            continue
        if not y.isfinite().all() or not (y > 0).any():
            return False
        shares = torch.softmax(x.masked_fill(y <= 0, -INF), -1)
        if not torch.allclose(shares, y, rtol=1e-4, atol=1e-7):
            return False
        far = right[keep].min() < 1e-30  # a 0 may be an underflow, not a dropped logit
        wrong |= not far and not torch.equal(y > 0, keep)
    return wrong


# --- numbers read off the attempt's own results ---------------------------------------------------


def _ordinary_rows(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Yield rows of ordinary logits that aren't all kept, the widest dtype first."""
    pairs = sorted(
        zip(probes, outcomes, strict=True), key=lambda pair: -pair[0].logits.dtype.itemsize
    )
    for probe, outcome in pairs:
        y = outcome.value
        if y is not None and y.shape == probe.logits.shape and probe.magnitude <= 5:
            for row in _rows(probe, y):
                if not row[1].all() and row[2].isfinite().all():
                    yield row


def _stand_ins(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[float, Tensor, Tensor]]:
    """Yield the number that a hidden logit counts as, the logits of its row, and which are kept."""
    for x, keep, y, _ in _ordinary_rows(probes, outcomes):
        kept, hidden = int(x.argmax()), int((~keep).nonzero()[0])
        if y[kept] <= 0 or y[hidden] < 0:
            continue
        if y[hidden] > 0:
            yield (x[kept] + (y[hidden] / y[kept]).log()).item(), x, keep
        elif (missing := 1 - y[keep].sum().item()) > 1e-5:  # set to 0 afterwards
            count = int((~keep).sum())
            yield x[kept].item() + math.log(missing / count / y[kept].item()), x, keep


def _rounded(value: float) -> float:
    """Return the round number that's probably meant, if there's one nearby."""
    near = round(value, 3)
    return near if abs(near - value) < 1e-11 else value


def _filled(hide: Step) -> Iterator[Variant]:
    # functions, so that these numbers aren't tried together with every other mistake
    yield replace(RIGHT, hide=hide)
    yield replace(RIGHT, hide=hide, finish=zeroed)


def fit_fill(low: float, high: float) -> Callable[..., Iterator[Variant]]:
    """Return a function that finds which number between two bounds stands in for -inf."""

    def fit(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
        for stand_in, _, _ in _stand_ins(probes, outcomes):
            if low <= stand_in <= high:
                yield from _filled(hidden_by(_rounded(stand_in)))
            return

    return fit


def fit_below(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read off how far hidden logits are lowered, or how far below their row's minimum they are."""
    for stand_in, x, keep in _stand_ins(probes, outcomes):
        yield from _filled(lowered_by(_rounded(x[~keep][0].item() - stand_in)))
        amount = _rounded(x.min().item() - stand_in)
        yield from _filled(
            lambda x, keep, below=amount: torch.where(keep, x, x.amin(-1, keepdim=True) - below)
        )
        return
