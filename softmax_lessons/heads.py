"""`inspect_head`: finds what's odd about a batch of a model's outputs and its targets."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from softmax_lessons.field_guide import entries

ROUNDING = {torch.float16: 4e-3, torch.bfloat16: 3e-2}  # how far from 1 a sum may be, else 1e-4
ENOUGH = 8  # rows; with fewer, too much could be chance
TOO_HIGH = 3  # times log(classes); with small weights, a first loss is never that high
SATURATED = 50  # smaller logits aren't odd


@dataclass(frozen=True)
class Finding:
    """Something odd.

    Attributes:
        entry: the number of the field guide's entry about it.
        says: what we see, with its numbers.
    """

    entry: int
    says: str


@dataclass(frozen=True, repr=False)
class Inspection:
    """What `inspect_head` found, displayed as a list.

    Attributes:
        seen: a description of the logits.
        findings: what's odd, causes before their effects; empty if nothing is.
    """

    seen: str
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        if not self.findings:
            return f"{self.seen}: nothing odd."
        titles = {entry.number: entry.title for entry in entries()}
        lines = [f"- {f.says}\n  See P{f.entry}. {titles[f.entry]}" for f in self.findings]
        return "\n".join([f"{self.seen}:", *lines])


def inspect_head(
    logits: Tensor, targets: Tensor | None = None, *, ignore_index: int = -100
) -> Inspection:
    """Look at a model's outputs for a batch, and at its targets, and say what's odd.

    It changes nothing and computes no gradient. It costs a few times as much as a softmax of the
    batch.

    Args:
        logits: the input to `F.cross_entropy`, shape (classes,), (batch, classes) or
            (batch, classes, ...).
        targets: the classes, int64, shape () or (batch,) or (batch, ...), or probabilities in
            the shape of the logits; without them, it only looks at the logits.
        ignore_index: the target that doesn't count.

    Returns:
        What it found. It accepts anything as an argument and never raises an error.
    """
    if not isinstance(logits, Tensor):
        return Inspection("The output", (_no_tensor(logits),))
    seen = f"{logits.dtype} of shape {tuple(logits.shape)}".removeprefix("torch.")
    with torch.no_grad():
        found = list(_of_logits(logits))
        unusable = any(finding.entry in (13, 15) for finding in found)
        if targets is not None and not unusable:
            found += _of_targets(logits, targets, ignore_index)
        if not found:
            found += _saturated(logits, targets)
            if targets is not None:
                found += _of_both(logits, targets, ignore_index, alone=not found)
    return Inspection(seen, tuple(found))


def _no_tensor(output: object) -> Finding:
    kind = type(output).__name__
    if hasattr(output, "logits"):
        return Finding(87, f"The model returned a {kind}; its logits are in `.logits`.")
    if isinstance(output, dict):
        return Finding(87, f"The model returned a dict of {', '.join(map(str, output))}.")
    if isinstance(output, (tuple, list)):
        kinds = ", ".join(type(each).__name__ for each in output)
        return Finding(87, f"The model returned a {kind} of {kinds}; the logits are one of them.")
    return Finding(87, f"The model returned a {kind}, not a tensor.")


def _rows(logits: Tensor) -> Tensor:
    """Return the logits as rows, shape (rows, classes)."""
    if logits.dim() < 2:
        return logits.reshape(1, -1)
    return logits.movedim(1, -1).reshape(-1, logits.shape[1])


def _of_logits(logits: Tensor) -> Iterator[Finding]:
    if not logits.is_floating_point():
        yield Finding(15, f"The logits are {logits.dtype}; softmax takes floating-point numbers.")
        return
    rows = _rows(logits)
    if not rows.numel():
        yield Finding(13, f"There are no logits in a shape of {tuple(logits.shape)}.")
        return
    sums = rows.sum(dim=1, dtype=torch.float32)
    if not sums.isfinite().all() and (found := _not_finite(logits, rows)):
        yield found
        return
    classes = rows.shape[1]
    if classes == 1:
        yield Finding(14, "There's only one class, so its probability is 1, whatever the logit is.")
        return
    low, high = rows.amin(dim=1), rows.amax(dim=1)
    near = ROUNDING.get(logits.dtype, 1e-4)
    if low.min() >= 0 and high.max() <= 1 + near:
        yield from _in_unit_interval(rows, sums, near)
    elif high.max() <= near and (rows.logsumexp(dim=1).abs() <= near).all():
        yield Finding(37, "These are already log-probabilities: each row's logsumexp is 0.")
    if (low == high).all():
        yield Finding(85, "In every row, all classes have the same logit.")
    elif len(rows) >= ENOUGH and (rows[0] == rows[1]).all() and (rows == rows[0]).all():
        yield Finding(85, f"All {len(rows)} rows are the same, whatever the input was.")


def _not_finite(logits: Tensor, rows: Tensor) -> Finding | None:
    """Return what's wrong, if anything: -inf is a mask, unless a whole row is masked."""
    for odd, name in ((rows.isnan(), "nan"), (rows == math.inf, "inf")):
        if odd.any():
            of_logits = logits.isnan() if name == "nan" else logits == math.inf
            first = tuple(of_logits.nonzero()[0].tolist())
            count = int(odd.sum())
            return Finding(35, f"{count} of {rows.numel()} logits are {name}, first at {first}.")
    masked = (rows == -math.inf).all(dim=1)
    if masked.any():
        return Finding(45, f"{int(masked.sum())} of {len(rows)} rows are all -inf.")
    return None


