"""What the results of masked softmax show: facts, and numbers read off them."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Dims, Outcome, Probe
from softmax_lessons.checker.exercise import INF
from softmax_lessons.checker.judge import close, expect
from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons.facts import changes_dtype
from softmax_lessons.lessons.masked_softmax_steps import (
    RIGHT,
    RIGHTS,
    as_it_is,
    guarded_max,
    guarded_sum,
    hidden_by,
    lower_than,
    lowered_by,
    smallest,
    smallest_of_row,
    times_mask,
)
from softmax_lessons.lessons.recipe import always, everything, given, nothing
from softmax_lessons.lessons.steps import clamped_to, scaled_by, sum_plus

# --- facts ----------------------------------------------------------------------------------------

Row = tuple[Tensor, Tensor, Tensor, Tensor]  # scores, kept, result, correct result


def rows_of(probe: Probe, value: Tensor) -> Row:
    """Return an outcome as tables with one row per query."""
    keep = probe.others[0].expand_as(probe.logits)
    right = expect(RIGHT, probe).value
    return tuple(t.reshape(-1, t.shape[-1]) for t in (probe.logits.double(), keep, value, right))


def _usable(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[Probe, Tensor, Tensor, Tensor, Tensor]]:
    """Yield the probes whose result has the right shape, with their rows."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        if outcome.value is not None and outcome.value.shape == probe.logits.shape:
            yield probe, *rows_of(probe, outcome.value.double())


def wrong_rows(probe: Probe, value: Tensor, right: Tensor) -> Tensor:
    """Tell which rows are wrong."""
    return torch.tensor(
        [not close(y.to(probe.logits.dtype), p, probe) for y, p in zip(value, right, strict=True)]
    )


def _lost(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[Probe, Tensor, Tensor, Tensor, bool]]:
    """Yield, one by one, the rows that keep something, and whether each is wrong."""
    for probe, x, keep, value, right in _usable(probes, outcomes):
        wrong = wrong_rows(probe, value, right)
        for i in keep.any(1).nonzero().flatten().tolist():
            yield probe, x[i], keep[i], value[i], bool(wrong[i])


def only_empty_rows_are(fact: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., bool]:
    """Return the symptom that rows that keep nothing fit this fact, and all others are right."""

    def symptom(probe: Probe, outcome: Outcome) -> bool:
        if outcome.value is None or outcome.value.shape != probe.logits.shape:
            return False
        x, keep, value, right = rows_of(probe, outcome.value.double())
        empty = ~keep.any(1)
        if not empty.any() or wrong_rows(probe, value[~empty], right[~empty]).any():
            return False
        return bool(fact(x[empty], value[empty]).all())

    return symptom


def _alike(a: Tensor, b: Tensor) -> Tensor:
    return torch.isclose(a, b, rtol=1e-2, atol=1e-6)


def are_even(x: Tensor, value: Tensor) -> Tensor:
    """Tell in which rows all keys get the same weight."""
    return _alike(value, torch.tensor(1 / x.shape[-1], dtype=value.dtype))


def are_unmasked(x: Tensor, value: Tensor) -> Tensor:
    """Tell in which rows the result is the softmax of all scores, with unequal weights."""
    differ = (x.amax(-1, keepdim=True) > x).any(-1, keepdim=True)
    return _alike(value, torch.softmax(x, -1)) & differ


def are_one_hot(x: Tensor, value: Tensor) -> Tensor:
    """Tell in which rows one key gets 1 and all the others get 0."""
    return (value.sort(-1, descending=True).values == torch.eye(value.shape[-1])[0]).all(-1)


