"""What the outcomes of an attempt at a softmax show, however it is written.

Facts about one outcome are symptoms, and facts about all outcomes are patterns; some of a
mistake's numbers can be read off the results. No other mistake may show the same fact.
"""

import itertools
import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.judge import changed_input
from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons.laws import dims_of, slices
from softmax_lessons.lessons.recipe import RIGHT, nothing
from softmax_lessons.lessons.steps import (
    clamped_to,
    exp_from,
    exp_plus,
    floored_at,
    plus,
    power_of,
    scaled_by,
    smoothed_by,
    sum_plus,
)

Pattern = Callable[[Sequence[Probe], Sequence[Outcome], Collection[int]], bool]
ORDINARY = 20.0  # up to this size of logits, probabilities keep enough digits to be told apart
ENOUGH = 20  # this many numbers don't agree by chance
FEW = 3  # this many equal numbers aren't chance where unequal ones are right


@lru_cache(maxsize=1024)
def right(probe: Probe) -> Tensor:
    """Return the right softmax, float64."""
    return RIGHT(probe.logits.double(), probe.dim)


def same(a: Tensor, b: Tensor) -> bool:
    """Tell whether two tensors are the same to four digits."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=1e-6)


# --- facts of one outcome -----------------------------------------------------------------------


def holds_integers(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result has an integer dtype."""
    return outcome.value is not None and not outcome.value.dtype.is_floating_point


