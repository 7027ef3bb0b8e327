"""What goes wrong in softmax: it runs along the wrong dim, or is right only for some shapes."""

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
    everything,
    implicit,
    mirrored,
    moved_by,
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
    """Return the variants of a softmax in which every step runs over a different dim."""
    return tuple({"max_dim": choice, "sum_dim": choice} for choice in choices)


LEFT_MOVED = Misconception(
    slug="forgets-to-transpose-back",
    says="You move dims to another position and return the result without moving them back.",
    hints=(
        "Compare your result's shape with the input's, for three different sizes.",
        "Every dim you move has to go back before you return.",
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
    says="You move a dim to another position and `reshape` the result instead of moving it back: "
    "the numbers are right, but in the wrong positions.",
    hints=(
        "Does your result have the expected numbers, but in a different order?",
        "`reshape` and `view` keep the order of the entries, so they can't undo a move.",
        "Undo `transpose`, `permute` or `movedim` with its own reverse.",
    ),
    variants=tuple(only_reshaped(to) for to in (0, -1)),
)

# Softmax, along the wrong dim.
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
            "A fixed -1 is only right for callers who want the last dim.",
            "Search your function for -1, and write `dim` instead.",
        ),
        variants=over(always(-1)),
        pattern=along_one_dim_if_at_all(-1),
    ),
    Misconception(
        slug="hard-coded-dim-0",
        says="You always normalise over dim 0 and ignore `dim`.",
        hints=(
            "Try your function with dim=1. Which argument never reaches your sum?",
            "A fixed 0, or a loop over columns, is only right for callers who want dim 0.",
            "Search your function for 0, and write `dim` instead.",
        ),
        variants=over(always(0)),
        pattern=along_one_dim_if_at_all(0),
    ),
    Misconception(
        slug="hard-coded-dim-1",
        says="You always normalise over dim 1 and ignore `dim`.",
        hints=(
            "Try your function with dim=0. Which argument never reaches your sum?",
            "A fixed 1, or a loop over rows, is only right for callers who want dim 1.",
            "Search your function for 1, and write `dim` instead.",
        ),
        variants=over(always(1)),
        pattern=along_one_dim_if_at_all(1),
    ),
    Misconception(
        slug="global-sum",
        says="You divide by the sum of the whole tensor, so the whole result sums to 1 instead of "
        "each slice along `dim`.",
        hints=(
            "Which entries compete with each other? Which does your sum add up?",
            "Sum over the entries of one slice and nothing else.",
            "Pass `sum` a dim and `keepdim=True`.",
        ),
        variants=({"sum_dim": everything},),
    ),
    Misconception(
        slug="one-divisor-for-all",
        says="You divide all slices by the same number, such as the largest of their sums. Each "
        "slice has its own sum.",
        hints=(
            "How many slices are there, and how many numbers do you divide by?",
            "A `max` or `mean` of the sums, or an index into them, leaves one number for all "
            "slices.",
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
            "Which dim do your results sum to 1 along? Print `.sum(d)` for each dim d.",
            "Sum over the dim that the caller names, unchanged.",
            "Pass the caller's `dim` straight to `sum`; a negative one is fine, too.",
        ),
        variants=(
            *over(neighbour(1), neighbour(-1), mirrored, moved_by(1), moved_by(-1), unsigned),
            *over(one_too_low, negated),
            *({"sum_dim": d} for d in (*OTHER_DIMS, one_too_low, unsigned)),
        ),
    ),
    Misconception(
        slug="several-dims-compete",
        says="You sum over several dims at once, so too many entries compete.",
        hints=(
            "Which dims do your results sum to 1 over?",
            "`x[i]` of a 3-D tensor is a whole table, and a sum without a dim adds up all of it.",
            "Pass the caller's `dim` to `sum`, and no other dims.",
        ),
        variants=over(all_but_the_last, all_the_others),
    ),
    Misconception(
        slug="loops-over-rows",
        says="You treat each `x[i]` as one row: all of its entries compete, whatever `dim` is.",
        hints=(
            "What is `x[i]` for a tensor with three dims? And for one row?",
            "A loop over `x` goes along dim 0, and a sum without a dim adds up everything in each "
            "step.",
            "Leave out the loop: exp, and `sum` with a dim, work on whole tensors.",
        ),
        variants=(
            lambda x, dim: torch.stack([RIGHT(part, everything(part, 0)) for part in x]),
            *over(all_but_the_first),
        ),
    ),
    Misconception(
        slug="one-dim-after-the-other",
        says="You normalise along one dim after another. Each division undoes the sums from the "
        "one before.",
        hints=(
            "How many times does your code divide for a tensor with three dims?",
            "Entries compete along one dim only, the one the caller names.",
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
            "`[:, None]`, `unsqueeze(-1)` and `reshape(-1, 1)` always put it in the same position.",
            "`keepdim=True` leaves it where it was.",
        ),
        # at 0, it does the same as missing-keepdim
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
            "Print the maxima. Which one do you subtract from which entries?",
            "Subtract the same number from all entries that compete.",
            "Use the same dim for the maximum and the sum.",
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
            "Print the shapes on both sides of your division and of your subtraction.",
            "Which argument of `sum` and `amax` keeps the dim with size 1?",
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
            "If there are three dims, which one does -2 mean? Which one does your code use?",
            "PyTorch's functions accept negative dims; Python's `range` and `==` don't.",
            "Start with `dim = dim % x.dim()`.",
        ),
        pattern=only_if_negative,
    ),
)

