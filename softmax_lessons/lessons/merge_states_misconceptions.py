"""What goes wrong in merging the states of two pieces."""

import torch

from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.lessons.merge_states_facts import (
    both_rescaled,
    empty_wins,
    fit_added,
    fit_base,
    fit_gap,
    log_of_the_sum,
    logsumexp_of_both,
    merges_the_first_only,
    of_the_largest,
    of_two_empty,
    on_ordinary_rows,
    one_row_decides,
    sum_of_exps,
)
from softmax_lessons.lessons.merge_states_steps import (
    RIGHT,
    RIGHTS,
    MergeRecipe,
    as_it_is,
    bare,
    by_share,
    guarded,
    guarded_if_all_are_empty,
    mean,
    nan_is_0,
    never_below,
    of_all_rows,
    power_of,
    unshifted_if_any_is_empty,
    weighted_mean,
    zero_if_empty,
)

GUARD = (
    "Merge two empty pieces, [-inf, 0] both. What is -inf minus -inf?",
    "Where the maximum is -inf, you can subtract any finite number instead: exp(-inf) is 0.",
    'Subtract `largest.masked_fill(largest == float("-inf"), 0.0)` from the old maxima.',
)
FACTORS = (
    "Merge [3, 1.5] with [4, 1]. What do you have to multiply each sum by?",
    "Multiply a sum of exp(x - old) by exp(old - new), and you get a sum of exp(x - new).",
    "`a[1] * (a[0] - largest).exp() + b[1] * (b[0] - largest).exp()`",
)
LARGEST = (
    "What is the maximum of [1, 2] and [3] together?",
    "It's the larger of the two, separately for each row.",
    "`torch.maximum(a[0], b[0])` compares entry by entry.",
)
BOTH_COUNT = (
    "Merge a state with itself. What should the sum be?",
    "Each piece adds its own entries to the sum, whatever is in the other.",
    "Bring both sums to the new maximum, then add them.",
)
STACKED = (
    "Print the shapes of your result and of `a`.",
    "Row 0 of the result holds the maxima, row 1 the sums.",
    "Return `torch.stack([largest, total])`, without a dim.",
)

