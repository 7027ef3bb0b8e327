"""Exercises on choosing the dim for a layout, such as (batch, classes)."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import IMPLICIT_DIM, Probe
from softmax_lessons.checker.exercise import Exercise, scores
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.facts import same_along_a_dim, zero_above_the_diagonal
from softmax_lessons.lessons.laws import SOFTMAX
from softmax_lessons.lessons.misconceptions import SIDE_EFFECT, named
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.other_functions import OTHER_FUNCTION
from softmax_lessons.lessons.overflows import SHIFT
from softmax_lessons.lessons.recipe import RIGHT, WITHOUT_SHIFT, Recipe, always, implicit, nothing
from softmax_lessons.lessons.steps import each_in_turn, unsqueezed_at
from softmax_lessons.lessons.wrong_dims import LEFT_MOVED, ONLY_RESHAPED, OTHER_PLACES, over

Dims = tuple[int, ...]


def uneven(*shape: int) -> Tensor:
    """Return ordinary logits between -3 and 3, with no two slices alike."""
    x = scores(*shape)
    return (x * x.abs() / 3).round(decimals=3) + 0.0  # 0, not -0


def _joint(x: Tensor, dims: tuple[int, int]) -> Tensor:
    return torch.softmax(x.flatten(*dims), dims[0]).reshape(x.shape)


def _along(names: Sequence[str], dims: Dims, sizes: Sequence[int]) -> Misconception:
    """Return the mistake of letting other dims compete, one or several."""
    if len(dims) == 1:
        (i,) = dims
        return Misconception(
            slug=f"over-{names[i]}",
            says=f"Your sum runs along dim {i} ({names[i]}), so each slice along {names[i]} sums "
            "to 1.",
            hints=(
                "Say in words which entries should sum to 1. Where is their dim in the shape?",
                "Write down the layout and number the dims from 0. What's the number of the one "
                "you want?",
                "Give softmax, or your sum and maximum, that number as `dim`.",
            ),
            # with a different maximum, or none, it is the same except for rounding
            variants=(*over(always(i)), Recipe(sum_dim=always(i))),
        )
    together = " and ".join(names[i] for i in dims)
    count = math.prod(sizes[i] for i in dims)
    return Misconception(
        slug="over-everything" if len(dims) == len(names) else "over-several-dims",
        says="All entries of your result compete with each other: only the whole tensor sums to 1."
        if len(dims) == len(names)
        else f"All entries along {together} compete with each other, {count} of them for the shape "
        f"{tuple(sizes)}.",
        hints=(
            "Say in words which entries should sum to 1. How many are there?",
            "`flatten`, `view(..., -1)`, and a sum without a dim or over several dims make more "
            "entries compete.",
            "Choose only the dim of the entries that should sum to 1.",
        ),
        variants=(*over(always(dims)), Recipe(sum_dim=always(dims))),
    )


def _in_turn(count: int, dim: int | Dims) -> Misconception:
    joint = isinstance(dim, tuple)
    both = set(itertools.permutations(dim)) if joint else set()
    return Misconception(
        slug="one-softmax-after-the-other",
        says="You apply one softmax after another, along two dims. The second undoes the sums of "
        "the first, and one of them mixes entries that should stay apart.",
        hints=(
            "How many times does your code divide?",
            "The entries that should sum to 1 lie along one dim. Which one is it?",
            "Keep the softmax along that dim, and leave out the other one.",
        ),
        variants=tuple(
            each_in_turn(*order)
            for order in itertools.permutations(range(count), 2)
            if order not in both
        ),
    )


def _shared_again(variant: Variant) -> Variant:
    """Divide by the sum over all the entries that should compete, after everything else."""
    return lambda x, dim: _shares(variant(x, dim), dim)


def _two_results(count: int, dim: int | Dims) -> Misconception:
    def variants() -> Iterator[Variant]:
        for i, j in itertools.combinations(range(count), 2):
            yield lambda x, dim, i=i, j=j: x.softmax(i) * x.softmax(j)
            yield lambda x, dim, i=i, j=j: (x.softmax(i) + x.softmax(j)) / 2
            yield lambda x, dim, i=i, j=j: _shares(x.softmax(i) * x.softmax(j), dim)
        for i, j in itertools.permutations(dim, 2) if isinstance(dim, tuple) else ():
            for reduction in (torch.sum, torch.mean, torch.amax):  # of each row, or column
                yield (
                    lambda x, dim, i=i, j=j, reduction=reduction: (
                        x.softmax(i) * reduction(x, i, keepdim=True).softmax(j)
                    )
                )

    return Misconception(
        slug="mixes-two-softmaxes",
        says="You multiply or average two softmaxes along different dims. The result isn't a "
        "softmax along either dim, nor along both together.",
        hints=(
            "For one slice, what do your results sum to?",
            "A softmax has one sum in its denominator.",
            "Use one softmax. `flatten` merges several dims into one.",
        ),
        variants=tuple(variants()),
    )


def _shares(x: Tensor, dim: int | Dims) -> Tensor:
    return x / x.sum(dim, keepdim=True)


def _averaged(names: Sequence[str], dim: int | Dims) -> Misconception:
    dims = dim if isinstance(dim, tuple) else (dim,)
    return Misconception(
        slug="averages-a-dim",
        says="Your results are the same along a dim where the logits differ: you average, sum or "
        "repeat over it.",
        hints=(
            "Print two neighbouring slices of the input, and of your result.",
            "The slices don't interact: each has its own logits and its own probabilities.",
            "Leave out the `mean`, `sum` or `expand` over that dim.",
        ),
        variants=tuple(
            {step: lambda x, dim, i=i: x.mean(i, keepdim=True).expand_as(x)}
            for step in ("enter", "leave")
            for i in range(len(names))
            if i not in dims
        ),
        pattern=same_along_a_dim,
    )


def _unsqueezed(count: int) -> Misconception:
    return named(
        "unsqueezes-last-not-dim",
        *(
            Recipe(**{step: unsqueezed_at(i)(reduction)}, **shift)
            for i in range(count)
            for step, reduction, shift in (
                ("total", torch.sum, {}),
                ("total", torch.sum, {"centre": nothing}),
                ("centre", torch.amax, {}),
            )
        ),
    )


TWO_IN_TURN = Misconception(
    slug="two-softmaxes-not-joint",
    says="You apply one softmax after another. Each one normalises a single dim, so no pixel "
    "competes with all the others.",
    hints=(
        "What do all pixels of one channel sum to in your result?",
        "Softmax takes one dim. Can you turn two dims into one, and back?",
        "`flatten(2)` merges the two dims, and `reshape` splits them again.",
    ),
    variants=tuple(
        variant
        for order in ((3, 2), (2, 3))
        for variant in (each_in_turn(*order), _shared_again(each_in_turn(*order)))
    ),
)
EQUAL_SHARES = Misconception(
    slug="rows-share-equally",
    says="Each row (or column) of a channel gets the same share, and its pixels compete only "
    "among themselves.",
    hints=(
        "Make one row of logits much larger than the others. What share does it get?",
        "Dividing afterwards fixes the sum, but doesn't make the rows compete.",
        "`flatten(2)` turns height and width into one dim; take the softmax along that.",
    ),
    variants=tuple(
        lambda x, dim, i=i: x.softmax(i) / x.shape[5 - i]  # height and width are 2 and 3
        for i in (2, 3)
    ),
)
GUESSED = replace(
    named("implicit-dim", lambda x, dim: RIGHT(x, implicit(x, dim))),
    calls=frozenset({IMPLICIT_DIM}),
)
CAUSAL = Misconception(
    slug="adds-a-causal-mask",
    says="You hide all later keys from each query. That's a mask, and this exercise doesn't have "
    "one: every query sees all keys.",
    hints=(
        "Where are the zeros in your result, and why?",
        "`tril` and `triu` make a causal mask.",
        "Leave the mask out.",
    ),
    pattern=zero_above_the_diagonal,
)
ZERO_FOR_HIDDEN = Misconception(
    slug="zeros-no-mask",
    says="You set the logits of some keys to 0 before the softmax, as `tril` does. A logit of 0 is "
    "a logit like any other, and this exercise hides no keys.",
    hints=(
        "Print what goes into the softmax. Are those still the logits?",
        "`tril` and `triu` put zeros into a tensor.",
        "Leave them out.",
    ),
    variants=(
        {"enter": lambda x, dim: x.tril()},
        {"enter": lambda x, dim: x.triu()},
        {"enter": lambda x, dim: x.tril(-1)},
    ),
)
NO_PADDING = Misconception(
    slug="takes-zero-for-padding",
    says="You treat logits of exactly 0 as if they weren't there. 0 is a logit like any other.",
    hints=(
        "Try the logits [0, 1]. What does the first one get?",
        "exp(0) is 1: a logit of 0 takes part.",
        "Leave out the comparison with 0.",
    ),
    variants=(
        {"enter": lambda x, dim: x.masked_fill(x == 0, -1e30)},
        lambda x, dim: x.softmax(dim) * (x != 0),
        lambda x, dim: _shares(x.exp() * (x != 0), dim),
        lambda x, dim: x.masked_fill(x == 0, -torch.inf).softmax(dim),
    ),
)


def _not_always_right(m: Misconception, probes: Sequence[Probe]) -> Misconception:
    """Return the mistake with only the variants that are wrong along this dim."""
    wrong = (
        variant
        for variant in m.variants
        if not all(torch.equal(variant(p.logits, p.dim), p.logits.softmax(p.dim)) for p in probes)
    )
    return replace(m, variants=tuple(wrong))


def layout(layout_names: str, dim: int | tuple[int, int]) -> Exercise:
    """Return the exercise on choosing the dim for a layout such as "batch classes"."""
    names = layout_names.split()
    sizes = (2, 3, 4, 5)[: len(names)]
    joint = isinstance(dim, tuple)
    wanted = dim if joint else (dim,)
    # small sizes first, for the example that learners see
    flat = uneven(*[2] * len(sizes))
    unlike = uneven(*sizes)
    probes = (
        Probe(flat, dim),
        Probe(unlike, dim),
        Probe(unlike.where(unlike.abs() > 0.3, 0), dim),
        Probe(flat, dim, seed=1),
    )
    subsets = [
        dims
        for size in range(1, len(names) + 1)
        for dims in itertools.combinations(range(len(names)), size)
        if dims != wanted
    ]
    moved = (LEFT_MOVED, ONLY_RESHAPED)
    return Exercise(
        signature="f(x)",
        fixed=probes,
        # a batch of one: its size of 1 must stay
        fresh=lambda g: (Probe(torch.rand(1, *sizes[1:], generator=g), dim),),
        reference=_joint if joint else torch.softmax,
        right=(RIGHT, WITHOUT_SHIFT),
        laws=SOFTMAX,
        misconceptions=(
            *NO_RESULT,
            GUESSED,
            *(_along(names, dims, sizes) for dims in subsets),
            *((TWO_IN_TURN, EQUAL_SHARES) if joint else ()),
            *([CAUSAL, ZERO_FOR_HIDDEN] if names[-2:] == ["queries", "keys"] else ()),
            _in_turn(len(names), dim),
            _two_results(len(names), dim),
            *(moved if joint else (_not_always_right(m, probes) for m in moved)),
            *OTHER_FUNCTION,
            NO_PADDING,
            named("missing-keepdim"),
            _unsqueezed(len(names)),
            *(
                replace(named("max-over-wrong-dim"), variants=({"max_dim": always(i)},))
                for i in range(len(names))
                if (i,) != wanted
            ),
            *SHIFT,
            _averaged(names, dim),
            *SIDE_EFFECT,
            *OTHER_PLACES,
        ),
    )