def zero_where_any_is_hidden(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether exactly the rows that hide a key are 0, and the others are right."""
    lost = False
    for probe, _, keep, value, right in _usable(probes, outcomes):
        part = ~keep.all(1)
        if value[part].any() or wrong_rows(probe, value[~part], right[~part]).any():
            return False
        lost |= bool((part & keep.any(1)).any())
    return lost


def holds_one_number_where_hidden(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all hidden keys get the same number, and kept ones get probabilities."""
    numbers = set()
    for probe, x, keep, value, right in _usable(probes, outcomes):
        if probe.magnitude > 3 or probe.logits.dtype.itemsize < 4:
            continue
        some = keep.any(1, keepdim=True)
        numbers |= set(value[~keep & some].tolist())
        fine = _alike(value, right) | _alike(value, torch.softmax(x, -1))
        if not fine[keep].all():
            return False
    return len(numbers) == 1 and 0 not in numbers


def leaves_scores(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether kept keys are right, and hidden ones either right or still scores."""
    left = False
    for _, x, keep, value, right in _usable(probes, outcomes):
        fine, scores = _alike(value, right), value == x
        if not (fine | (scores & ~keep)).all():
            return False
        left |= bool((scores & ~fine).any())
    return left


def moves_results(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether each row has the right numbers, but some in the wrong positions."""
    moved = False
    for *_, value, right in _usable(probes, outcomes):
        if not _alike(value.sort(-1).values, right.sort(-1).values).all():
            return False
        moved |= not _alike(value, right).all()
    return moved


def shares_evenly(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all kept keys of a row get the same weight, whatever their scores."""
    rows = [
        (x, value)
        for _, x, keep, value, _ in _lost(probes, outcomes)
        for x, value in [(x[keep], value[keep])]
        if len(x) > 1
    ]
    return bool(rows) and all(
        value.isfinite().all() and (value > 0).all() and _alike(value, value.mean()).all()
        for _, value in rows
    )


def hidden_exps_overflow(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether rows are nan wherever a hidden score is far above the kept ones."""
    lost = False
    for probe, x, keep, value, _ in _usable(probes, outcomes):
        if probe.logits.dtype != torch.float32:
            continue
        for i in keep.any(1).nonzero().flatten().tolist():
            above = x[i].max() - x[i][keep[i]].max()
            nan = bool(value[i].isnan().any())
            if nan != (above > 88):
                return False
            lost |= nan
    return lost


def along_another_dim(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether ordinary results are divided by sums along one other dim, always the same.

    The maxima may be taken along it, or be the right ones; a nan may be 0 instead.
    """
    shaped = [(p, o.value) for p, o in zip(probes, outcomes, strict=True) if p.logits.dim() > 1]
    if any(y is None or y.shape != p.logits.shape for p, y in shaped):
        return False
    tables = [
        (p.logits.double(), p.others[0].expand_as(p.logits), y.double().nan_to_num(0))
        for p, y in shaped
        if p.logits.dtype == torch.float32 and p.magnitude <= 10
    ]
    return any(
        all(
            _alike(y, _masked_along(x, keep, largest(x, -1), total(x, -1))).all()
            for x, keep, y in tables
        )
        for total in (always(-2), always(0), everything)
        for largest in (total, given)
    )


def _masked_along(x: Tensor, keep: Tensor, max_dim: Dims, sum_dim: Dims) -> Tensor:
    hidden = x.masked_fill(~keep, -INF)
    exps = (hidden - guarded_max(hidden, max_dim, True)).exp()
    return exps / guarded_sum(exps, sum_dim, True)


def only_the_gradient_is_nan(probe: Probe, outcome: Outcome) -> bool:
    """Tell whether the result is right, but its gradient has a nan."""
    if outcome.value is None or outcome.grad is None or not outcome.grad.isnan().any():
        return False
    return close(outcome.value, expect(RIGHT, probe).value, probe)


def finite_stand_in(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether kept keys lose exactly where they're far below 0, and hidden ones above them.

    Rows that hide nothing are right, however low, so low scores aren't to blame; rows with hidden
    keys far above ordinary ones are right, too, so the mask works.
    """
    beaten = False
    for _, x, keep, value, lost in _lost(probes, outcomes):
        low = x[keep].max() < -1e3 and not keep.all()
        if lost and not low:
            return False
        if lost and (not value.isfinite().all() or value[keep].sum() > 0.999):
            return False
        beaten |= lost
    return beaten


def shares_with_hidden(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether hidden keys get 0, and kept ones what they would get if nothing were hidden."""
    count = 0
    for probe, x, keep, value, _ in _lost(probes, outcomes):
        if probe.magnitude <= 10 and probe.logits.dtype.itemsize >= 4:
            if not _alike(value, torch.softmax(x, 0) * keep).all():
                return False
            count += not keep.all()
    return count > 2


def masked_too_late(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether kept keys lose wherever a hidden one is above them, and it gets nothing."""
    beaten = False
    for _, x, keep, value, lost in _lost(probes, outcomes):
        above = x[~keep].max() - x[keep].max() if not keep.all() else -INF
        if 80 < above < 105:
            continue  # exp(-above) has few digits
        if lost and (above < 1 or value[~keep].nan_to_num(0).any()):
            return False
        if lost != (above > 80) and not 1 <= above <= 80:
            return False
        if lost and value[keep].nan_to_num(0).sum() > 0.999:
            return False
        beaten |= lost
    return beaten


def takes_raw_exp(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether rows are lost where the exp of their own kept scores overflows or underflows."""
    high = low = False
    for _, x, keep, value, lost in _lost(probes, outcomes):
        largest = x[keep].max()
        if lost and (abs(largest) < 10 or value.nan_to_num(0).any()):
            return False
        if not lost and abs(largest) > 750:
            return False
        high |= bool(largest > 750)
        low |= bool(largest < -750)
    return high and low


def overflows_where_scores_are_far_apart(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether exactly the rows are lost in which a kept score is far above another one."""
    seen = False
    for probe, x, keep, value, lost in _lost(probes, outcomes):
        if probe.logits.dtype.itemsize < 4:
            continue
        far = x[keep].max() - x.min() > 88
        if lost and (not far or value[keep].nan_to_num(0).max() > 0.5):
            return False
        if not lost and x[keep].max() - x[keep].min() > 88:
            return False
        seen |= lost
    return seen


def one_maximum_for_all(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether exactly the rows are lost that another row of the tensor is far above."""
    seen = False
    for probe, x, keep, value, right in _usable(probes, outcomes):
        wrong = wrong_rows(probe, value, right)
        if len(x) > 1 and x.max() - x.min() > 750:
            far = x.masked_fill(~keep, -INF).amax(1) < x.max() - 750
            if not far.any() or far.all() or (wrong != far).any() or value[far].nan_to_num(0).any():
                return False
            seen = True
        elif (len(x) == 1 and keep.all() and wrong.any()) or (
            probe.magnitude <= 10 and wrong[keep.any(1)].any()
        ):
            return False
    return seen


def one_question_for_all(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether the attempt does nothing about an empty row unless all rows are empty."""
    whole = mixed = False
    for probe, _, keep, value, right in _usable(probes, outcomes):
        empty = ~keep.any(1)
        wrong = wrong_rows(probe, value, right)
        if wrong[~empty].any():
            return False
        if empty.all():
            if wrong.any():
                return False
            whole = True
        elif empty.any():
            if not wrong[empty].all():
                return False
            mixed = True
    return whole and mixed


def empty_row_spoils_others(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether rows that keep something are wrong only if another row keeps nothing."""
    spoilt = False
    for probe, _, keep, value, right in _usable(probes, outcomes):
        empty = ~keep.any(1)
        wrong = wrong_rows(probe, value, right)
        if wrong[~empty].any():
            if not empty.any():
                return False
            spoilt = True
    return spoilt


def hidden_get_a_little(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all hidden keys get the same small number, and kept ones about their own.

    Rows that keep nothing may hold anything.
    """
    amounts = []
    for probe, _, keep, value, right in _usable(probes, outcomes):
        if probe.logits.dtype.itemsize < 4 or probe.magnitude > 10:
            continue
        some = keep.any(1, keepdim=True)
        amounts.append(value[~keep & some])
        off = (value - right)[keep].abs()
        if not (off < 1e-5 + 10 * torch.cat(amounts).abs().sum()).all():
            return False
    amounts = torch.cat(amounts) if amounts else torch.zeros(1)
    same = amounts.numel() > 0 and (amounts - amounts[0]).abs().max() < 0.03 * amounts[0]
    return bool(same) and 0 < amounts[0].item() < 0.01


def divides_by_something_else(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether hidden keys get 0, and kept ones the right ratios but a sum other than 1."""
    factors = []
    for probe, _, keep, value, right in _usable(probes, outcomes):
        if probe.magnitude > 3 or probe.logits.dtype.itemsize < 4:
            continue
        for i in keep.any(1).nonzero().flatten().tolist():
            ratios = value[i][keep[i]] / right[i][keep[i]]
            if value[i][~keep[i]].any() or not ratios.isfinite().all() or (ratios <= 0).any():
                return False
            if (ratios - ratios[0]).abs().max() > 1e-4 * ratios[0]:
                return False
            factors.append(ratios[0].item())
    return any(abs(factor - 1) > 1e-3 for factor in factors)


def drops_some(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether each result is 0 or the right one times a constant above 1."""
    ratios = []
    for probe, _, _, value, right in _usable(probes, outcomes):
        if value[right == 0].any():
            return False
        if probe.logits.dtype.itemsize < 4:
            continue
        ratios.append(value[right > 1e-6] / right[right > 1e-6])
    ratios = torch.cat(ratios) if ratios else torch.ones(1)
    ratios, dropped = ratios[ratios != 0], int((ratios == 0).sum())
    same = ratios.numel() > 9 and (ratios - ratios[0]).abs().max() < 1e-2
    return bool(same) and dropped > 0 and ratios[0].item() > 1.01


# --- numbers read off the attempt's own results ---------------------------------------------------


def _ordinary(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield tables of ordinary scores, kept keys and results, float64 before float32."""
    usable = list(_usable(probes, outcomes))
    for dtype in (torch.float64, torch.float32):
        for probe, x, keep, value, _ in usable:
            if probe.logits.dtype == dtype and probe.magnitude <= 3:
                yield x, keep, value


def _ordinary_rows(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield scores, kept keys and results for rows of ordinary scores that keep something."""
    for x, keep, value in _ordinary(probes, outcomes):
        for i in keep.any(1).nonzero().flatten().tolist():
            if value[i].isfinite().all():
                yield x[i], keep[i], value[i]


def _read_stand_in(x: Tensor, keep: Tensor, value: Tensor) -> tuple[float, float] | None:
    """Return the score that a hidden key counts as, and its real score."""
    hidden, kept = (~keep).nonzero().flatten(), keep.nonzero().flatten()
    if not len(hidden) or value[kept[0]] <= 0:
        return None
    if value[hidden[0]] > 0:
        low = (x[kept[0]] + (value[hidden[0]] / value[kept[0]]).log()).item()
        return low, x[hidden[0]].item()
    missing = 1 - value[kept].sum().item()  # the attempt set the hidden ones to 0 afterwards
    if len(hidden) > 1 or missing < 1e-6:
        return None
    low = x[kept[0]].item() + math.log(missing / value[kept[0]].item())
    return low, x[hidden[0]].item()


def fit_fill(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the number that the attempt replaces hidden scores with."""
    for x, keep, value in _ordinary_rows(probes, outcomes):
        if found := _read_stand_in(x, keep, value):
            yield {"hide": hidden_by(found[0])}
            return


def fit_fill_everywhere(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the same, leaving rows that keep nothing as they are."""
    for change in fit_fill(probes, outcomes):
        yield {**change, "finish": as_it_is}


def stays_in_float32(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield right answers in float32, if some results don't have their scores' dtype."""
    if any(map(changes_dtype, probes, outcomes)):
        for right in RIGHTS:
            yield lambda x, mask, right=right: right(x.float(), mask)


def fit_amount(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the number by which the attempt lowers hidden scores."""
    for x, keep, value in _ordinary_rows(probes, outcomes):
        if found := _read_stand_in(x, keep, value):
            yield {"hide": lowered_by(found[0] - found[1])}
            return


def fit_amount_everywhere(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[Variant]:
    """Yield the same, leaving rows that keep nothing as they are."""
    for change in fit_amount(probes, outcomes):
        yield {**change, "finish": as_it_is}


def fit_below_the_smallest(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[Variant]:
    """Yield how far below the smallest score the attempt puts hidden ones."""
    for x, keep, value in _ordinary(probes, outcomes):
        if len(x) < 2:
            continue
        for i in keep.any(1).nonzero().flatten().tolist():
            found = _read_stand_in(x[i], keep[i], value[i])
            if not found:
                continue
            for lowest, of in ((smallest, x.min()), (smallest_of_row, x[i].min())):
                for finish in ({}, {"finish": as_it_is}):
                    yield {"hide": lower_than(lowest, found[0] - of.item()), **finish}
            return


def fit_eps(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read the number added to the sum off a row that keeps everything."""
    naive = {"centre": nothing, "hide": as_it_is, "weigh": times_mask, "finish": as_it_is}
    late = {"hide": as_it_is, "weigh": times_mask, "finish": as_it_is}
    for x, keep, value in _ordinary_rows(probes, outcomes):
        if keep.all() and value[0] > 0:
            for shift, change in ((x.max(), {}), (x.max(), late), (0.0, naive)):
                exps = (x - shift).exp()
                amount = (exps[0] / value[0] - exps.sum()).item()
                if amount > 1e-6:
                    yield {"total": sum_plus(amount), **change}
            return


def fit_scale(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Yield the factor by which the attempt multiplies the scores."""
    for x, keep, value in _ordinary_rows(probes, outcomes):
        if keep.sum() > 1 and (value[keep] > 0).all():
            (a, b), (y, z) = x[keep][:2], value[keep][:2]
            factor = ((y / z).log() / (a - b)).item()
            if abs(factor) > 1e-3:  # else scores don't count at all
                yield {"enter": scaled_by(factor)}
            return


def _ties(x: Tensor, keep: Tensor, value: Tensor) -> bool:
    row = int(x.masked_fill(~keep, -INF).amax(1).argmax())
    return bool(value[row][keep[row]].diff().abs().max() < 1e-4)


def fit_clamp(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Try bounds if two large scores count the same and others don't."""
    ordinary = [y[keep] for _, keep, y in _ordinary_rows(probes, outcomes) if keep.sum() > 1]
    if any(y.diff().abs().max() < 1e-4 for y in ordinary) or not any(
        p.magnitude > 750 and keep.any(1).all() and (x.amax(1) > 750).any() and _ties(x, keep, y)
        for p, x, keep, y, _ in _usable(probes, outcomes)
    ):
        return
    for bound in (10, 20, 30, 50, 80, 88, 100, 500):
        for change in ({}, {"centre": nothing}, {"hide": as_it_is, "weigh": times_mask}):
            yield {"enter": clamped_to(-bound, bound), **change}