def _in_unit_interval(rows: Tensor, sums: Tensor, near: float) -> Iterator[Finding]:
    classes = rows.shape[1]
    if ((sums - 1).abs() <= near * math.sqrt(classes)).all():
        yield Finding(36, "These are already probabilities: each row sums to 1.")
    elif len(rows) > 1 and ((rows.sum(dim=0, dtype=torch.float32) - 1).abs() <= near).all():
        yield Finding(1, "Each column sums to 1: the softmax ran along the batch.")
    elif len(rows) >= ENOUGH and rows.max() > 0:
        yield Finding(84, "All values are between 0 and 1, as after a sigmoid.")


def _of_targets(logits: Tensor, targets: object, ignore_index: int) -> Iterator[Finding]:
    if not isinstance(targets, Tensor):
        yield Finding(80, f"The targets are a {type(targets).__name__}, not a tensor.")
        return
    classes = logits.shape[1] if logits.dim() > 1 else logits.shape[0]
    wanted = logits.shape[:1] + logits.shape[2:] if logits.dim() > 1 else torch.Size()
    if targets.shape == logits.shape and targets.shape != wanted:
        yield from _of_probs(logits, targets)
        return
    if targets.shape != wanted:
        yield from _of_shape(logits, targets, tuple(wanted))
    elif targets.dtype not in (torch.int64, torch.uint8):
        yield Finding(80, f"The targets are {targets.dtype}; classes are int64.")
    else:
        counts = targets != ignore_index
        wrong = ((targets < 0) | (targets >= classes)) & counts
        if not counts.any():
            yield Finding(41, f"No target counts: they're all {ignore_index}.")
        elif wrong.any():
            first = tuple(wrong.nonzero()[0].tolist())
            counted = targets[counts]
            from_1 = counted.min() == 1 and counted.max() == classes
            hint = " They seem to be counted from 1." if from_1 else ""
            yield Finding(
                81,
                f"{int(wrong.sum())} of {targets.numel()} targets aren't classes from 0 to "
                f"{classes - 1}; the first is {int(targets[first])} at {first}.{hint}",
            )


def _of_probs(logits: Tensor, targets: Tensor) -> Iterator[Finding]:
    if not targets.is_floating_point():
        yield Finding(82, f"The targets have the logits' shape, but they're {targets.dtype}.")
        return
    rows = _rows(targets)
    sums = rows.sum(dim=1, dtype=torch.float32)
    off = (sums - 1).abs() > ROUNDING.get(targets.dtype, 1e-4) * math.sqrt(rows.shape[1])
    if targets.min() < 0 or off.any():
        row = int(off.float().argmax())
        yield Finding(
            89, f"The targets aren't probabilities: row {row} sums to {sums[row].item():.4g}."
        )


def _of_shape(logits: Tensor, targets: Tensor, wanted: tuple[int, ...]) -> Iterator[Finding]:
    problem = f"The targets' shape is {tuple(targets.shape)}, but it should be {wanted}"
    if targets.shape == logits.shape[:-1]:
        yield Finding(40, f"{problem}: the classes are the last dim of the logits, not dim 1.")
    elif targets.dim() > 0 and targets.numel() == math.prod(wanted):
        yield Finding(82, f"{problem}: there's one dim too many.")
    else:
        yield Finding(83, f"{problem}.")


def _of_both(
    logits: Tensor, targets: Tensor, ignore_index: int, *, alone: bool
) -> Iterator[Finding]:
    """Look at the loss, if nothing else is odd, and at padding that counts."""
    if targets.shape != logits.shape and targets.dim() == 2 and len(targets) >= ENOUGH:
        last = targets[:, -1]
        value = int(last.mode().values)
        if value != ignore_index and (last == value).float().mean() > 0.5:
            run = (targets.flip(1) == value).long().cumprod(dim=1).sum(dim=1)
            if run.float().mean() > targets.shape[1] / 4 and (run < targets.shape[1]).any():
                yield Finding(
                    88,
                    f"Most rows of the targets end with {value}, {run.float().mean():.1f} times on "
                    "average, and it counts. Is that padding?",
                )
    if alone:
        rows = logits if logits.dtype == torch.float64 else logits.float()
        loss = F.cross_entropy(rows, targets, ignore_index=ignore_index).item()
        classes = _rows(logits).shape[1]
        if math.isinf(loss) or loss > TOO_HIGH * math.log(classes):
            yield Finding(
                86,
                f"The loss is {loss:.4g}; equal probabilities for {classes} classes would give "
                f"{math.log(classes):.4g}.",
            )


def _saturated(logits: Tensor, targets: Tensor | None) -> Iterator[Finding]:
    """Look for probabilities of exactly 1; if the class is right, they do no harm."""
    rows = _rows(logits)
    high, low = rows.amax(dim=1), rows.amin(dim=1)
    if not low.isfinite().all():  # masked
        low = rows.nan_to_num(neginf=0).amin(dim=1)
    largest = max(high.max().item(), -low.min().item())
    if largest <= SATURATED:
        return
    sure = rows.logsumexp(dim=1) == high
    if targets is not None and sure.any():
        right = targets.flatten() if targets.shape != logits.shape else _rows(targets).argmax(dim=1)
        sure &= rows.argmax(dim=1) != right
    share = sure.float().mean().item()
    if share > (0.5 if targets is None else 0.05):
        wrong = "" if targets is None else " for a wrong class"
        says = (
            f"{share:.0%} of the rows have a probability of 1{wrong}; logits go to {largest:.4g}."
        )
        yield Finding(90, says)
