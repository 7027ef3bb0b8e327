"""What goes wrong in softmax: it runs along another dim, or is right for some shapes only."""

import torch

from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.facts import (
    alike_in_each_slice,
    all_ones,
    along_one_dim_if_at_all,
    changed_afterwards,
    each_on_its_own,
    exactly_where,
    in_all_failed,
    is_first,
    is_last,
    is_scrambled,
    is_transposed,
    is_transposed_into_another_shape,
    last_left_out,
    moved_and_others_compete,
    neighbours_compete,
    of_two_dims_none_and_of_more_some,
    only_if_negative,
    only_the_shape_counts,
    others_compete,
)
from softmax_lessons.lessons.in_pairs import few_in_pairs
from softmax_lessons.lessons.recipe import (
    RIGHT,
    all_but_the_first,
    all_but_the_last,
    all_the_others,
    always,
    beside,
    everything,
    implicit,
    mirrored,
    negated,
    neighbour,
    one_too_low,
    unsigned,
)
from softmax_lessons.lessons.steps import (
    as_column,
    divided_in_turn,
    each_in_turn,
    kept_max,
    kept_sum,
    left_moved,
    less_largest_along,
    moved_again,
    only_reshaped,
    unsqueezed_at,
)

OTHER_DIMS = (neighbour(1), neighbour(-1), mirrored, always(-1), always(0), always(1))


def over(*choices: object) -> tuple[Variant, ...]:
    """Return the variants of a softmax that runs over another dim throughout."""
    return tuple({"max_dim": choice, "sum_dim": choice} for choice in choices)


LEFT_MOVED = Misconception(
    slug="forgets-to-transpose-back",
    says="You move dims to another position, and return the result without moving them back.",
    hints=(
        "Compare your result's shape with the input's, for three different sizes.",
        "Every dim that you move has to go back before you return.",
        "Undo every `transpose`, `permute` or `movedim` with its reverse before you return.",
    ),
    variants=(
        left_moved(lambda x, dim: x.transpose(dim, -1), -1),
        left_moved(lambda x, dim: x.transpose(dim, 0), 0),
        *(left_moved(lambda x, dim, to=to: x.movedim(dim, to), to) for to in (0, -1)),
        *(moved_again(to) for to in (0, -1)),
        lambda x, dim: torch.softmax(x, dim).mT if x.dim() > 1 else torch.softmax(x, dim),
    ),
    symptom=is_transposed_into_another_shape,
    pattern=in_all_failed(is_transposed),
    causes=("returns-wrong-shape",),
)
ONLY_RESHAPED = Misconception(
    slug="forgets-to-transpose-back",
    says="You move a dim to another position, and `reshape` the result instead of moving it back: "
    "the numbers are right, but in the wrong places.",
    hints=(
        "Are the numbers of your result the expected ones, in another order?",
        "`reshape` and `view` keep the order of the entries, so they can't undo a move.",
        "Undo `transpose`, `permute` or `movedim` with its own reverse.",
    ),
    variants=tuple(only_reshaped(to) for to in (0, -1)),
)

