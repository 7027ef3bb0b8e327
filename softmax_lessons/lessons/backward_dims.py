"""Mistakes in the dims, shapes and positions of the backward pass of softmax."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Dims, Outcome, Probe
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.backward import RIGHT, right
from softmax_lessons.lessons.facts import (
    Pattern,
    exactly_where,
    only_if_negative,
    same,
)
from softmax_lessons.lessons.recipe import (
    all_but_the_first,
    all_but_the_last,
    all_the_others,
    always,
    everything,
    mirrored,
    negated,
    neighbour,
    one_too_low,
    unsigned,
)
from softmax_lessons.lessons.steps import as_column, unsqueezed_at
from softmax_lessons.lessons.wrong_dims import LEFT_MOVED, ONE_DIM_ONLY, ONLY_RESHAPED

# --- steps ----------------------------------------------------------------------------------------


def _all_of_each_row(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Sum what a loop over dim 0 sums: all of `x[i]`, which is one number if x is a row."""
    return x.sum(tuple(range(1, x.dim())), keepdim=True) if x.dim() > 1 else x


def _counted_from_the_right(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Sum a tensor whose dims are in the reverse order, as `.T` leaves them."""
    return x.permute(*reversed(range(x.dim()))).sum(dim).unsqueeze(dim)


def _transposed(x: Tensor, dim: Dims) -> Tensor:
    return x.mT if x.dim() > 1 else x


def _only_the_last_term(as_column: bool) -> Variant:
    """Return a double loop over the Jacobian in which only the last pass survives."""

    def variant(probs: Tensor, grad: Tensor, dim: int) -> Tensor:
        p, g = probs.movedim(dim, -1), grad.movedim(dim, -1)
        jacobian = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]
        term = jacobian[..., -1] * (g[..., -1:] if as_column else g)
        return term.movedim(-1, dim)

    return variant


def _only_the_last_entry(probs: Tensor, grad: Tensor, dim: int) -> Tensor:
    right = RIGHT(probs, grad, dim)
    last = torch.zeros_like(right)
    last.select(dim, -1).copy_(right.select(dim, -1))
    return last


def _as_rows_of_memory(probs: Tensor, grad: Tensor, dim: int) -> Tensor:
    rows = (-1, probs.shape[dim])
    return RIGHT(probs.reshape(rows), grad.reshape(rows), 1).reshape(probs.shape)


def _moved_and_reshaped(to: int) -> Variant:
    def variant(probs: Tensor, grad: Tensor, dim: int) -> Tensor:
        moved = RIGHT(probs.movedim(dim, to), grad.movedim(dim, to), to)
        return moved.reshape(probs.shape)

    return variant


# --- facts ----------------------------------------------------------------------------------------


def _right_but_for(place: int) -> Pattern:
    """Return the pattern that all but the first (0) or the last (-1) along a dim are right."""

    def right_but(axis: Callable[[Probe], int], probe: Probe, outcome: Outcome) -> bool:
        value, wanted, dim = outcome.value, right(probe), axis(probe)
        if value is None or value.shape != wanted.shape or not -wanted.dim() <= dim < wanted.dim():
            return False
        n = wanted.shape[dim]
        kept, out = ((0, n - 1), (n - 1, 1)) if place < 0 else ((1, n - 1), (0, 1))
        got = value.double()
        return same(got.narrow(dim, *kept), wanted.narrow(dim, *kept)) and not same(
            got.narrow(dim, *out), wanted.narrow(dim, *out)
        )

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        axes = (*(lambda p, k=k: k for k in range(-2, 3)), lambda p: p.dim)
        return any(
            all(right_but(axis, probes[i], outcomes[i]) for i in failed)
            and any(probes[i].logits.shape[axis(probes[i])] > 1 for i in failed)
            for axis in axes
        )

    return pattern


def _in_other_places(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all failing results hold the right numbers in the wrong positions."""

    def scrambled(probe: Probe, outcome: Outcome) -> bool:
        if outcome.value is None or outcome.value.numel() != probe.logits.numel():
            return False
        got, wanted = outcome.value.double().flatten(), right(probe).flatten()
        return not same(got, wanted) and same(got.sort().values, wanted.sort().values)

    return all(scrambled(probes[i], outcomes[i]) for i in failed) and any(
        probes[i].logits.numel() >= 3 for i in failed
    )


# --- what goes wrong ------------------------------------------------------------------------------


DIMS = (
    Misconception(
        slug="hard-coded-last-dim",
        says="You always sum over the last dim and ignore `dim`.",
        hints=(
            "Try your function with dim=0. Which argument never reaches your sum?",
            "A fixed -1 is right only for callers who want the last dim.",
            "Find the -1 in your function, and write `dim` instead.",
        ),
        variants=({"dim": always(-1)},),
    ),
    Misconception(
        slug="hard-coded-dim-0",
        says="You always sum over dim 0 and ignore `dim`.",
        hints=(
            "Try your function with dim=1. Which argument never reaches your sum?",
            "A fixed 0 is right only for callers who want dim 0.",
            "Find the 0 in your function, and write `dim` instead.",
        ),
        variants=({"dim": always(0)},),
    ),
    Misconception(
        slug="hard-coded-dim-1",
        says="You always sum over dim 1 and ignore `dim`.",
        hints=(
            "Try your function with dim=0. Which argument never reaches your sum?",
            "A fixed 1 is right only for callers who want dim 1.",
            "Find the 1 in your function, and write `dim` instead.",
        ),
        variants=({"dim": always(1)},),
    ),
    Misconception(
        slug="global-sum",
        says="You sum over the whole tensor, so the gradient of one slice leaks into the others.",
        hints=(
            "Which entries compete? Only they belong in one sum.",
            "A sum without a dim takes everything at once.",
            "Pass `dim` and `keepdim=True` to `sum`.",
        ),
        variants=({"dim": everything},),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="You sum over a dim other than `dim`.",
        hints=(
            "Each slice along `dim` of your result should sum to 0. Along which dim does yours?",
            "Sum over the dim that the caller names, unchanged.",
            "Pass the caller's `dim` straight to `sum`; a negative one is fine too.",
        ),
        variants=tuple(
            {"dim": choice}
            for choice in (
                neighbour(1),
                neighbour(-1),
                mirrored,
                one_too_low,
                unsigned,
                negated,
                lambda x, dim: dim if dim >= 0 else -dim - 1,
            )
        ),
    ),
    Misconception(
        slug="several-dims-summed",
        says="You sum over several dims, or over all but the right one, so unrelated slices end up "
        "in one sum.",
        hints=(
            "Each slice along `dim` of your result should sum to 0. Does it?",
            "`x[i]` of a 3-D tensor is a whole table, and a sum without a dim takes all of it.",
            "Pass the caller's `dim` to `sum`, and no other dims.",
        ),
        variants=(
            {"total": _all_of_each_row},
            {"dim": all_the_others},
            {"dim": all_but_the_last},
            {"dim": all_but_the_first},
        ),
    ),
    Misconception(
        slug="missing-keepdim",
        says="Your sum drops its dim, so broadcasting lines it up with a different one: that's an "
        "error if the sizes differ, and silently wrong if they match.",
        hints=(
            "Print the shapes on both sides of your subtraction.",
            "Which argument of `sum` keeps the dim, with size 1?",
            "Pass `keepdim=True` to `sum`.",
        ),
        variants=({"keepdim": False},),
    ),
    Misconception(
        slug="unsqueezes-last-not-dim",
        says="After the sum, you put the missing dim back in a fixed position instead of where it "
        "was.",
        hints=(
            "Where was the dim that the sum removed?",
            "`[:, None]`, `unsqueeze(-1)` and `reshape(-1, 1)` always put it in the same position.",
            "`keepdim=True` leaves it where it was.",
        ),
        variants=(
            {"total": unsqueezed_at(-1)(torch.sum)},
            {"total": unsqueezed_at(1)(torch.sum)},
            {"total": as_column(torch.sum)},
        ),
    ),
    replace(
        LEFT_MOVED,
        variants=(
            *(
                {"leave": lambda x, dim, move=move, to=to: move(x, dim, to)}
                for to in (-1, 0)
                for move in (torch.transpose, torch.movedim)
            ),
            {"leave": _transposed},
            {"leave": lambda x, dim: x.movedim(-1, dim)},
            {"leave": lambda x, dim: x.movedim(0, dim)},
        ),
        pattern=None,
    ),
    replace(
        ONLY_RESHAPED,
        variants=tuple(_moved_and_reshaped(to) for to in (-1, 0)),
    ),
    Misconception(
        slug="transposes-one-argument",
        says="You transpose one of the two arguments but not the other, so you pair each "
        "probability with another one's gradient.",
        hints=(
            "Print the shapes of `probs` and `grad` where you multiply them.",
            "`probs` and `grad` already match, entry by entry.",
            "Leave out the `.T` or `transpose`: the dim of the sum is all you need.",
        ),
        variants=({"grad": _transposed}, {"probs": _transposed}),
    ),
    Misconception(
        slug="counts-dims-from-the-right",
        says="You transpose before the sum, so `dim` means a different dim in the sum than in the "
        "result.",
        hints=(
            "Print the shape of what you sum. Which of its dims is `dim` now?",
            "`.T` reverses the order of the dims.",
            "Leave the `.T` out.",
        ),
        variants=({"total": _counted_from_the_right},),
        alone=True,
    ),
    Misconception(
        slug="reshape-scrambles-dims",
        says="You form rows with `reshape` or `view` without moving `dim` to the end, so each row "
        "holds entries that don't compete.",
        hints=(
            "Print the rows for a table and dim=0. Are they its columns?",
            "`reshape` keeps the order of the entries; only `movedim` or `transpose` changes it.",
            "Leave the `reshape` out: `sum` takes any dim.",
        ),
        variants=(_as_rows_of_memory,),
    ),
    Misconception(
        slug="loop-overwrites",
        says="Your loop overwrites each entry again and again instead of adding to it, so only "
        "the last pass counts.",
        hints=(
            "How many times does your loop write to the same entry?",
            "The gradient of a logit is a sum over all probabilities in its slice.",
            "Start from zeros, and write `+=` instead of `=`.",
        ),
        variants=(_only_the_last_term(True), _only_the_last_term(False)),
    ),
    Misconception(
        slug="loop-overwrites",
        says="Only the last entries of each slice are filled in; the others stay 0.",
        hints=(
            "Which entries of your result are right, and which are 0?",
            "What does each pass of your loop write, and where does the next one start again?",
            "Create the result once, before the loop.",
        ),
        variants=(_only_the_last_entry,),
    ),
    Misconception(
        slug="last-left-out",
        says="All results are right except the last ones: one of your loops or slices stops one "
        "entry too early.",
        hints=(
            "Which entries of your result are right, and which aren't?",
            "`range(n - 1)` and `[:-1]` leave the last one out.",
            "Loop over `range(n)`, or leave the slice out.",
        ),
        pattern=_right_but_for(-1),
    ),
    Misconception(
        slug="first-left-out",
        says="All results are right except the first ones: one of your loops or slices starts one "
        "entry too late.",
        hints=(
            "Which entries of your result are right, and which aren't?",
            "Positions count from 0, so `range(1, n)` and `[1:]` leave the first one out.",
            "Loop over `range(n)`, or leave the slice out.",
        ),
        pattern=_right_but_for(0),
    ),
    Misconception(
        slug="right-numbers-wrong-places",
        says="All the right numbers are there, but in the wrong places.",
        hints=(
            "Compare your result with the expected one: which number went where?",
            "A transpose, a stack along the wrong dim or a `reshape` after a move shuffles "
            "entries.",
            "Undo each step that moves entries with its own inverse.",
        ),
        pattern=_in_other_places,
    ),
)

SHAPES = (
    Misconception(
        slug="one-row-only",
        says="Your code only fits one row of probabilities: functions such as `outer` and `dot` "
        "take nothing else, and `diag` treats a table differently.",
        hints=(
            "The error message names the function. How many dims does it take?",
            "A Jacobian is a matrix for one row. A table would need one for each of its slices.",
            "You don't need a matrix, only an elementwise product and a sum along `dim`.",
        ),
        error=r"Expected 1-D argument|1D tensors expected|diag\(\): Supports 1D",
        causes=("number-of-dims",),
    ),
    Misconception(
        slug="negative-dim",
        says="Your function is right unless `dim` is negative.",
        hints=(
            "With three dims, which one does -2 mean? Which one does your code use?",
            "PyTorch's functions accept negative dims; Python's `range` and `==` don't.",
            "Start with `dim = dim % probs.dim()`.",
        ),
        pattern=only_if_negative,
    ),
    Misconception(
        slug="one-row-only",
        says="Your function is right for one row, but not for a table.",
        hints=(
            "When you loop over a 2-D tensor, do you get numbers or rows?",
            "A sum without a dim, and a matrix product, are right for one row only.",
            "Use an elementwise product and a sum along `dim`.",
        ),
        pattern=exactly_where(lambda probe: probe.logits.dim() > 1),
    ),
    Misconception(
        slug="two-dims-only",
        says="Your function is right for one and two dims, but not for more.",
        hints=(
            "Does your code have a 0 or 1 where `dim` should be, or a loop over rows?",
            "`.T`, `[:, None]` and a loop over rows are for tables.",
            "Pass `dim` and `keepdim=True` to `sum`, and leave the rest to broadcasting.",
        ),
        pattern=exactly_where(lambda probe: probe.logits.dim() > 2),
    ),
    *ONE_DIM_ONLY,
)
