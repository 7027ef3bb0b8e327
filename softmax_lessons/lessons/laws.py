"""Laws that a right answer obeys, each with the message for an answer that breaks it."""

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law


def dims_of(probe: Probe) -> tuple[int, ...]:
    """Return the dims whose entries compete, none of them negative."""
    dims = probe.dim if isinstance(probe.dim, tuple) else (probe.dim,)
    return tuple(dim % probe.logits.dim() for dim in dims)


def slices(x: Tensor, probe: Probe) -> Tensor:
    """Return the slices whose entries compete, as rows of a table."""
    dims = dims_of(probe)
    others = [i for i in range(x.dim()) if i not in dims]
    count = torch.Size(x.shape[i] for i in dims).numel()
    return x.permute(*others, *dims).reshape(-1, count)


def _list(row: Tensor) -> str:
    shown = ", ".join(number(v) for v in row.tolist()[:6])
    return f"[{shown}{', ...' if row.numel() > 6 else ''}]"


def no_nan(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """No result is nan where a number is expected."""
    lost = value.isnan() & ~expected.isnan()
    if not lost.any():
        return ""
    return (
        f"{int(lost.sum())} of {lost.numel()} results are nan. Some step computes 0 / 0, "
        "inf / inf or inf - inf."
    )


def no_inf(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """No result is infinite where a finite number is expected."""
    lost = value.isinf() & expected.isfinite()
    if not lost.any():
        return ""
    return (
        f"{int(lost.sum())} of {lost.numel()} results are infinite. Some step overflows, divides "
        "by 0 or takes the log of 0."
    )


def no_other_divisor(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The entries of a slice are divided by their sum, not by something else."""
    factors, most = [], 0
    rounding = min(8 * torch.finfo(probe.logits.dtype).eps * (1 + probe.magnitude), 1e-3)
    for _, y, p in _pairs(probe, value, expected):
        if same_for_all(p):  # whatever the numerators are
            continue
        ratios = y[p > 1e-6] / p[p > 1e-6]
        if ratios.numel() < 2 or not ratios.isfinite().all() or ratios[0].abs() < 1e-6:
            return ""
        if (ratios - ratios[0]).abs().max() > rounding * ratios[0].abs():
            return ""
        factors.append(ratios[0].item())
        most = max(most, ratios.numel())
    # two numbers may have the right ratio by chance
    if most < 3 or all(abs(factor - 1) < 1e-3 for factor in factors):
        return ""
    first = next(factor for factor in factors if abs(factor - 1) >= 1e-3)
    return (
        "Within each slice the ratios are right, so your numerators are fine. But you don't "
        f"divide by their sum: the first wrong slice sums to {number(first)}."
    )


def slices_sum_to_one(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The results of each slice sum to 1."""
    rows = slices(value, probe)
    off = ((rows.sum(1) - 1).abs() > 2e-3).nonzero().flatten().tolist()
    if not off:
        return ""
    for dim in range(value.dim()):
        if dim not in dims_of(probe) and ((value.sum(dim) - 1).abs() <= 2e-3).all():
            where = f"{' and '.join(map(str, dims_of(probe)))}"
            return f"Your results sum to 1 along dim {dim}; it should be along dim {where}."
    none_alone = bool(((rows.sum(1) - 1).abs() > 2e-3).all())
    if none_alone and abs(value.sum() - 1) <= 2e-3:
        return "Your results sum to 1 over the whole tensor, not slice by slice."
    row = rows[off[0]]
    return (
        f"A slice should sum to 1, and this one sums to {number(row.sum().item())}: {_list(row)}."
    )


def between_zero_and_one(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Every probability lies between 0 and 1."""
    outside = value[(value < -1e-6) | (value > 1 + 1e-3)]
    if not outside.numel():
        return ""
    return (
        "A probability lies between 0 and 1, but one of yours is "
        f"{number(outside.flatten()[0].item())}."
    )


def larger_logit_larger_probability(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Of two logits in a slice, the larger one has the larger probability."""
    for x, y, p in _pairs(probe, value, expected):
        order = x.argsort()
        x, y, p = x[order], y[order], p[order]
        wrong = ((p.diff() > 1e-4) & (y.diff() < -1e-5)).nonzero().flatten().tolist()
        if wrong:
            i = wrong[0]
            return (
                f"In one slice, the logit {number(x[i + 1].item())} is larger than "
                f"{number(x[i].item())}, but its probability is smaller: "
                f"{number(y[i + 1].item())} and {number(y[i].item())}."
            )
    return ""


def wrong_ratio(
    got: Tensor, wanted: Tensor, slack: float = 1e-3
) -> tuple[int, int, float, float] | None:
    """Return two entries of a slice, their ratio and the right one, if these differ."""
    seen = wanted > 1e-6
    i, j = int(wanted.argmax()), int(wanted.where(seen, 2).argmin())
    if i == j or not seen[j] or got[j] == 0:
        return None
    ratio, right = (got[i] / got[j]).item(), (wanted[i] / wanted[j]).item()
    return (i, j, ratio, right) if abs(ratio - right) > slack * right else None


def ratios_are_exp_of_differences(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Two probabilities in a slice have the ratio exp(difference of the logits)."""
    for x, y, p in _pairs(probe, value, expected):
        if found := wrong_ratio(y, p):
            i, j, got, wanted = found
            return (
                f"In one slice, the logits {number(x[i].item())} and {number(x[j].item())} have "
                f"probabilities with the ratio {number(got)}; it should be exp of their "
                f"difference, {number(wanted)}."
            )
    return ""


def same_for_all(row: Tensor) -> bool:
    """Tell whether all entries are about the same."""
    return bool(row.max() - row.min() < 1e-3)


def _pairs(probe: Probe, value: Tensor, expected: Tensor):
    """Yield the logits, the results and the right results of each slice with two or more."""
    tables = (slices(t, probe) for t in (probe.logits.double(), value, expected))
    for x, y, p in zip(*tables, strict=True):
        if x.numel() > 1:
            yield x, y, p


def some_slices_right(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The answer is right in every slice."""
    if value.numel() == 0:
        return ""
    off = ~torch.isclose(slices(value, probe), slices(expected, probe), rtol=1e-3, atol=1e-6)
    wrong = off.any(1)
    if not wrong.any() or wrong.all():
        return ""
    first = int(wrong.nonzero()[0])
    return (
        f"{int((~wrong).sum())} of {len(wrong)} slices are right. The first wrong one has the "
        f"logits {_list(slices(probe.logits.double(), probe)[first])}."
    )


# ordinary inputs say more than those where something overflows
SOFTMAX = (
    Law(
        "wrong-divisor",
        no_other_divisor,
        (
            "Look at the division: what is the denominator?",
            "The denominator is the sum of all the numerators in its slice, and nothing else.",
            "Divide `exps` by `exps.sum(dim=dim, keepdim=True)`, and by nothing else.",
        ),
    ),
    Law(
        "outside-0-to-1",
        between_zero_and_one,
        (
            "Which step could make a number negative, or larger than the sum?",
            "A positive number divided by a sum that it is part of lies between 0 and 1.",
            "Return the result of the division, unchanged.",
        ),
    ),
    Law(
        "slices-do-not-sum-to-1",
        slices_sum_to_one,
        (
            "Which entries do you add up for the division, and which should you?",
            "Each numerator is divided by the sum of its own slice.",
            "Sum over the dim whose entries compete, with `keepdim=True`.",
        ),
    ),
    Law(
        "order-changes",
        larger_logit_larger_probability,
        (
            "Follow one logit through each step: where does it change places with another?",
            "exp keeps the order, and so does a division by one positive number.",
            "Keep these two steps, and leave out the one that changes the order.",
        ),
    ),
    Law(
        "ratios-not-exp",
        ratios_are_exp_of_differences,
        (
            "What do you add up: exp of each logit, or something else?",
            "Two results in a slice have the ratio exp(a) / exp(b), whatever else the slice holds.",
            "Take `exp` of each logit, minus one number for the whole slice, and divide by the "
            "sum.",
        ),
    ),
    Law(
        "gives-nan",
        no_nan,
        (
            "Print each step. Which is the first to contain a nan or an inf?",
            "A nan comes from 0 / 0, inf / inf, inf - inf or 0 * inf. Which is yours?",
            "Subtract each slice's maximum before `exp`: then no exp overflows, and no sum is 0.",
        ),
    ),
    Law(
        "gives-inf",
        no_inf,
        (
            "Print each step. Which is the first with an inf in it, or a 0 to divide by?",
            "In float32, exp of 89 or more is inf, and so is 1 / 0.",
            "Subtract each slice's maximum before `exp`: then no exp overflows, and no sum is 0.",
        ),
    ),
    Law(
        "some-slices-wrong",
        some_slices_right,
        (
            "What do the wrong slices have in common?",
            "Is it their logits (large, equal, -inf), or their position in the tensor?",
            "Call your function on the first wrong slice alone, and print each step.",
        ),
    ),
)


def of(*slugs: str) -> tuple[Law, ...]:
    """Return the laws of softmax with these names."""
    return tuple(law for law in SOFTMAX if law.slug in slugs)