# Softmax, along another dim.
OTHER_DIM = few_in_pairs(
    Misconception(
        slug="implicit-dim",
        says="You don't pass `dim`, so PyTorch guesses: dim 0 for 0-D, 1-D and 3-D tensors, dim 1 "
        "for the rest.",
        hints=(
            "Which call in your function accepts a `dim` but doesn't get one?",
            "PyTorch can't know which entries should compete.",
            "Pass the dim on to every function that takes one.",
        ),
        variants=over(implicit),
    ),
    Misconception(
        slug="hard-coded-last-dim",
        says="You always normalise over the last dim and ignore `dim`.",
        hints=(
            "Try your function with dim=0. Which argument never reaches your sum?",
            "A fixed -1 is right only for callers who want the last dim.",
            "Search your function for -1, and write `dim` there.",
        ),
        variants=over(always(-1)),
        pattern=along_one_dim_if_at_all(-1),
    ),
    Misconception(
        slug="hard-coded-dim-0",
        says="You always normalise over dim 0 and ignore `dim`.",
        hints=(
            "Try your function with dim=1. Which argument never reaches your sum?",
            "A fixed 0, or a loop over columns, is right only for callers who want dim 0.",
            "Search your function for 0, and write `dim` there.",
        ),
        variants=over(always(0)),
        pattern=along_one_dim_if_at_all(0),
    ),
    Misconception(
        slug="hard-coded-dim-1",
        says="You always normalise over dim 1 and ignore `dim`.",
        hints=(
            "Try your function with dim=0. Which argument never reaches your sum?",
            "A fixed 1, or a loop over rows, is right only for callers who want dim 1.",
            "Search your function for 1, and write `dim` there.",
        ),
        variants=over(always(1)),
        pattern=along_one_dim_if_at_all(1),
    ),
    Misconception(
        slug="global-sum",
        says="You divide by the sum of the whole tensor, so all of it sums to 1 instead of each "
        "slice along `dim`.",
        hints=(
            "Which entries compete with each other? Which does your sum add up?",
            "Sum over the entries of one slice, and over nothing else.",
            "Pass a dim to `sum`, and `keepdim=True`.",
        ),
        variants=({"sum_dim": everything},),
    ),
    Misconception(
        slug="one-divisor-for-all",
        says="You divide all slices by the same number, such as the largest of their sums. Each "
        "slice has its own sum.",
        hints=(
            "How many slices are there, and how many numbers do you divide by?",
            "A `max` or `mean` of the sums, or an index into them, leaves one for all.",
            "Divide by `exps.sum(dim, keepdim=True)`, and do nothing else to it.",
        ),
        variants=(
            *(
                lambda x, dim, choose=choose: x.exp() / choose(kept_sum(x.exp(), dim))
                for choose in (torch.amax, torch.mean, torch.amin, lambda s: s.flatten()[0])
            ),
            lambda x, dim: (e := (x - kept_max(x, dim)).exp()) / kept_sum(e, dim).amax(),
        ),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="You sum over a dim other than `dim`.",
        hints=(
            "Along which dim do your results sum to 1? Print `.sum(d)` for each dim d.",
            "The dim of the sum is the one that the caller names, unchanged.",
            "Pass the caller's `dim` straight to `sum`; a negative one is fine too.",
        ),
        variants=(
            *over(neighbour(1), neighbour(-1), mirrored, beside(1), beside(-1), unsigned),
            *over(one_too_low, negated),
            *({"sum_dim": d} for d in (*OTHER_DIMS, one_too_low, unsigned)),
        ),
    ),
    Misconception(
        slug="several-dims-compete",
        says="You sum over several dims at once, so more entries compete than should.",
        hints=(
            "Over which dims do your results sum to 1?",
            "`x[i]` of a 3-D tensor is a whole table, and a sum without a dim takes all of it.",
            "Pass the caller's `dim` to `sum`, and no other dims.",
        ),
        variants=over(all_but_the_last, all_the_others),
    ),
    Misconception(
        slug="loops-over-rows",
        says="You treat each `x[i]` as one row: all of its entries compete, whatever `dim` is.",
        hints=(
            "What is `x[i]` of a tensor of three dims? And of one row?",
            "A loop over `x` goes along dim 0, and a sum without a dim takes all that is left.",
            "Leave the loop out: exp, and `sum` with a dim, work on whole tensors.",
        ),
        variants=(
            lambda x, dim: torch.stack([RIGHT(part, everything(part, 0)) for part in x]),
            *over(all_but_the_first),
        ),
    ),
    Misconception(
        slug="one-dim-after-the-other",
        says="You normalise along one dim after the other. Each one undoes the sums of the last.",
        hints=(
            "How many times does your code divide, for a tensor of three dims?",
            "Only one dim competes: the caller names it.",
            "Divide once, by the sum along `dim`.",
        ),
        variants=(
            each_in_turn(),
            each_in_turn(0, -1),
            each_in_turn(-1, 0),
            divided_in_turn,
        ),
    ),
    Misconception(
        slug="unsqueezes-last-not-dim",
        says="After the sum or maximum, you put the missing dim back in a fixed position instead "
        "of where it was.",
        hints=(
            "Where was the dim that the sum removed?",
            "`[:, None]`, `unsqueeze(-1)` and `reshape(-1, 1)` always put it in the same place.",
            "`keepdim=True` leaves it where it was.",
        ),
        # at 0 it is what missing-keepdim does
        variants=tuple(
            variant
            for put in (unsqueezed_at(-1), unsqueezed_at(1), as_column)
            for variant in (
                {"total": put(torch.sum)},
                {"centre": put(torch.amax)},
                {"total": put(torch.sum), "centre": put(torch.amax)},
            )
        ),
    ),
    LEFT_MOVED,
    ONLY_RESHAPED,
    Misconception(
        slug="max-over-wrong-dim",
        says="You take the maximum over one dim and the sum over another, so the entries of one "
        "slice are shifted by different amounts, and that changes their ratios.",
        hints=(
            "Print the maxima. Which entries lose which of them?",
            "Everything that competes must have the same number subtracted.",
            "The maximum and the sum take the same dim.",
        ),
        variants=(
            *({"max_dim": d} for d in OTHER_DIMS),
            *({"enter": less_largest_along(d)} for d in OTHER_DIMS),
        ),
    ),
    Misconception(
        slug="missing-keepdim",
        says="A sum or maximum over `dim` drops that dim, so broadcasting lines it up with a "
        "different one: that's an error if the sizes differ, and silently wrong if they match.",
        hints=(
            "Print the shapes on both sides of your division, and of your subtraction.",
            "Which argument of `sum` and `amax` keeps the dim, with size 1?",
            "`keepdim=True`",
        ),
        variants=(
            {"sum_keepdim": False},
            {"max_keepdim": False},
            {"max_keepdim": False, "sum_keepdim": False},
        ),
    ),
    Misconception(
        slug="negative-dim",
        says="Your function is right unless `dim` is negative.",
        hints=(
            "Which dim does -2 mean, for three dims? Which one does your code take?",
            "PyTorch's functions accept negative dims; Python's `range` and `==` don't.",
            "Start with `dim = dim % x.dim()`.",
        ),
        pattern=only_if_negative,
    ),
)