# A softmax, but over the wrong entries, or with its results in the wrong positions.
OTHER_PLACES = (
    Misconception(
        slug="forgets-to-transpose-back",
        says="You move dims to another position and return the result without moving them back, "
        "and the wrong entries compete.",
        hints=(
            "Compare your result's shape with the input's, for three different sizes.",
            "Once a dim has moved, it has a different number.",
            "Leave out the moves, and pass the dim of the entries that should sum to 1.",
        ),
        pattern=moved_and_others_compete,
    ),
    Misconception(
        slug="divides-by-itself",
        says="All your results are 1, whatever the logits, as if you divided each exponential by "
        "itself.",
        hints=(
            "Print what you divide by. How many numbers did you add up to get it?",
            "A total that restarts at 0 for each entry, or a sum along a dim of size 1, holds only "
            "that entry.",
            "Add up all entries of the slice first, then divide each of them.",
        ),
        pattern=all_ones,
    ),
    Misconception(
        slug="ignores-the-logits",
        says="All entries of a slice get the same result, whether their logits differ or not.",
        hints=(
            "Where does your result still depend on `x`, and not just on its shape?",
            "Equal shares are only right for equal logits.",
            "Take exp of each logit, and divide it by the sum of the exps.",
        ),
        pattern=alike_in_each_slice,
    ),
    Misconception(
        slug="uses-positions",
        says="Different logits of the same shape give the same results: you use positions, not the "
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
        says="Each of your results depends only on its own logit: change another logit, and it "
        "stays the same.",
        hints=(
            "Increase one logit. Do the other results go down?",
            "The entries of a slice share 1 among themselves, so each result needs all the slice's "
            "logits.",
            "Take exp of each logit, and divide it by the sum of the exps.",
        ),
        pattern=each_on_its_own,
    ),
    Misconception(
        slug="reshape-scrambles-dims",
        says="The entries that compete are neighbours in memory, not along a dim: `reshape` and "
        "`view` regroup entries but don't move dims.",
        hints=(
            "Number the entries with `torch.arange(24.).reshape(2, 3, 4)`, and print them after "
            "your `reshape`.",
            "`reshape` keeps the order in memory. To get a dim to the end, you have to move it.",
            "Use `movedim`, `transpose` or `permute` before the `reshape`, and undo both at the "
            "end.",
        ),
        pattern=neighbours_compete,
    ),
    Misconception(
        slug="other-entries-compete",
        says="Your results are a softmax, but over the wrong entries: they sum to 1 in the wrong "
        "groups.",
        hints=(
            "Print the sums of your result along each dim. Which of them are 1?",
            "Say in words which entries should compete, and which ones do in your code.",
            "Take the maximum and the sum along the dim of the entries that should compete.",
        ),
        pattern=others_compete,
    ),
    Misconception(
        slug="last-left-out",
        says="All results are right except the last ones: one of your loops or slices stops one "
        "entry too early.",
        hints=(
            "Which entries of your result are right, and which aren't?",
            "`range(n - 1)` and `[:-1]` leave out the last one.",
            "Loop over `range(n)`, or leave out the slice.",
        ),
        pattern=last_left_out(-1),
    ),
    Misconception(
        slug="first-left-out",
        says="All results are right except the first ones: one of your loops or slices starts one "
        "entry too late.",
        hints=(
            "Which entries of your result are right, and which aren't?",
            "Positions are counted from 0, so `range(1, n)` and `[1:]` leave out the first one.",
            "Loop over `range(n)`, or leave out the slice.",
        ),
        pattern=last_left_out(0),
    ),
    Misconception(
        slug="right-numbers-wrong-places",
        says="Your result has all the right numbers, but in the wrong positions.",
        hints=(
            "Compare your result with the expected one: which number went where?",
            "Each probability belongs in its logit's position. A sort, a flip, a stack along "
            "another dim or a `reshape` after a move changes positions.",
            "Undo each step that moves entries with its reverse.",
        ),
        pattern=in_all_failed(is_scrambled),
    ),
    Misconception(
        slug="changed-afterwards",
        says="The softmax itself is right, but a later step changes the probabilities: each result "
        "depends only on the right one.",
        hints=(
            "Print the result right after the division. Is that the answer?",
            "Softmax ends with the division by the sum.",
            "Return the result of the division unchanged.",
        ),
        variants=({"leave": lambda x, dim: x.sqrt()}, {"leave": lambda x, dim: x.square()}),
        pattern=changed_afterwards,
        alone=True,
    ),
)