def changes_input(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether an argument was changed."""
    return changed_input(probe, outcome) is not None


def loses_gradient(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether no gradient comes back."""
    if re.search(r"on Tensor that requires grad|support automatic differentiation", outcome.error):
        return True
    got = outcome.value is not None and outcome.grad is None and not outcome.grad_error
    return probe.gradient and got


def changes_dtype(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result has a floating dtype other than the logits'."""
    value = outcome.value
    return value is not None and value.is_floating_point() and not probe.accepts(value.dtype)


def computes_in_float32(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether only float64 inputs go wrong, and every result for them is a float32."""
    wide = [i for i, probe in enumerate(probes) if probe.logits.dtype == torch.float64]
    values = [outcomes[i].value for i in wide]
    if not set(failed) <= set(wide) or any(
        value is None or value.dtype != torch.float64 for value in values
    ):
        return False
    numbers = torch.cat([value.detach().flatten() for value in values]).nan_to_num(0, 0, 0)
    # 0, 1 and the like are the same in any dtype
    return bool((numbers.float() == numbers).all() and (numbers.half() != numbers).any())


def changes_shape(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result has a shape other than the logits'."""
    return outcome.value is not None and outcome.value.shape != probe.logits.shape


def is_where_the_largest_is(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result is the position of the largest logit of each slice."""
    if not holds_integers(probe, outcome) or isinstance(probe.dim, tuple):
        return False
    ours = (probe.logits.argmax(probe.dim, keepdim=kept) for kept in (False, True))
    return outcome.value.shape != probe.logits.shape and any(
        outcome.value.shape == y.shape and bool((outcome.value == y).all()) for y in ours
    )


def is_reduced(reduction: Callable[..., Tensor]) -> Callable[[Probe, Outcome], bool]:
    """Return the symptom that each right slice is reduced to its largest entry, or its sum."""

    def symptom(probe: Probe, outcome: Outcome) -> bool:
        if not changes_shape(probe, outcome):
            return False
        value = outcome.value.double()
        p = right(probe)
        alone = math.prod(p.shape[i] for i in dims_of(probe)) == 1
        return not alone and any(
            same(value, reduction(p, probe.dim, keepdim=kept)) for kept in (True, False)
        )

    return symptom


def is_summed(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether only the sums of the right slices are left, not logits that happen to be 1."""
    shown = is_reduced(torch.sum)(probe, outcome)
    return shown and not torch.isin(outcome.value.double(), probe.logits.double()).any()


def is_averaged(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the right result was averaged or summed over a dim that doesn't compete."""
    if not changes_shape(probe, outcome):
        return False
    value, p = outcome.value.double(), right(probe)
    x = probe.logits.double()
    for i in set(range(p.dim())) - set(dims_of(probe)):
        if p.shape[i] == 1:
            continue
        dims = tuple(d - (d > i) for d in dims_of(probe))
        reduced = (p.mean(i), p.sum(i), RIGHT(x.mean(i), dims), RIGHT(x.sum(i), dims))
        if any(same(value, y) or same(value, y.unsqueeze(i)) for y in reduced):
            return True
    return False


def is_a_part(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result is one of the right slices, or a stretch of them, along some dim."""
    if not changes_shape(probe, outcome) or outcome.value.numel() >= probe.logits.numel():
        return False
    value, p = outcome.value.double().squeeze(), right(probe)
    telling = value.numel() > 0 and bool((value > 1e-6).all())  # a 0 may mean many things
    return telling and any(
        same(value, p.narrow(i, start, count).squeeze())
        for i, n in enumerate(p.shape)
        for count in range(1, n)
        for start in range(n - count + 1)
        if value.numel() * n == p.numel() * count
    )


def is_a_smaller_part(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result is a part of the right one, but not its largest results."""
    return is_a_part(probe, outcome) and not is_reduced(torch.amax)(probe, outcome)


def is_reshaped(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether all numbers are right and in order, but in a different shape."""
    if not changes_shape(probe, outcome) or outcome.value.numel() != probe.logits.numel():
        return False
    if outcome.value.dim() == 0:  # it may be the first, the largest or the sum
        return False
    if is_transposed(probe, outcome):
        return False
    return same(outcome.value.double().flatten(), right(probe).flatten())


def is_transposed(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result is right, with its dims in a different order."""
    value, p = outcome.value, right(probe)
    if value is None or value.dim() != p.dim() or value.numel() != p.numel():
        return False
    orders = itertools.islice(itertools.permutations(range(p.dim())), 1, None)
    return any(same(value.double().permute(order), p) for order in orders)


def is_transposed_into_another_shape(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the dims are in a different order, and the shape shows it."""
    return changes_shape(probe, outcome) and is_transposed(probe, outcome)


def is_scrambled(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether all numbers are right, but in the wrong positions."""
    value, p = outcome.value, right(probe)
    if value is None or value.numel() != p.numel():
        return False
    got, wanted = (t.double().flatten() for t in (value, p))
    return not same(got, wanted) and same(got.sort().values, wanted.sort().values)


# --- facts of all outcomes ----------------------------------------------------------------------


def in_all_failed(symptom: Callable[[Probe, Outcome], bool]) -> Pattern:
    """Return the pattern that a fact shows in all failed outcomes, and not by chance."""

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        shown = all(symptom(probes[i], outcomes[i]) for i in failed)
        return shown and any(probes[i].logits.unique().numel() >= 3 for i in failed)

    return pattern


def in_all_clear(symptom: Callable[[Probe, Outcome], bool]) -> Pattern:
    """Return the pattern that a fact shows wherever several entries compete."""

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        clear = [i for i in failed if slices(probes[i].logits, probes[i]).shape[1] > 1]
        return bool(clear) and all(symptom(probes[i], outcomes[i]) for i in clear)

    return pattern


def exactly_where(has: Callable[[Probe], bool]) -> Pattern:
    """Return the pattern that exactly the probes with some property fail."""

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        # a dim of size 1 may be at any position
        clear = [i for i, p in enumerate(probes) if min(p.logits.shape) > 1]
        return {has(probes[i]) for i in clear} == {True, False} and all(
            (i in failed) == has(probes[i]) for i in clear
        )

    return pattern


def of_two_dims_none_and_of_more_some(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether two dims are always right, and more dims are sometimes wrong."""
    dims = {probes[i].logits.dim() for i in failed}
    return 2 not in dims and max(dims) > 2


def is_last(probe: Probe) -> bool:
    """Tell whether the dim is the last one."""
    return dims_of(probe) == (probe.logits.dim() - 1,)


def is_first(probe: Probe) -> bool:
    """Tell whether the dim is the first one."""
    return dims_of(probe) == (0,)


def is_negative(probe: Probe) -> bool:
    """Tell whether the dim is negative, where that makes a difference."""
    return isinstance(probe.dim, int) and probe.dim < 0 and probe.logits.dim() > 1


def only_if_negative(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether only negative dims fail, with more than one shape."""
    negative = all(isinstance(probes[i].dim, int) and probes[i].dim < 0 for i in failed)
    return negative and sum(is_negative(probes[i]) for i in failed) > 1


def _ordinary(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[Probe, Tensor, Tensor, Tensor]]:
    """Yield each probe of ordinary logits, and its logits, result and right result in float64."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        x, value = probe.logits, outcome.value
        if x.dtype.itemsize < 4 or not x.isfinite().all() or x.abs().max() > ORDINARY:
            continue
        yield probe, x.double(), None if value is None else value.double(), right(probe)


def _all_usable(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> list[tuple[Probe, Tensor, Tensor, Tensor]]:
    """Return the same, if all results are finite and have the right shape; otherwise nothing."""
    found = list(_ordinary(probes, outcomes))
    fine = all(y is not None and y.shape == p.shape and y.isfinite().all() for _, _, y, p in found)
    return found if fine else []


def _groups(x: Tensor, y: Tensor) -> list[Tensor] | None:
    """Return which entries compete, as sets of positions; None if this isn't a softmax.

    In a softmax, x - log(y) is the log of the sum, so it is the same for all that compete.
    """
    x, y = x.flatten(), y.flatten()
    if (y <= 0).any():
        return None
    order = (x - y.log()).argsort()
    cuts = ((x - y.log())[order].diff() > 1e-4).nonzero().flatten() + 1
    groups = list(order.tensor_split(cuts.tolist()))
    return groups if all(_is_one_or_alike(x[group], y[group]) for group in groups) else None


def _is_one_or_alike(x: Tensor, y: Tensor) -> bool:
    """Tell whether entries with the same x - log(y) are one slice, or several that are alike."""
    count = round(y.sum().item())
    whole = 0 < count <= x.numel() and abs(y.sum().item() - count) < 1e-3
    return whole and bool((x.unique(return_counts=True)[1] % count == 0).all())


def others_compete(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether every result is a softmax, but over the wrong entries."""
    usable = _all_usable(probes, outcomes)
    return any(not same(y, p) for *_, y, p in usable) and all(
        _groups(x, y) is not None for _, x, y, _ in usable
    )


def moved_and_others_compete(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether results are softmaxes over some dims, with their dims in a different order."""
    return all(_is_moved_softmax(probes[i], outcomes[i]) for i in failed) and any(
        len(set(probes[i].logits.shape)) == probes[i].logits.dim() > 1 for i in failed
    )


def _is_moved_softmax(probe: Probe, outcome: Outcome) -> bool:
    x, y = probe.logits.double(), outcome.value
    if y is None or y.dim() != x.dim() or y.numel() != x.numel():
        return False
    orders = list(itertools.permutations(range(x.dim())))[1:]
    moved = [y.double().permute(order) for order in orders]
    for dims in _subsets(x.dim()):
        wanted = RIGHT(x, dims)
        if any(same(t, wanted) for t in moved):
            return True
    return False


def neighbours_compete(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether the competing entries are evenly spaced in memory, but not along any dims."""
    clear = False
    for _, x, y, p in _all_usable(probes, outcomes):
        if same(y, p):
            continue
        if any(same(y, RIGHT(x, dims)) for dims in _subsets(x.dim())):
            continue
        if not any(same(y.flatten(), other) for other in _regrouped(x)):
            return False
        clear = True
    return clear


def _subsets(count: int) -> Iterator[tuple[int, ...]]:
    for size in range(1, count + 1):
        yield from itertools.combinations(range(count), size)


def _regrouped(x: Tensor) -> Iterator[Tensor]:
    """Yield the softmaxes of a tensor in all possible shapes, as one row."""
    divisors = [n for n in range(1, x.numel() + 1) if x.numel() % n == 0]
    for n, step in itertools.product(divisors, divisors):
        if n > 1 and x.numel() % (n * step) == 0:
            yield torch.softmax(x.reshape(-1, n, step), 1).flatten()


def all_ones(probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]) -> bool:
    """Tell whether every result is 1."""
    usable = _all_usable(probes, outcomes)
    return bool(usable) and all(same(y, torch.ones_like(y)) for _, _, y, _ in usable)


def only_the_shape_counts(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether different logits of the same shape get the same results."""
    usable = _all_usable(probes, outcomes)
    telling = False
    for (p, x, y, right_y), (q, _, z, right_z) in itertools.combinations(usable, 2):
        if (p.logits.shape, p.dim) == (q.logits.shape, q.dim) and not same(right_y, right_z):
            if not same(y, z):
                return False
            telling |= x.unique().numel() > 2
    return telling


def small_become_zero(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all results are right except small ones, which are exactly 0."""
    for i in failed:
        value, p = outcomes[i].value, right(probes[i])
        if value is None or value.shape != p.shape:
            return False
        lost = (value == 0) & (p > torch.finfo(probes[i].logits.dtype).tiny)
        if not lost.any() or p[lost].max() > 0.1 or not same(value.double()[~lost], p[~lost]):
            return False
    return bool(failed)


def fits_in_16_bits(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all results are numbers that fit into a 16-bit dtype."""
    values = [
        outcomes[i].value
        for i, p in enumerate(probes)
        if p.logits.dtype.itemsize > 2 and outcomes[i].value is not None
    ]
    if any(not v.is_floating_point() or v.dtype.itemsize == 2 for v in values):
        return False
    every = torch.cat([v.double().flatten() for v in values]) if values else torch.ones(0)
    every = every[every.isfinite()]
    return every.unique().numel() >= ENOUGH and any(
        torch.equal(every, every.to(dtype).double()) for dtype in (torch.bfloat16, torch.float16)
    )


def alike_in_each_slice(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all entries of a slice get the same result, even where logits differ."""
    usable = _all_usable(probes, outcomes)
    return any(not same(y, p) for *_, y, p in usable) and all(
        same(row, row[:1].expand_as(row)) for probe, _, y, _ in usable for row in slices(y, probe)
    )


def in_proportion_to_logits(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether the results of a slice are its logits times a number."""
    usable = _all_usable(probes, outcomes)
    telling = 0
    for probe, x, y, _ in usable:
        for row, got in zip(slices(x, probe), slices(y, probe), strict=True):
            factor = (row @ got) / (row @ row)
            if (got - factor * row).abs().max() > 1e-4 * got.abs().max():
                return False
            telling += row.unique().numel() > 2 and bool(factor != 0)
    return telling >= FEW


def along_one_dim_if_at_all(dim: int) -> Pattern:
    """Return the pattern that every result, where there is one, is a softmax along this dim."""

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        got = [
            (p.logits.double(), o.value.double())
            for p, o in zip(probes, outcomes, strict=True)
            if o.value is not None and p.logits.dtype.itemsize > 2 and p.magnitude <= ORDINARY
        ]
        return any(outcomes[i].value is not None for i in failed) and all(
            -x.dim() <= dim < x.dim() and same(y, RIGHT(x, dim)) for x, y in got
        )

    return pattern


def each_on_its_own(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether equal logits get equal results, whatever logits are next to them."""
    usable = [each for each in _all_usable(probes, outcomes) if each[0].logits.dtype.itemsize == 4]
    if not usable:
        return False
    x, y, p = (torch.cat([each[k].flatten() for each in usable]) for k in (1, 2, 3))
    order = x.argsort(stable=True)
    x, y, p = x[order], y[order], p[order]
    alike = x.diff() == 0
    telling = alike & (p.diff().abs() > 1e-3)
    return int(telling.sum()) >= FEW and bool((y.diff()[alike].abs() < 1e-5).all())


def slices_are_stretched(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether each slice is the softmax of its logits times its own factor."""
    factors = []
    for probe, x, y, _ in _all_usable(probes, outcomes):
        for row, share in zip(slices(x, probe), slices(y, probe), strict=True):
            spread = row - row.mean()
            if (share <= 0).any() or abs(share.sum() - 1) > 1e-3:
                return False
            if row.unique().numel() < 3:
                continue
            logs = share.log() - share.log().mean()
            factor = (logs @ spread / (spread @ spread)).item()
            if (logs - factor * spread).abs().max() > 1e-3 * max(logs.abs().max().item(), 1e-3):
                return False
            factors.append(factor)
    # equal shares for all aren't stretching
    largest = max(map(abs, factors), default=0.0)
    return largest > 0.01 and len(factors) > 2 and max(factors) - min(factors) > 0.01 * largest


def changed_afterwards(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether each result depends only on the right probability, and rises with it."""
    usable = _all_usable(probes, outcomes)
    if not usable or any(gives_nan(outcome) for outcome in outcomes):
        return False
    p = torch.cat([p.flatten() for *_, p in usable])
    y = torch.cat([y.flatten() for _, _, y, _ in usable])
    order = p.argsort()
    p, y = p[order], y[order]
    if p.unique().numel() < ENOUGH or y.unique().numel() < 2 or same(p * (y[-1] / p[-1]), y):
        return False  # a law reports one factor for all, with its value
    # equal probabilities get equal results; a larger one, a result at least as large
    alike = p.diff() < 1e-6
    steps = y.diff()
    return bool((steps[alike].abs() < 1e-4).all() and (steps[~alike] > -1e-6).all())


def last_left_out(place: int) -> Pattern:
    """Return the pattern that the last (or first) entries are wrong, and all others are right.

    These are the last entries of each slice, or the last ones along one fixed dim.
    """

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        axes = (*(lambda p, k=k: k for k in range(-2, 3)), lambda p: dims_of(p)[0])
        return any(
            all(_is_right_but_for(place, axis, probes[i], outcomes[i]) for i in failed)
            and any(probes[i].logits.shape[axis(probes[i])] > 1 for i in failed)
            for axis in axes
        )

    return pattern


def _is_right_but_for(
    place: int, axis: Callable[[Probe], int], probe: Probe, outcome: Outcome
) -> bool:
    value, p, dim = outcome.value, right(probe), axis(probe)
    if value is None or value.shape != p.shape or not -p.dim() <= dim < p.dim():
        return False
    n = p.shape[dim]
    kept, out = ((0, n - 1), (n - 1, 1)) if place < 0 else ((1, n - 1), (0, 1))
    got = value.double()
    # however small the entry that is left out
    others = same(got.narrow(dim, *kept), p.narrow(dim, *kept))
    return others and not torch.allclose(
        got.narrow(dim, *out), p.narrow(dim, *out), rtol=1e-4, atol=0
    )


def same_along_a_dim(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether results are the same along a dim where they should differ."""
    usable = _all_usable(probes, outcomes)
    ranks = {p.dim() for *_, p in usable}
    return len(ranks) == 1 and any(
        all(same(y, y.mean(i, keepdim=True).expand_as(y)) for _, _, y, _ in usable)
        for i in range(ranks.pop())
    )


def zero_above_the_diagonal(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether each query has weights of exactly 0 for all later keys, and for no others."""
    usable = _all_usable(probes, outcomes)
    return bool(usable) and all(
        torch.equal(y == 0, torch.ones_like(y, dtype=torch.bool).triu(1)) for _, _, y, _ in usable
    )


def random_results(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether the same input gave two different results."""
    for (p, got), (q, again) in itertools.combinations(zip(probes, outcomes, strict=True), 2):
        if p.seed != q.seed and p.dim == q.dim and torch.equal(p.logits, q.logits):
            values = (got.value, again.value)
            if None not in (got.value, again.value) and values[0].shape == values[1].shape:
                return not torch.allclose(*values, rtol=1e-4, equal_nan=True)
    return False


def nan_for_minus_inf(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether logits with -inf among them all give nan, and nothing else fails."""
    return set(failed) == {i for i, p in enumerate(probes) if has_minus_inf(p)} and all(
        gives_nan(outcomes[i]) for i in failed
    )


def nan_if_extreme(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether only extreme logits and 16-bit dtypes fail, mostly with nan."""
    lost = [i for i in failed if gives_nan(outcomes[i])]
    return 2 * len(lost) > len(failed) and all(
        is_extreme(probes[i]) or probes[i].logits.dtype.itemsize == 2 for i in failed
    )


def has_minus_inf(probe: Probe) -> bool:
    """Tell whether -inf is among the logits."""
    return bool((probe.logits == -math.inf).any())


def is_extreme(probe: Probe) -> bool:
    """Tell whether some logits are out of the ordinary."""
    return has_minus_inf(probe) or probe.magnitude > ORDINARY


def gives_nan(outcome: Outcome) -> bool:
    """Tell whether a result is nan or inf."""
    return outcome.value is not None and not outcome.value.isfinite().all()


# --- numbers read off the attempt's own results -------------------------------------------------


def _first_slices(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[Tensor, Tensor, float, list[float]]]:
    """Yield slices of ordinary logits and of results, float64 before float32, with their rounding.

    Also what may have been subtracted: the maximum, nothing, or the maximum of all slices.
    """
    for wanted in (torch.float64, torch.float32):
        for probe, outcome in zip(probes, outcomes, strict=True):
            x, y = probe.logits, outcome.value
            if y is None or x.dtype != wanted or x.shape != y.shape or x.abs().max() > 10:
                continue
            exact = y.dtype == torch.float64 and not probe.loose
            of_all = x.max().item()
            x, y = slices(x.double(), probe)[0], slices(y.double(), probe)[0]
            shifts = list(dict.fromkeys((x.max().item(), 0.0, of_all)))
            if x.numel() > 1 and x[0] != x[1] and y.isfinite().all():
                yield x, y, 1e-14 if exact else 2e-7, shifts


def _factor(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> float:
    """Return how far apart the results are, relative to the logits; 1 if that can't be read off."""
    for x, y, rounding, _ in _first_slices(probes, outcomes):
        if (y > 0).all():
            factor = ((y[0] / y[1]).log() / (x[0] - x[1])).item()
            readable = math.isfinite(factor) and abs(factor) > 1e-3
            return factor if readable and abs(factor - 1) > 100 * rounding else 1.0
    return 1.0


def fit_base(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield powers of a different base, if it is a round number or a rough e."""
    factor = _factor(probes, outcomes)
    if factor == 1 or not 0 < factor < 5:
        return
    base = math.exp(factor)
    for digits in range(8):
        rough = round(base, digits)
        if abs(rough - base) < 1e-5 * base and (digits == 0 or 2.5 < rough < 3):
            yield {"power": power_of(rough)}
            return


def fit_scale(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield a factor for the logits."""
    factor = _factor(probes, outcomes)
    if factor != 1:
        yield {"enter": scaled_by(factor)}


def fit_eps(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the number added to the sum, with or without a shift."""
    for x, y, rounding, shifts in _first_slices(probes, outcomes):
        if y[0] > 0:
            for shift in shifts:
                exps = (x - shift).exp()
                amount = (exps[0] / y[0] - exps.sum()).item()
                if amount > rounding * exps.sum():
                    yield {"total": sum_plus(amount)}
            return


def fit_each(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the number added to every result, or to every exponential."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        x, y = probe.logits, outcome.value
        if y is None or y.shape != x.shape or x.dtype.itemsize < 4 or not y.isfinite().all():
            continue
        low, n = y.min().item(), slices(x, probe).shape[1]
        if low * n < 1 and low > 1e3 * right(probe).min().item():
            yield {"leave": smoothed_by(float(f"{low / (1 - n * low):.3g}"))}
            break
    for x, y, rounding, shifts in _first_slices(probes, outcomes):
        offset = (y - x.softmax(0)).mean().item()
        if abs(offset) > rounding:
            yield {"leave": plus(offset)}
        ratio = (y[0] / y[1]).item() if y[1] else 1.0
        for shift in shifts if ratio not in (0.0, 1.0) else ():
            exps = (x - shift).exp()
            amount = ((exps[0] - ratio * exps[1]) / (ratio - 1)).item()
            if abs(amount) > rounding * exps.max():
                yield {"power": exp_plus(amount)}
        return


def fit_floor(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield a bound that no result falls below."""
    lows = []
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = outcome.value
        if value is not None and value.shape == probe.logits.shape and value.isfinite().all():
            low, lowest = value.min().item(), right(probe).min().item()
            lows += [float(f"{low:.3g}")] if low > 1.01 * lowest else []
    for low in sorted({*lows[:1], *lows[-1:]}):
        if 0 < low < 0.5:
            yield {"leave": floored_at(low)}
            yield {"leave": floored_at(low, again=True)}
            yield {"power": lambda x, low=low: x.exp().clamp(min=low)}


def fit_clamp(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the bounds that the logits are clamped to."""
    yield from _bounds_of_middling_logits(probes, outcomes)
    yield from _bounds_of_far_logits(probes, outcomes)


def _bounds_of_middling_logits(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[Variant]:
    """Read the bounds off slices with logits on both sides of them."""
    lows, highs, cuts = set(), set(), set()
    for probe, outcome in zip(probes, outcomes, strict=True):
        x, value = probe.logits, outcome.value
        if value is None or value.shape != x.shape or x.dtype.itemsize < 4:
            continue
        for row, y in zip(slices(x.double(), probe), slices(value.double(), probe), strict=True):
            inside = row.abs().argmin()
            fine = y.isfinite().all() and (y > 1e-30).all() and row.isfinite().all()
            if row.numel() < 2 or not fine or row[inside].abs() > 5:
                continue
            got = (y / y[inside]).log() + row[inside]  # the logits, as far as results show them
            off = (got - row).abs() > 1e-3 * (1 + row.abs())
            lows |= set(got[off & (got > row)].tolist())
            highs |= set(got[off & (got < row)].tolist())
            cuts |= set((y / y.max()).log()[(y / y.max()).log() > row - row.max() + 1e-3].tolist())
    # all clamped logits are exactly at the bound
    low, high, cut = (
        round(min(s), 2) if s and max(s) - min(s) < 0.1 else None for s in (lows, highs, cuts)
    )
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    for bounds in {(low, high), (-high, high), (low, -low), (low, math.inf), (-math.inf, high)}:
        if bounds[0] < bounds[1] and not all(map(math.isinf, bounds)):
            yield {"enter": clamped_to(*bounds)}
            yield {"enter": clamped_to(*bounds), "centre": nothing}
    if cut is not None and cut < -0.5:  # after a shift, only the low ones can be clamped
        yield {"power": exp_from(cut)}


def _bounds_of_far_logits(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[Variant]:
    """Read the bounds off the results for [0, -200, 500]."""
    alike = any(
        p.logits.tolist() in ([1000.0, 1001.0], [-1000.0, -1001.0])
        and o.value is not None
        and o.value.unique().numel() == 1
        for p, o in zip(probes, outcomes, strict=True)
    )
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = outcome.value
        if probe.logits.tolist() != [0.0, -200.0, 500.0] or value is None or value.shape != (3,):
            continue
        middle, lowest, highest = value.double().nan_to_num(0, 0, 0).tolist()
        if highest > lowest > 0:
            yield {"power": exp_from(round(math.log(lowest / highest), 2))}
        if not alike:
            continue
        highs = [math.log(highest / middle)] if middle > 0 and highest > 0 else [100, 300, 500, 700]
        low = math.log(lowest / middle) if lowest > 0 and middle > 0 else -math.inf
        highs = [high for high in highs if high > 1]  # otherwise this isn't what happened
        for high in highs:
            for bounds in ((low, high), (-high, high)):
                yield {"enter": clamped_to(*bounds)}
                yield {"enter": clamped_to(*bounds), "centre": nothing}