# A softmax, but not of the entries that should compete, or with its results in other places.
OTHER_PLACES = (
    Misconception(
        slug="forgets-to-transpose-back",
        says="You move dims to another position and return the result without moving them back; "
        "and the wrong entries compete.",
        hints=(
            "Compare your result's shape with the input's, for three different sizes.",
            "Once a dim has moved, it has a different number.",
            "Leave the moves out, and pass the dim of the entries that should sum to 1.",
        ),
        pattern=moved_and_others_compete,
    ),
    Misconception(
        slug="divides-by-itself",
        says="All your results are 1, whatever the logits: as if each exponential were divided by "
        "itself.",
        hints=(
            "Print what you divide by. How many numbers is it made of?",
            "A total that starts at 0 again for each entry, or a sum along a dim of size 1, holds "
            "that entry alone.",
            "Add up all entries of the slice first, then divide each of them.",
        ),
        pattern=all_ones,
    ),
    Misconception(
        slug="ignores-the-logits",
        says="All entries of a slice get the same result, whether their logits differ or not.",
        hints=(
            "Where does your result still depend on `x`, and not only on its shape?",
            "Equal shares are right for equal logits only.",
            "Take exp of each logit, and divide it by the sum of those.",
        ),
        pattern=alike_in_each_slice,
    ),
    Misconception(
        slug="uses-positions",
        says="Other logits of the same shape get the same results: you use positions, not the "
        "logits themselves.",
        hints=(
            "Call your function with two inputs of the same shape. What changes?",
            "`for i in range(n)` and `enumerate` count positions; `x[i]` is the logit.",
            "Take exp of the logits: `x.exp()`.",
        ),
        pattern=only_the_shape_counts,
    ),
    Misconception(
        slug="each-on-its-own",
        says="Each of your results depends on its own logit alone: change another logit, and it "
        "stays the same.",
        hints=(
            "Raise one logit. Do the other results go down?",
            "The entries of a slice share 1 among themselves, so each result needs all of its "
            "logits.",
            "Take exp of each logit, and divide it by the sum of those.",
        ),
        pattern=each_on_its_own,
    ),
    Misconception(
        slug="reshape-scrambles-dims",
        says="The entries that compete are neighbours in memory, not along a dim: `reshape` and "
        "`view` regroup entries, but don't move dims.",
        hints=(
            "Number the entries with `torch.arange(24.).reshape(2, 3, 4)`, and print what your "
            "`reshape` makes of them.",
            "`reshape` keeps the order in memory. To bring a dim to the end, it has to be moved.",
            "Use `movedim`, `transpose` or `permute` before the `reshape`, and undo both at the "
            "end.",
        ),
        pattern=neighbours_compete,
    ),
    Misconception(
        slug="other-entries-compete",
        says="Your results are a softmax, but not of the entries that should compete: they sum to "
        "1 in the wrong groups.",
        hints=(
            "Print the sums of your result along each dim. Which of them are 1?",
            "Say in words which entries should compete, and which of yours do.",
            "The maximum and the sum take the dim along which those entries lie.",
        ),
        pattern=others_compete,
    ),
    Misconception(
        slug="last-left-out",
        says="All results are right but the last ones: one of your loops or slices stops one "
        "entry too early.",
        hints=(
            "Which entries of your result are right, and which aren't?",
            "`range(n - 1)` and `[:-1]` leave the last one out.",
            "Loop over `range(n)`, or leave the slice out.",
        ),
        pattern=last_left_out(-1),
    ),
    Misconception(
        slug="first-left-out",
        says="All results are right but the first ones: one of your loops or slices starts one "
        "entry too late.",
        hints=(
            "Which entries of your result are right, and which aren't?",
            "Positions count from 0, so `range(1, n)` and `[1:]` leave the first one out.",
            "Loop over `range(n)`, or leave the slice out.",
        ),
        pattern=last_left_out(0),
    ),
    Misconception(
        slug="right-numbers-wrong-places",
        says="All the right numbers are there, but in the wrong places.",
        hints=(
            "Compare your result with the expected one: which number went where?",
            "Each probability belongs where its logit was. A sort, a flip, a stack along another "
            "dim or a `reshape` after a move changes places.",
            "Undo each step that moves entries with its own reverse.",
        ),
        pattern=in_all_failed(is_scrambled),
    ),
    Misconception(
        slug="changed-afterwards",
        says="The softmax itself is right, but a step after it changes the probabilities: each "
        "result depends on the right one alone.",
        hints=(
            "Print what you have right after the division. Is that the answer?",
            "Softmax ends with the division by the sum.",
            "Return the result of the division unchanged.",
        ),
        variants=({"leave": lambda x, dim: x.sqrt()}, {"leave": lambda x, dim: x.square()}),
        pattern=changed_afterwards,
        alone=True,
    ),
)