MERGES = (
    Misconception(
        slug="returns-wrong-shape",
        says="You don't put the maxima and the sums back together the way you got them: row 0 "
        "should hold the maxima, row 1 the sums.",
        hints=STACKED,
        variants=(
            {"put": lambda m, s: torch.stack([m, s], 1)},
            {"put": lambda m, s: torch.cat([m, s])},
        ),
        pattern=lambda probes, outcomes, failed: any(
            o.value is not None and o.value.shape != p.logits.shape
            for p, o in zip(probes, outcomes, strict=True)
        ),
    ),
    Misconception(
        slug="reads-columns",
        says="You read the maxima from column 0 and the sums from column 1. They're in row 0 and "
        "row 1.",
        hints=(
            "The states have shape (2, rows). Which index comes first?",
            "`a[0]` is the first row. What is `a[:, 0]`?",
            "Take the maxima from `a[0]` and the sums from `a[1]`.",
        ),
        variants=tuple(
            lambda a, b, recipe=recipe, back=back: back(recipe(a.T, b.T))
            for recipe in (*RIGHTS, MergeRecipe(base=bare))
            for back in (lambda x: x[:2].T, lambda x: x[:2])
        ),
    ),
    Misconception(
        slug="rows-swapped",
        says="You mistake the sums for the maxima, and the maxima for the sums.",
        hints=(
            "Which row of a state holds the maxima?",
            "`a[0]` holds the maxima, and `a[1]` the sums.",
            "Swap the two indices wherever you read the states, or where you return one.",
        ),
        variants=(
            {"put": lambda m, s: torch.stack([s, m])},
            *(
                lambda a, b, recipe=recipe: recipe(a.flip(0), b.flip(0)).flip(0)
                for recipe in (*RIGHTS, MergeRecipe(base=bare))
            ),
            *(
                lambda a, b, recipe=recipe: recipe(a.flip(0), b.flip(0))
                for recipe in (*RIGHTS, MergeRecipe(base=bare))
            ),
        ),
    ),
    Misconception(
        slug="no-rescale",
        says="You add the two sums directly, but each was computed with its own maximum.",
        hints=(
            "One piece sums exp(x - 3), the other exp(x - 1000). Which number should the merged "
            "sum subtract from x?",
            *FACTORS[1:],
        ),
        variants=({"weigh": lambda s1, f1, s2, f2: (s1, s2), "base": bare},),
        pattern=on_ordinary_rows(1, lambda m1, s1, m2, s2: s1 + s2),
    ),
    Misconception(
        slug="rescales-one-only",
        says="You rescale only one of the two sums. That's only right if the other one already has "
        "the larger maximum.",
        hints=(
            "Merge the same two states in the other order. Is the result the same?",
            "Both sums need a factor. One of the factors will be 1.",
            FACTORS[2],
        ),
        variants=(
            {"weigh": lambda s1, f1, s2, f2: (s1 * f1, s2)},
            {"weigh": lambda s1, f1, s2, f2: (s1, s2 * f2)},
        ),
        pattern=lambda *each: (
            on_ordinary_rows(
                1, lambda m1, s1, m2, s2: s1 * (m1 - torch.maximum(m1, m2)).exp() + s2
            )(*each)
            or on_ordinary_rows(
                1, lambda m1, s1, m2, s2: s1 + s2 * (m2 - torch.maximum(m1, m2)).exp()
            )(*each)
        ),
    ),
    Misconception(
        slug="shrinks-the-same-one",
        says="You always shrink the same piece's sum, whichever piece has the larger maximum.",
        hints=(
            "Merge the same two states in the other order. Is the result the same?",
            "The sum with the smaller maximum has to shrink. It can be a different one in every "
            "row.",
            FACTORS[2],
        ),
        variants=tuple(
            lambda a, b, i=i, guard=guard: torch.stack(
                [
                    torch.maximum(a[0], b[0]),
                    guard(
                        (a, b)[i][1] + (b, a)[i][1] * (-(a[0] - b[0]).abs()).exp(),
                        torch.maximum(a[0], b[0]),
                    ),
                ]
            )
            for i in (0, 1)
            for guard in (zero_if_empty, nan_is_0, as_it_is)
        ),
        pattern=lambda *each: (
            on_ordinary_rows(1, lambda m1, s1, m2, s2: s1 + s2 * (-(m1 - m2).abs()).exp())(*each)
            or on_ordinary_rows(1, lambda m1, s1, m2, s2: s2 + s1 * (-(m1 - m2).abs()).exp())(*each)
        ),
    ),
    Misconception(
        slug="one-factor-for-both",
        says="You multiply both sums by the same factor. Each needs its own.",
        hints=FACTORS,
        variants=(
            {"weigh": lambda s1, f1, s2, f2: (s1 * f1, s2 * f1)},
            {"weigh": lambda s1, f1, s2, f2: (s1 * f2, s2 * f2)},
            {"weigh": lambda s1, f1, s2, f2: (s1 * f1 * f2, s2 * f1 * f2)},
        ),
    ),
    Misconception(
        slug="rescales-the-wrong-way",
        says="Your factor is exp(new - old), which makes the sum larger. It should make it "
        "smaller.",
        hints=(
            "With a larger maximum, exp(x - maximum) gets smaller. Is your factor above or below "
            "1?",
            FACTORS[1],
            "exp(old maximum - new maximum) is at most 1: swap the two.",
        ),
        variants=(
            {"factor": lambda old, new: (new - old).exp()},
            {"factor": lambda old, new: 1 / (old - new).exp()},
        ),
        pattern=on_ordinary_rows(
            1,
            lambda m1, s1, m2, s2: (
                s1 * (torch.maximum(m1, m2) - m1).exp() + s2 * (torch.maximum(m1, m2) - m2).exp()
            ),
        ),
    ),
    Misconception(
        slug="rescales-the-wrong-way",
        says="One of your two factors is exp(new - old), which makes its sum larger. It should "
        "make it smaller.",
        hints=(
            "Print both factors. Which of them is above 1?",
            FACTORS[1],
            "exp(old maximum - new maximum) is at most 1, for each of the two pieces.",
        ),
        variants=(
            {"weigh": lambda s1, f1, s2, f2: (s1 * f1, s2 / f2)},
            {"weigh": lambda s1, f1, s2, f2: (s1 / f1, s2 * f2)},
        ),
        alone=True,
        pattern=lambda *each: (
            on_ordinary_rows(
                1, lambda *s: both_rescaled(*s)[1] + s[3] * (both_rescaled(*s)[0] - s[2]).exp()
            )(*each)
            or on_ordinary_rows(
                1, lambda *s: both_rescaled(*s)[2] + s[1] * (both_rescaled(*s)[0] - s[0]).exp()
            )(*each)
        ),
    ),
    Misconception(
        slug="rescales-the-wrong-way",
        says="You multiply one sum by exp(other maximum - its own maximum). To bring it to the "
        "other maximum, swap the two.",
        hints=(
            "Merge [3, 1.5] with [1002, 1.5]. What is your factor?",
            FACTORS[1],
            FACTORS[2],
        ),
        pattern=lambda *each: (
            on_ordinary_rows(1, lambda m1, s1, m2, s2: s1 * (m2 - m1).exp() + s2)(*each)
            or on_ordinary_rows(1, lambda m1, s1, m2, s2: s1 + s2 * (m1 - m2).exp())(*each)
        ),
    ),
    Misconception(
        slug="swaps-the-factors",
        says="You multiply each sum by the other one's factor.",
        hints=(
            "Which maximum did the first sum subtract?",
            FACTORS[1],
            "The first sum's factor is exp(first maximum - new maximum).",
        ),
        variants=({"weigh": lambda s1, f1, s2, f2: (s1 * f2, s2 * f1)},),
        pattern=on_ordinary_rows(
            1,
            lambda m1, s1, m2, s2: (
                s1 * (m2 - torch.maximum(m1, m2)).exp() + s2 * (m1 - torch.maximum(m1, m2)).exp()
            ),
        ),
    ),
    Misconception(
        slug="exp2-or-pow",
        says="Your factors are powers of a number other than e. But the states' sums are sums of "
        "powers of e.",
        hints=(
            "A state sums exp(x - maximum). Which number does exp raise to a power?",
            "To turn exp(x - old) into exp(x - new), the factor must be a power of the same "
            "number.",
            "Use `exp`, not `exp2`, `2 **` or `10 **`.",
        ),
        variants=tuple(
            {"factor": power_of(base), **guard}
            for base in (2, 10)
            for guard in ({}, {"base": bare})
        ),
        fit=fit_base,
    ),
    Misconception(
        slug="rescales-twice",
        says="You multiply each sum by its factor twice, or by the factor's square.",
        hints=(
            "Merge [3, 1.5] with [4, 1]. How much does the first sum shrink in your code?",
            FACTORS[1],
            FACTORS[2],
        ),
        variants=({"weigh": lambda s1, f1, s2, f2: (s1 * f1 * f1, s2 * f2 * f2)},),
        pattern=on_ordinary_rows(
            1,
            lambda m1, s1, m2, s2: (
                s1 * (2 * (m1 - torch.maximum(m1, m2))).exp()
                + s2 * (2 * (m2 - torch.maximum(m1, m2))).exp()
            ),
        ),
    ),
    Misconception(
        slug="divides-the-sum",
        says="You bring both sums to the new maximum and add them, which is right, but then you "
        "divide by the sum of the old sums.",
        hints=(
            "Merge a state with an empty one. What should you get?",
            "A state holds a sum. You only divide at the very end, once all pieces are merged.",
            FACTORS[2],
        ),
        pattern=on_ordinary_rows(
            1, lambda *s: (both_rescaled(*s)[1] + both_rescaled(*s)[2]) / (s[1] + s[3])
        ),
    ),
    Misconception(
        slug="forgets-exp",
        says="You multiply the sums by differences of maxima, without exp.",
        hints=FACTORS,
        variants=(
            {"factor": lambda old, new: old - new},
            {"factor": lambda old, new: new - old},
            {"factor": lambda old, new: old / new},
        ),
    ),
    Misconception(
        slug="one-entry-update",
        says="You treat a piece as if it were a single logit: its sum doesn't get into the result.",
        hints=(
            "Which of the four rows of the two states does your sum not use?",
            "A single logit m adds exp(m - new). A piece adds that times its sum.",
            FACTORS[2],
        ),
        variants=(
            {"weigh": lambda s1, f1, s2, f2: (s1 * f1, f2)},
            {"weigh": lambda s1, f1, s2, f2: (f1, s2 * f2)},
            {"weigh": lambda s1, f1, s2, f2: (f1, f2)},
            {"weigh": lambda s1, f1, s2, f2: (s1 * f1, torch.ones_like(s2))},
        ),
        pattern=lambda *each: (
            on_ordinary_rows(
                1, lambda *s: both_rescaled(*s)[1] + (s[2] - torch.maximum(s[0], s[2])).exp()
            )(*each)
            or on_ordinary_rows(
                1, lambda *s: both_rescaled(*s)[2] + (s[0] - torch.maximum(s[0], s[2])).exp()
            )(*each)
        ),
    ),
    Misconception(
        slug="counts-one-sum-twice",
        says="You use one piece's sum for both, so the other sum doesn't get into the result.",
        hints=(
            "Which of the four rows of the two states does your sum not use?",
            "Each piece adds its own sum times its own factor.",
            FACTORS[2],
        ),
        variants=(
            {"weigh": lambda s1, f1, s2, f2: (s1 * f1, s1 * f2)},
            {"weigh": lambda s1, f1, s2, f2: (s2 * f1, s2 * f2)},
        ),
        pattern=on_ordinary_rows(
            1,
            lambda m1, s1, m2, s2: torch.where(m1 > m2, s1, s2) * (1 + (-(m1 - m2).abs()).exp()),
        ),
    ),
    Misconception(
        slug="factor-not-multiplied",
        says="You add each factor to its sum, subtract it, or use it as a power. You have to "
        "multiply them.",
        hints=FACTORS,
        variants=(
            {"weigh": lambda s1, f1, s2, f2: (s1 + f1, s2 + f2)},
            {"weigh": lambda s1, f1, s2, f2: (s1 - f1, s2 - f2)},
            {"weigh": lambda s1, f1, s2, f2: (s1**f1, s2**f2)},
        ),
    ),
    Misconception(
        slug="merges-one-row-only",
        says="You merge only the first row, and take the others unchanged from one of the pieces.",
        hints=(
            "Merge states of two rows. Which rows of your result are right?",
            "`a[0]` has one maximum per row; `a[0, 0]` is only the first row's.",
            LARGEST[2],
        ),
        pattern=merges_the_first_only,
    ),
    Misconception(
        slug="maximum-of-sums",
        says="You keep the larger sum and drop the other. Both pieces have to count.",
        hints=BOTH_COUNT,
        variants=(
            {"total": torch.maximum},
            {"total": torch.maximum, "weigh": lambda s1, f1, s2, f2: (s1, s2), "base": bare},
        ),
    ),
    Misconception(
        slug="drops-one-piece",
        says="You keep the state of one piece, the one with the larger maximum, and drop the "
        "other. Both pieces have to count.",
        hints=BOTH_COUNT,
        variants=(
            lambda a, b: torch.where(a[0] >= b[0], a, b),
            lambda a, b: torch.where(a[0] > b[0], a, b),
        ),
        pattern=lambda *each: (
            on_ordinary_rows(1, lambda m1, s1, m2, s2: torch.where(m1 >= m2, s1, s2))(*each)
            or on_ordinary_rows(1, of_the_largest)(*each)
        ),
    ),
    Misconception(
        slug="drops-one-piece",
        says="You drop one of the pieces wherever it has the smaller maximum. Both pieces have to "
        "count.",
        hints=BOTH_COUNT,
        variants=(
            {"weigh": lambda s1, f1, s2, f2: (s1 * f1, s2 * (f2 == 1))},
            {"weigh": lambda s1, f1, s2, f2: (s1 * (f1 == 1), s2 * f2)},
        ),
    ),
    Misconception(
        slug="drops-one-piece",
        says="You return the state of one piece and don't use the other. Both pieces have to "
        "count.",
        hints=BOTH_COUNT,
        variants=(lambda a, b: a, lambda a, b: b),
    ),
    Misconception(
        slug="multiplies-sums",
        says="You multiply the sums of the two pieces. To get the sum of both together, add them.",
        hints=BOTH_COUNT,
        variants=(
            {"total": torch.mul},
            {"total": torch.mul, "weigh": lambda s1, f1, s2, f2: (s1, s2), "base": bare},
        ),
        pattern=lambda *each: (
            on_ordinary_rows(1, lambda m1, s1, m2, s2: s1 * s2)(*each)
            or on_ordinary_rows(1, lambda *s: both_rescaled(*s)[1] * both_rescaled(*s)[2])(*each)
        ),
    ),
    Misconception(
        slug="subtracts-sums",
        says="You subtract one sum from the other. Both pieces have to count.",
        hints=BOTH_COUNT,
        variants=({"total": torch.sub}, {"total": lambda a, b: b - a}),
    ),
    Misconception(
        slug="averages",
        says="You average the sums, with equal or other weights. To get the sum of both pieces "
        "together, add them.",
        hints=BOTH_COUNT,
        variants=(
            {"total": mean},
            {"total": mean, "weigh": lambda s1, f1, s2, f2: (s1, s2), "base": bare},
            {"weigh": by_share},
            {"weigh": weighted_mean},
        ),
        pattern=lambda *each: (
            on_ordinary_rows(1, lambda m1, s1, m2, s2: (s1 + s2) / 2)(*each)
            or on_ordinary_rows(1, lambda *s: (both_rescaled(*s)[1] * both_rescaled(*s)[2]).sqrt())(
                *each
            )
            or on_ordinary_rows(1, lambda m1, s1, m2, s2: torch.lerp(s2, s1, (m1 - m2).sigmoid()))(
                *each
            )
            or on_ordinary_rows(1, lambda *s: (both_rescaled(*s)[1] + both_rescaled(*s)[2]) / 2)(
                *each
            )
        ),
    ),
    Misconception(
        slug="averages",
        says="You average the maxima. The maximum of both pieces together is the larger of the "
        "two.",
        hints=LARGEST,
        variants=({"largest": mean}, {"keep": bare, "largest": mean, "base": bare}),
        pattern=on_ordinary_rows(0, lambda m1, s1, m2, s2: (m1 + m2) / 2),
    ),
    Misconception(
        slug="adds-maxima",
        says="You add the maxima. The maximum of both pieces together is the larger of the two.",
        hints=LARGEST,
        variants=(
            {"largest": torch.add},
            torch.add,
            lambda a, b: torch.stack([a[0] + b[0], RIGHT(a, b)[1]]),
        ),
        pattern=on_ordinary_rows(0, lambda m1, s1, m2, s2: m1 + m2),
    ),
    Misconception(
        slug="keeps-one-maximum",
        says="You always bring both sums to the same piece's maximum, whichever is larger, so a "
        "factor can overflow.",
        hints=(
            "Merge a state with one whose maximum is 1000 larger, in both orders.",
            *LARGEST[1:],
        ),
        variants=({"largest": lambda a, b: a}, {"largest": lambda a, b: b}),
        pattern=lambda *each: (
            on_ordinary_rows(0, lambda m1, s1, m2, s2: m1)(*each)
            or on_ordinary_rows(0, lambda m1, s1, m2, s2: m2)(*each)
        ),
    ),
    Misconception(
        slug="keeps-one-maximum",
        says="You keep the smaller of the two maxima, so a factor can overflow.",
        hints=(
            "Merge a state with one whose maximum is 1000 larger.",
            *LARGEST[1:],
        ),
        variants=({"largest": torch.minimum},),
        pattern=on_ordinary_rows(0, lambda m1, s1, m2, s2: torch.minimum(m1, m2)),
    ),
    Misconception(
        slug="max-with-zero",
        says="Where the maximum is negative, you use 0 or a positive number instead, so the sums "
        "of very negative rows underflow.",
        hints=(
            "Merge two states whose maxima are -3 and -4.",
            "Such a row has no 0 in it. Where does your code get one?",
            LARGEST[2],
        ),
        variants=(
            {"largest": lambda a, b: torch.maximum(a, b).clamp(min=0)},
            {"base": lambda m: m.clamp(min=0)},
            {"largest": lambda a, b: torch.maximum(a.abs(), b.abs())},
        ),
    ),
    Misconception(
        slug="sum-misses-its-maximum",
        says="You return the larger maximum, but your sum always belongs to the same piece's "
        "maximum, whichever is larger.",
        hints=(
            "Merge the same two states in the other order. Is the sum the same?",
            "A state is a maximum and a sum of exp(x - that maximum).",
            FACTORS[2],
        ),
        pattern=lambda *each: (
            on_ordinary_rows(1, lambda m1, s1, m2, s2: s1 + s2 * (m2 - m1).exp())(*each)
            or on_ordinary_rows(1, lambda m1, s1, m2, s2: s2 + s1 * (m1 - m2).exp())(*each)
        ),
    ),
    Misconception(
        slug="empty-piece-wins",
        says="If one of the two pieces is empty, you return an empty one. It should change "
        "nothing: return the other piece.",
        hints=(
            "Merge [5, 1.5] with [-inf, 0]. What should you get?",
            "Which of the two states does your code return if one of them is empty?",
            "Swap them: return `b` where `a` is empty, and `a` where `b` is.",
        ),
        pattern=empty_wins,
    ),
    Misconception(
        slug="logaddexp-of-maxima",
        says="Your maximum is the log of a sum of exps, which is above the larger maximum.",
        hints=LARGEST,
        variants=(
            {"largest": torch.logaddexp},
            lambda a, b: torch.stack([torch.logaddexp(a[0], b[0]), RIGHT(a, b)[1]]),
        ),
        pattern=on_ordinary_rows(0, lambda m1, s1, m2, s2: torch.logaddexp(m1, m2)),
    ),
    Misconception(
        slug="one-maximum-for-all-rows",
        says="You use one maximum for all rows. Each row needs its own state.",
        hints=(
            "What happens to a row whose logits are 1000 below the others?",
            "Which function compares two tensors entry by entry, and which finds a single largest "
            "number?",
            LARGEST[2],
        ),
        variants=(
            {"largest": lambda a, b: torch.maximum(a.max(), b.max()).expand_as(a)},
            {"base": of_all_rows(torch.max)},
            {
                "largest": lambda a, b: torch.maximum(a.max(), b.max()).expand_as(a),
                "base": bare,
            },
        ),
        pattern=lambda probes, outcomes, failed: all(
            o.value is not None
            and o.value.shape == p.logits.shape
            and bool((o.value[0] == torch.maximum(p.logits[0].max(), p.others[0][0].max())).all())
            for p, o in zip(probes, outcomes, strict=True)
        ),
    ),
    Misconception(
        slug="one-sum-for-all-rows",
        says="You add up the sums of different rows. Each row needs its own state.",
        hints=(
            "Which dim do you add up over? Which dim holds the rows?",
            "Merging adds one number from `a` and one from `b`, for each row.",
            "Add with `+`, not with `sum()`.",
        ),
        variants=(
            {"finish": lambda total, m: total.sum().expand_as(total)},
            {"finish": lambda total, m: total.cumsum(0)},
            {"total": lambda a, b: a.sum() + b},
            {"total": lambda a, b: (a.sum() + b.sum()).expand_as(a)},
        ),
    ),
    Misconception(
        slug="leaves-the-exponent",
        says="You compute exp(maximum), which overflows. You keep the maximum separate to avoid "
        "exactly that.",
        hints=(
            "Does exp(1000) have to appear anywhere?",
            "exp(a) / exp(b) is exp(a - b), and the difference can be small even if both are "
            "large.",
            "exp(old maximum - new maximum) is never above 1.",
        ),
        variants=(
            {"factor": lambda old, new: old.exp() / new.exp()},
            {"factor": lambda old, new: old.exp() * (-new).exp()},
            {
                "factor": lambda old, new: old.exp(),
                "finish": lambda total, m: total / m.exp(),
            },
            {
                "factor": lambda old, new: old.exp(),
                "finish": lambda total, m: total * (-m).exp(),
            },
            {
                "factor": lambda old, new: old.exp(),
                "finish": lambda total, m: zero_if_empty(total / m.exp(), m),
            },
        ),
    ),
    Misconception(
        slug="leaves-the-exponent",
        says="You sum exp(x). You should sum exp(x - maximum) and return the maximum next to it.",
        hints=(
            "What does the state of one piece add up, exp(x) or exp(x - maximum)?",
            "sum * exp(maximum) is the sum of exp(x), which overflows at 89.",
            FACTORS[2],
        ),
        variants=(
            {"factor": lambda old, new: old.exp()},
            {"factor": lambda old, new: old.exp(), "base": bare},
        ),
        pattern=on_ordinary_rows(1, sum_of_exps),
    ),
    Misconception(
        slug="returns-logsumexp",
        says="Your second row is the logsumexp, maximum + log(sum). It should be the sum itself.",
        hints=(
            "Merge a state with an empty one. What should you get?",
            "A state is a maximum and a sum, and so is a merged state.",
            "Return exp(logsumexp - maximum), or add the rescaled sums without taking a log.",
        ),
        variants=(
            {"finish": lambda total, m: m + total.log()},
            {"finish": lambda total, m: zero_if_empty(m + total.log(), m)},
            {"finish": lambda total, m: (m + total.log()).nan_to_num(nan=0.0)},
        ),
        pattern=on_ordinary_rows(1, logsumexp_of_both),
    ),
    Misconception(
        slug="returns-log",
        says="Your second row is the log of the sum. It should be the sum itself.",
        hints=(
            "Merge a state with an empty one. What should you get?",
            "A state is a maximum and a sum, and so is a merged state.",
            "Leave the `log` out.",
        ),
        variants=(
            {"finish": lambda total, m: total.log()},
            {"finish": lambda total, m: torch.log2(total)},
            {"finish": lambda total, m: (total + 1e-9).log()},
            {"finish": lambda total, m: total.log1p()},
        ),
        pattern=on_ordinary_rows(1, log_of_the_sum),
    ),
    Misconception(
        slug="guard-asks-all-rows",
        says="You only guard against empty pieces if all rows are empty. One row may be empty when "
        "others aren't.",
        hints=(
            "Merge states of two rows, one of which is empty in both pieces.",
            "An `if` makes one decision for all rows. `masked_fill` and `where` decide for each "
            "row.",
            GUARD[2],
        ),
        variants=({"base": guarded_if_all_are_empty},),
    ),
    Misconception(
        slug="one-row-decides-for-all",
        says="As soon as one row has an empty piece, other rows are wrong, too.",
        hints=(
            "Merge states of two rows, one of which is empty. What happens to the other?",
            "An `if` makes one decision for all rows. `masked_fill` and `where` decide for each "
            "row.",
            GUARD[2],
        ),
        variants=({"base": unshifted_if_any_is_empty},),
        pattern=one_row_decides,
    ),
    Misconception(
        slug="finite-sentinel",
        says="You use a finite number instead of a maximum of -inf. Real maxima can be below it, "
        "and then the sum becomes 0.",
        hints=(
            "Merge two states whose maxima are far below 0, such as -20000.",
            "Which value says that a piece is empty and can't be a real maximum?",
            GUARD[2],
        ),
        variants=tuple({"base": never_below(low)} for low in (-1e4, -1e9, -1e30, -1e5, -1e3)),
    ),
    Misconception(
        slug="clamping",
        says="Your factors never go below some number. For a piece far below the maximum, the "
        "factor should be 0.",
        hints=(
            "Merge two states whose maxima are 1000 apart. What's the factor of the lower one?",
            "exp never overflows for negative numbers, so you don't need to cut anything off.",
            "Leave the `clamp` out.",
        ),
        fit=fit_gap,
    ),
    Misconception(
        slug="adds-to-the-sum",
        says="You add a number to the sum, so it isn't 0 for two empty pieces.",
        hints=(
            "Merge two empty pieces. What should the sum be?",
            "You don't divide by the sum, so it may be 0.",
            "Leave the number out.",
        ),
        fit=fit_added,
    ),
    Misconception(
        slug="nan-empty-state",
        says="You return nan for two empty states, [-inf, 0] and [-inf, 0], because -inf minus "
        "-inf is nan.",
        hints=GUARD,
        variants=({"base": bare},),
        symptom=of_two_empty(lambda state: state[1].isnan()),
    ),
    Misconception(
        slug="replaces-minus-inf",
        says="The maximum of two empty pieces is -inf, but you return a finite number: a `clamp`, "
        "a `where` or `nan_to_num` replaces -inf along the way.",
        hints=(
            "Merge two empty pieces. What's in your first row?",
            "Only the number you subtract has to be finite. The one you return is the maximum "
            "itself.",
            "Keep two names: `largest` to return, and `base`, which is `largest` without -inf, "
            "to subtract.",
        ),
        variants=(
            {"keep": guarded},
            {"keep": lambda m: m.nan_to_num()},
            {"keep": lambda m: m.clamp(min=-1e9)},
        ),
        symptom=of_two_empty(lambda state: state[0].isfinite()),
    ),
    Misconception(
        slug="empty-sum-not-zero",
        says="Two empty pieces make an empty one, with a sum of 0. Your sum isn't 0.",
        hints=(
            "Merge two empty pieces. What's in your second row?",
            "What's the sum of no entries at all?",
            "Make the factor or the sum 0 where the maximum is -inf.",
        ),
        symptom=of_two_empty(lambda state: state[1].isfinite() & (state[1] != 0)),
    ),
)