# the backward pass uses these, too
ONE_DIM_ONLY = (
    Misconception(
        slug="last-dim-only",
        says="Your function is right along the last dim, but not along any other.",
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
        says="Your function is right along dim 0, but not along any other.",
        hints=(
            "Try your function with dim=1. Which step still assumes dim 0?",
            "If a sum drops its dim, it only lines up if that dim was the first.",
            "Pass `dim` and `keepdim=True` to every function that takes them.",
        ),
        pattern=exactly_where(lambda probe: not is_first(probe)),
    ),
)

# Right only for some shapes or dims.
SOME_SHAPES = (
    Misconception(
        slug="two-dims-only",
        says="Your function is right for 2-D tensors, but not for tensors with more dims.",
        hints=(
            "Does your code have a 0 or 1 where `dim` should be, or a loop over rows?",
            "A transpose that swaps two dims is enough for a table, but not for three dims.",
            "Replace every hard-coded dim with `dim`; `sum` takes negative ones, too.",
        ),
        pattern=of_two_dims_none_and_of_more_some,
    ),
    Misconception(
        slug="one-row-only",
        says="Your function is right for one row, but not for a batch.",
        hints=(
            "Which of your steps mixes the rows of a batch, or treats a row as a number?",
            "A loop over a table gives you rows, and a sum or maximum without a dim covers all of "
            "them.",
            "exp, and `sum` with a dim and `keepdim=True`, work on tensors of any shape.",
        ),
        pattern=exactly_where(lambda probe: probe.logits.dim() > 1),
    ),
    *ONE_DIM_ONLY,
)