# also in the way back
ONE_DIM_ONLY = (
    Misconception(
        slug="last-dim-only",
        says="Your function is right along the last dim, and along no other.",
        hints=(
            "Try your function with dim=0. Which step still assumes the last dim?",
            "`dim=-1`, `unsqueeze(-1)`, `[..., None]`, `@` and `reshape(-1, n)` are all about "
            "the last dim.",
            "Pass `dim` and `keepdim=True` to every function that takes them.",
        ),
        pattern=exactly_where(lambda probe: not is_last(probe)),
    ),
    Misconception(
        slug="first-dim-only",
        says="Your function is right along dim 0, and along no other.",
        hints=(
            "Try your function with dim=1. Which step still assumes dim 0?",
            "A sum whose dim is dropped lines up only if that dim was the first.",
            "Pass `dim` and `keepdim=True` to every function that takes them.",
        ),
        pattern=exactly_where(lambda probe: not is_first(probe)),
    ),
)

# Right for some shapes or dims only.
SOME_SHAPES = (
    Misconception(
        slug="two-dims-only",
        says="Your function is right for 2-D tensors, but not for tensors with more dims.",
        hints=(
            "Does your code have a 0 or 1 where `dim` should be, or a loop over rows?",
            "A transpose that swaps two dims is enough for a table, and not for three dims.",
            "Replace every hard-coded dim with `dim`; `sum` takes negative ones too.",
        ),
        pattern=of_two_dims_none_and_of_more_some,
    ),
    Misconception(
        slug="one-row-only",
        says="Your function is right for one row, but not for a batch.",
        hints=(
            "Which of your steps mixes the rows of a batch, or takes a row for a number?",
            "A loop over a table gives rows, and a sum or maximum without a dim takes all of them.",
            "exp, and `sum` with a dim and `keepdim=True`, work on tensors of any shape.",
        ),
        pattern=exactly_where(lambda probe: probe.logits.dim() > 1),
    ),
    *ONE_DIM_ONLY,
)
