"""What goes wrong in masked softmax."""

from dataclasses import replace

import torch

from softmax_lessons.checker.exercise import INF
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.lessons.masked_softmax_facts import (
    along_another_dim,
    are_even,
    are_one_hot,
    are_unmasked,
    divides_by_something_else,
    drops_some,
    empty_row_spoils_others,
    finite_stand_in,
    fit_amount,
    fit_amount_everywhere,
    fit_below_the_smallest,
    fit_clamp,
    fit_eps,
    fit_fill,
    fit_fill_everywhere,
    fit_scale,
    hidden_exps_overflow,
    hidden_get_a_little,
    holds_one_number_where_hidden,
    leaves_scores,
    masked_too_late,
    moves_results,
    one_maximum_for_all,
    one_question_for_all,
    only_empty_rows_are,
    only_the_gradient_is_nan,
    overflows_where_scores_are_far_apart,
    shares_evenly,
    shares_with_hidden,
    stays_in_float32,
    takes_raw_exp,
    zero_where_any_is_hidden,
)
from softmax_lessons.lessons.masked_softmax_steps import (
    EPS,
    LOGS_OF_TINY,
    LOWEST,
    STAND_INS,
    added_log,
    as_it_is,
    causal,
    counted,
    evenly,
    guarded_max,
    hidden_by,
    hidden_by_lowest,
    lower_than,
    lowered_by,
    lowered_by_lowest,
    masked_again,
    of_all_queries,
    of_any_query,
    of_the_first_query,
    of_the_first_row,
    of_the_last_row,
    shared_again,
    smallest,
    smallest_of_row,
    softmax_again,
    spread,
    times_mask,
    transposed,
    zeroed,
    zeroed_hidden,
    zeroed_if_all_hidden,
    zeroed_if_any_empty,
)
from softmax_lessons.lessons.misconceptions import TRACES, named
from softmax_lessons.lessons.no_result import raises
from softmax_lessons.lessons.recipe import always, everything, nothing
from softmax_lessons.lessons.steps import exp_plus, sum_plus

OPEN_ROW = (
    "What does the exercise say about rows that keep nothing?",
    "Softmax has no answer for such a row. How can you find it? `mask.any(dim=-1, keepdim=True)` "
    "is False for it.",
    "Set those rows to 0 after the softmax: "
    "`probs.masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)`.",
)
USE_INF = (
    "Try scores far below 0, such as -20000, with one key hidden. Which key gets the weight?",
    "Which value is below every score, however low, and has an exp of exactly 0?",
    'Fill with it: `scores.masked_fill(~mask, float("-inf"))`.',
)

TOO_LOW_FOR_THE_DTYPE = Misconception(
    slug="fp16-overflowing-sentinel",
    says="You use a large negative number instead of -inf, and it doesn't fit into the scores' "
    "dtype. float16 only goes down to -65504.",
    hints=(
        "Look at the number you fill with. Does it exist in every floating-point dtype?",
        "Which value exists in every floating-point dtype and has an exp of exactly 0?",
        'Fill with `float("-inf")`.',
    ),
    error="(?i)cannot be converted to type .* without overflow",
)

MASKS = (
    TOO_LOW_FOR_THE_DTYPE,
    Misconception(
        slug="counts-with-a-boolean-mask",
        says="You calculate with a mask of True and False. `-mask` and `1 - mask` raise errors; "
        "`~mask` is the inverted mask.",
        hints=(
            "What is the dtype of the mask?",
            "Which operator swaps True and False?",
            "Write `~mask`, or turn it into numbers first: `mask.to(scores.dtype)`.",
        ),
        error=r"operator, (with|on) a bool tensor|with two bool tensors",
        causes=("int-dtype",),
    ),
    Misconception(
        slug="mask-is-not-boolean",
        says="You turn the mask into numbers and then use it where you need True and False.",
        hints=(
            "Print the dtype of the mask on the line that the error names.",
            "`~`, `masked_fill`, `where` and indexing need a boolean mask.",
            "Use the mask unchanged, without `.float()` or `1 - ...`.",
        ),
        error=r"only supports boolean masks|expected condition to be a boolean"
        r"|only implemented on integer and Boolean|tensors used as indices must be",
    ),
    Misconception(
        slug="mask-transposed",
        says="You transpose the mask. Its rows are the queries and its columns the keys, as in "
        "the scores.",
        hints=(
            "Try the mask [[True, False], [True, True]]. Which keys does your first row keep?",
            "The keys are the last dim of both the mask and the scores.",
            "Leave the transpose out.",
        ),
        variants=({"keep": transposed},),
    ),
    Misconception(
        slug="mask-as-index",
        says="You index with the mask. An index must have the shape of the scores: it doesn't "
        "broadcast, and the exercise's mask may have to.",
        hints=(
            "Compare the shapes of the mask and of the scores in this message.",
            "Operators, `masked_fill` and `where` broadcast; square brackets don't.",
            "Give the mask the shape of the scores first: `mask.expand_as(scores)`.",
        ),
        symptom=raises(r"does not match the shape of the indexed tensor"),
        causes=("index-out-of-range",),
    ),
    Misconception(
        slug="mask-does-not-broadcast",
        says="You reshape the mask to a shape with more entries than it has. It may be smaller "
        "than the scores, because it broadcasts.",
        hints=(
            "Compare the shapes of the mask and of the scores in this message.",
            "A mask of shape (3, 4) fits scores of shape (2, 3, 4) without any change.",
            "Leave the reshaping out, or write `mask.expand_as(scores)`.",
        ),
        symptom=raises(r"is invalid for input of size"),
        causes=("reshape-does-not-fit",),
    ),
    Misconception(
        slug="polarity-inverted",
        says="Your mask is inverted: you hide the keys to keep, and keep the keys to hide.",
        hints=(
            "Read the exercise again: what does True mean here?",
            "`masked_fill` fills where its mask is True. Which entries should be filled?",
            'Invert the mask: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
        variants=(
            {"keep": lambda keep: ~keep},
            {"hide": lambda x, keep: x.masked_fill(keep, -INF)},
        ),
    ),
    Misconception(
        slug="ignores-mask",
        says="Your result doesn't depend on the mask, except in rows that keep nothing.",
        hints=(
            "Hide one key. Does its probability become 0?",
            "`masked_fill` returns a new tensor. Where does your code use it?",
            "Give the result a name, `hidden = scores.masked_fill(...)`, and use that name.",
        ),
        variants=(
            {"hide": as_it_is, "finish": zeroed},
            {"hide": as_it_is, "finish": as_it_is},
        ),
    ),
    Misconception(
        slug="zeroed-logits",
        says="You set hidden scores to 0, or to a number close to 0 such as 1e-9. But exp(0) is 1, "
        "so hidden keys still count in the sum.",
        hints=(
            "Print the scores right before the softmax. What are the hidden ones?",
            "Which score has an exp of 0?",
            'Fill with -inf: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
        variants=(
            {"hide": times_mask},
            {"hide": times_mask, "finish": as_it_is},
            {"hide": times_mask, "finish": zeroed_hidden},
        ),
    ),
    Misconception(
        slug="adds-mask",
        says="You add the mask to the scores as 0s and 1s. That puts a kept key 1 ahead of a "
        "hidden one, but hides nothing.",
        hints=(
            "Print the scores right before the softmax. What has the mask done to them?",
            "What must you add to a score to make its exp 0?",
            'Don\'t add the mask; fill: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
        variants=(
            {"hide": lambda x, keep: x + keep},
            {"hide": lambda x, keep: x + keep, "finish": as_it_is},
            {"hide": lambda x, keep: x + keep, "finish": zeroed_hidden},
        ),
    ),
    Misconception(
        slug="zeroes-whole-rows",
        says="If a row hides any key, you return all 0 for it. Only hidden keys should get 0; the "
        "kept ones should share 1.",
        hints=(
            "Print a row with one hidden key before and after each step. Which step makes it 0?",
            "`mask.all(dim=-1)` is False as soon as one key is hidden, `mask.any(dim=-1)` only if "
            "all are. Also, a very large hidden score takes all the weight.",
            "Fill with -inf, and set to 0 only the rows for which `mask.any(dim=-1, "
            "keepdim=True)` is False.",
        ),
        pattern=zero_where_any_is_hidden,
        variants=({"finish": lambda p, k: p.masked_fill(~k.all(-1, keepdim=True), 0)},),
        alone=True,
    ),
    Misconception(
        slug="positive-sentinel",
        says="You fill hidden scores with inf, or with a large positive number, so hidden keys "
        "win, or the row becomes nan.",
        hints=(
            "Print the scores right before the softmax. What are the hidden ones?",
            "Which keys then have the largest exp?",
            'Put a minus sign before it: `float("-inf")`.',
        ),
        variants=tuple(
            {"hide": hide, **finish}
            for hide in (hidden_by(INF), hidden_by(1e9), lowered_by(1e9), lowered_by(1e4))
            for finish in ({}, {"finish": as_it_is})
        ),
    ),
    Misconception(
        slug="zero-times-inf",
        says="For the keys to keep, you multiply -inf by 0, which is nan.",
        hints=(
            "Print what you add to the scores. What is it for a kept key?",
            "0 * inf is nan, so a product can't turn a mask of numbers into 0 and -inf.",
            'Fill instead: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
        variants=(
            {"hide": lambda x, keep: x + (~keep).to(x.dtype) * -INF},
            {"hide": lambda x, keep: x + (~keep).to(x.dtype) * -INF, "finish": as_it_is},
            {"hide": lambda x, keep: x * keep + (~keep).to(x.dtype) * -INF},
        ),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="Your softmax runs along the queries, or over everything. It should make the keys of "
        "each query compete.",
        hints=(
            "Print the sums of your result along each dim. Which of them are 1?",
            "Which dim holds the keys?",
            "Take the softmax along the last dim: `dim=-1`.",
        ),
        variants=(
            *({"max_dim": d, "sum_dim": d} for d in (always(-2), always(0), always(1))),
            {"max_dim": everything, "sum_dim": everything},
            {"sum_dim": everything},
            {"sum_dim": always(0)},
            {"sum_dim": always(-2)},
        ),
        pattern=along_another_dim,
    ),
    replace(
        named(
            "missing-keepdim",
            *(
                {**dict.fromkeys(steps, False), **finish}
                for steps in (("max_keepdim",), ("sum_keepdim",), ("max_keepdim", "sum_keepdim"))
                for finish in ({}, {"finish": as_it_is})
            ),
        ),
        alone=True,
    ),
    Misconception(
        slug="counts-not-places",
        says="You count how many keys the mask keeps, and keep that many from the left. But the "
        "mask may keep any of them.",
        hints=(
            "Try a mask with a hidden key in the middle. Which keys do you keep?",
            "A sum of the mask forgets which entries were True.",
            'Use the mask itself: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
        variants=({"keep": counted},),
    ),
    Misconception(
        slug="one-mask-for-all-rows",
        says="You hide the same keys in every row. But each row of the mask says which keys to "
        "hide in it.",
        hints=(
            "Try a mask whose rows differ. Which keys does your second row keep?",
            "The mask broadcasts against the scores without any change.",
            'Use all of it: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
        variants=tuple(
            {"keep": keep}
            for keep in (
                *(of_the_first_row, of_the_last_row, of_the_first_query),
                *(of_any_query, of_all_queries),
            )
        ),
    ),
    Misconception(
        slug="adds-causal-mask",
        says="You hide more keys than the mask does: those after the query's own position.",
        hints=(
            "Which keys does your first query see? Which does the mask let it see?",
            "A causal mask is one of many kinds; here, the caller decides what to hide.",
            "Leave out the `tril` or `triu`.",
        ),
        variants=({"keep": causal},),
    ),
    Misconception(
        slug="asks-the-whole-mask",
        says="You ask whether the whole mask keeps anything. Ask about each row separately: one "
        "may be empty when others aren't.",
        hints=(
            "Try a mask of two rows, one of which keeps nothing.",
            "`mask.any()` gives one answer for all rows. Which argument gives one per row?",
            "Use `mask.any(dim=-1, keepdim=True)`, and `masked_fill` instead of an `if`.",
        ),
        variants=({"finish": zeroed_if_all_hidden},),
        pattern=one_question_for_all,
    ),
    Misconception(
        slug="empty-row-decides-for-all",
        says="As soon as one row keeps nothing, rows that do keep something are wrong, too.",
        hints=(
            "Try a mask of two rows, one of which keeps nothing. What happens to the other?",
            "An `if` makes one decision for all rows. `masked_fill` and `where` decide for each "
            "row.",
            "Write `probs.masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)`.",
        ),
        variants=({"finish": zeroed_if_any_empty},),
        pattern=empty_row_spoils_others,
    ),
    Misconception(
        slug="uniform-empty-row",
        says="When all keys of a row are hidden, you give them all the same weight, so the query "
        "attends to keys it mustn't see.",
        hints=OPEN_ROW,
        variants=({"finish": evenly},),
        symptom=only_empty_rows_are(are_even),
    ),
    Misconception(
        slug="unmasked-empty-row",
        says="When all keys of a row are hidden, you return the softmax of its scores as if "
        "nothing were hidden.",
        hints=OPEN_ROW,
        symptom=only_empty_rows_are(are_unmasked),
    ),
    Misconception(
        slug="opens-empty-row",
        says="When all keys of a row are hidden, you give 1 to one of them, so the query attends "
        "to a key it mustn't see.",
        hints=OPEN_ROW,
        symptom=only_empty_rows_are(are_one_hot),
    ),
    Misconception(
        slug="nan-empty-row",
        says="When all keys of a row are hidden, the row is nan.",
        hints=OPEN_ROW,
        variants=({"finish": as_it_is},),
        symptom=only_empty_rows_are(lambda x, value: value.isnan()),
    ),
    Misconception(
        slug="fills-the-result",
        says="You fill the hidden keys in the result, after the softmax, so they hold your fill "
        "value. They should hold 0.",
        hints=(
            "Print your result. What do hidden keys get?",
            "-inf is for scores: the softmax turns it into 0.",
            'Fill before the softmax: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
        pattern=holds_one_number_where_hidden,
    ),
    Misconception(
        slug="hidden-exp-overflows",
        says="You also take exp of the hidden scores. If one is far above the kept ones, its exp "
        "is inf, and inf * 0 is nan.",
        hints=(
            "Try the scores 1, 2 and 300 with the last one hidden. Print the exps.",
            "Multiplying by 0 hides every number except inf.",
            'Fill first, `scores.masked_fill(~mask, float("-inf"))`, then take exp.',
        ),
        variants=(
            {"lift": lambda before, hidden: before, "weigh": times_mask},
            {
                "lift": lambda before, hidden: before,
                "weigh": times_mask,
                "centre": guarded_max,
                "finish": as_it_is,
            },
        ),
        pattern=hidden_exps_overflow,
    ),
    Misconception(
        slug="masked-after-softmax",
        says="You mask too late. Hidden keys have already counted in the maximum or the sum, and "
        "if one has a score far above the rest, the others get nothing.",
        hints=(
            "Try the scores 1, 2 and 300 with the last one hidden.",
            "Which keys should count in the maximum and in the sum?",
            'Fill first, `scores.masked_fill(~mask, float("-inf"))`, then take the softmax.',
        ),
        variants=(
            {"hide": as_it_is, "weigh": times_mask},
            {"hide": as_it_is, "finish": times_mask},
            {"hide": as_it_is, "weigh": times_mask, "finish": as_it_is},
            {"hide": as_it_is, "finish": lambda p, k: zeroed(shared_again(0)(p, k), k)},
            {"hide": as_it_is, "finish": shared_again(0)},
            {"hide": as_it_is, "finish": lambda p, k: shared_again(0)(p, k).nan_to_num()},
            *({"hide": as_it_is, "finish": shared_again(eps)} for eps in (1e-12, *EPS)),
        ),
        pattern=lambda *each: masked_too_late(*each) or shares_with_hidden(*each),
    ),
    Misconception(
        slug="uniform-empty-row",
        says="You use a finite number instead of -inf. When all keys of a row are hidden, they're "
        "all equal and share 1; and where the real scores are lower than that number, the hidden "
        "keys win.",
        hints=USE_INF,
        variants=tuple(
            {"hide": hide, "finish": as_it_is}
            for hide in (hidden_by_lowest, *map(hidden_by, STAND_INS))
        ),
        fit=fit_fill_everywhere,
    ),
    Misconception(
        slug="only-float32-range",
        says="Your result is wrong for float64 scores below -3.4e38, the lowest float32: you fill "
        "with that number, or with a similar one.",
        hints=(
            "Which is lower, -1e300 or the number that you fill with?",
            "Which dtypes does the exercise mention? No finite number is below all of them.",
            'Fill with `float("-inf")`.',
        ),
        variants=({"hide": hidden_by(LOWEST)},),
    ),
    Misconception(
        slug="finite-sentinel",
        says="You use a finite number instead of -inf. Where the real scores are close to it or "
        "below it, hidden keys count in the sum, and the kept ones get too little.",
        hints=USE_INF,
        variants=tuple({"hide": hidden_by(low)} for low in STAND_INS),
        fit=fit_fill,
    ),
    Misconception(
        slug="finite-sentinel",
        says="You lower hidden scores by a finite number instead of -inf. In a row that keeps "
        "nothing, you lower all keys by the same amount, so they share 1.",
        hints=USE_INF,
        variants=tuple(
            {"hide": hide, "finish": as_it_is}
            for hide in (*map(lowered_by, STAND_INS), lowered_by_lowest, *LOGS_OF_TINY)
        ),
        fit=fit_amount_everywhere,
    ),
    Misconception(
        slug="finite-sentinel",
        says="You lower hidden scores by a finite number instead of -inf. A hidden score that's "
        "higher than the others by about that number or more still counts in the sum.",
        hints=USE_INF,
        variants=tuple(
            {"hide": hide}
            for hide in (*map(lowered_by, STAND_INS), lowered_by_lowest, *LOGS_OF_TINY)
        ),
        fit=fit_amount,
    ),
    Misconception(
        slug="relative-sentinel",
        says="You fill hidden scores with the smallest score, or with one a little below it. "
        "That's a score like any other, so hidden keys count in the sum.",
        hints=(
            "Print the exp of your fill value next to the exps of the other scores.",
            "Being the smallest isn't enough. Which score has an exp of 0?",
            USE_INF[2],
        ),
        variants=tuple(
            {"hide": lower_than(lowest, amount), **finish}
            for lowest in (smallest, smallest_of_row, lambda x: smallest(x.detach()))
            for amount in (0.0, -1.0, -10.0, -100.0)
            for finish in ({}, {"finish": as_it_is})
        ),
        fit=fit_below_the_smallest,
    ),
    Misconception(
        slug="relative-sentinel",
        says="You fill hidden scores with the mean of the scores. That's a score like any other, "
        "so hidden keys count in the sum.",
        hints=(
            "Print the exp of your fill value next to the exps of the other scores.",
            "Which score has an exp of 0?",
            USE_INF[2],
        ),
        variants=tuple(
            {"hide": lower_than(mean, 0.0), **finish}
            for mean in (torch.mean, lambda x: x.mean(-1, keepdim=True))
            for finish in ({}, {"finish": as_it_is})
        ),
    ),
    Misconception(
        slug="finite-sentinel",
        says="You use something finite instead of -inf. Where the kept scores are below it, they "
        "get too little.",
        hints=USE_INF,
        pattern=finite_stand_in,
    ),
    replace(
        named("global-max"),
        says="You subtract the whole tensor's maximum from every row. A row far below "
        "it ends up as 0 / 0.",
        hints=(
            "Try two rows, one 1000 above the other.",
            "Each row needs its own maximum. Which argument of `amax` keeps the rows apart?",
            "Write `amax(dim=-1, keepdim=True)`.",
        ),
        variants=(
            {"centre": lambda x, dim, keepdim: guarded_max(x, tuple(range(x.dim())), True)},
            {
                "hide": as_it_is,
                "weigh": times_mask,
                "centre": lambda x, dim, keepdim: x.amax(),
            },
        ),
        pattern=one_maximum_for_all,
    ),
    replace(
        named("other-than-the-maximum"),
        says="You don't subtract the largest kept score. Where a kept score is far above the "
        "number you subtract, exp overflows to inf.",
        hints=(
            "Try the scores 0 and 100, both kept. What do you subtract, and what's the exp?",
            "If you subtract the largest score, the largest exp is 1.",
            "Subtract the largest kept score of each row before exp.",
        ),
        variants=(),
        pattern=overflows_where_scores_are_far_apart,
    ),
    replace(
        named("no-max-subtraction"),
        says="You take exp of the raw scores. Large ones overflow to inf, very negative ones "
        "underflow to 0, and later steps turn that into nan, inf or 0.",
        hints=(
            "Try the scores 1000 and 1001. What is their exp?",
            "Softmax stays the same if you subtract the same number from all scores of a row. "
            "Which one makes the largest exp equal to 1?",
            "Subtract the largest kept score of each row before exp.",
        ),
        variants=(
            {"centre": nothing},
            {"centre": nothing, "hide": as_it_is, "weigh": times_mask},
        ),
        pattern=takes_raw_exp,
    ),
    Misconception(
        slug="clamping",
        says="You clamp the scores, so beyond some bound they all count the same.",
        hints=(
            "Try the scores 1000 and 1001. Which of them should get more?",
            "Subtracting the right number from a whole row brings all scores into range and loses "
            "nothing. Which number is that?",
            "Leave out the `clamp`, and subtract the largest kept score of each row.",
        ),
        fit=fit_clamp,
    ),
    Misconception(
        slug="eps-added-to-each",
        says="You add a small number to every entry, or make it the least an entry can be. Hidden "
        "keys should get exactly 0.",
        hints=(
            "Print the result for a hidden key with all digits.",
            "Which divisions need protecting, and does that have to change the results?",
            "Leave out the small number, and set rows that keep nothing to 0 at the end.",
        ),
        variants=(
            *({"power": exp_plus(eps)} for eps in (*EPS[:3], 1e-9, 1e-10, 1e-12)),
            {"finish": lambda p, k: zeroed(p, k) + 1e-9},
            *(
                {"hide": as_it_is, "finish": lambda p, k, eps=eps: spread(p * k + eps)}
                for eps in EPS
            ),
        ),
        pattern=hidden_get_a_little,
    ),
    Misconception(
        slug="eps-in-denominator",
        says="You add a small number to the sum to avoid dividing by 0. Then the kept keys of a "
        "row sum to less than 1.",
        hints=(
            "Print the sum of a row of your result with all digits.",
            "When is the sum 0? Only in rows that keep nothing, if the largest exp is 1.",
            "Divide by the sum alone, and set rows that keep nothing to 0 afterwards.",
        ),
        variants=tuple({"total": sum_plus(eps)} for eps in EPS),
        fit=fit_eps,
    ),
    Misconception(
        slug="dropout-left-on",
        says="Some results are 0 and all the others are too large by the same factor, as after "
        "dropout.",
        hints=(
            "Call your function twice with the same scores. Are the results the same?",
            "Dropout is for training and comes after the softmax; here, you mustn't drop anything.",
            "Leave out `dropout`.",
        ),
        pattern=drops_some,
    ),
    Misconception(
        slug="nan-gradient",
        says="The result is right, but the gradient is nan: replacing nan afterwards doesn't "
        "remove it from the backward pass.",
        hints=(
            "Where does the first nan or inf appear? In backward, 0 * nan is still nan.",
            "`masked_fill` and `where` send back a gradient of exactly 0 for the entries they "
            "replace. Adding -inf lets the nan through.",
            'Hide the scores before anything else: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
        variants=({"hide": added_log}, {"hide": added_log, "finish": zeroed_hidden}),
        symptom=only_the_gradient_is_nan,
    ),
    replace(named("scales-logits"), fit=fit_scale),
    Misconception(
        slug="all-zero",
        says="Your whole result is 0. Only hidden keys should get 0.",
        hints=(
            "Print each step before anything sets nan to 0. Which is the first with a nan?",
            "0 * inf is nan, and a single nan makes the whole row nan.",
            'Fill with `scores.masked_fill(~mask, float("-inf"))`, and set to 0 only the rows '
            "that keep nothing.",
        ),
        pattern=lambda probes, outcomes, failed: all(
            o.value is not None and not o.value.any() for o in outcomes
        ),
    ),
    Misconception(
        slug="ignores-scores",
        says="All kept keys of a row get the same weight: your result doesn't depend on the "
        "scores.",
        hints=(
            "Increase one score. Does its probability go up?",
            "The mask says which keys take part. What says how much each of them gets?",
            "Take the softmax of the filled scores, not of the mask.",
        ),
        pattern=shares_evenly,
    ),
    Misconception(
        slug="scores-left-in-result",
        says="In your result, some hidden keys hold their scores. They should hold 0.",
        hints=(
            "Print your result. Which of its numbers aren't probabilities?",
            "If you overwrite only part of a copy of the scores, the rest stays.",
            "Start from `torch.zeros_like(scores)`, or fill and take the softmax of everything.",
        ),
        pattern=leaves_scores,
    ),
    replace(
        named("right-numbers-wrong-places"),
        says="Each row has the right numbers, but they're in the wrong positions.",
        pattern=moves_results,
    ),
    replace(
        named("takes-absolute-value"),
        says="You take the absolute values of the scores, so very negative ones count as large.",
        variants=({"enter": lambda x, dim: x.abs()},),
    ),
    named("argmax-one-hot", {"power": lambda shifted: (shifted == 0).to(shifted.dtype)}),
    replace(
        named("sigmoid-instead"),
        says="You use the sigmoid instead of exp.",
        variants=tuple(
            {"power": torch.sigmoid, **change, **hide}
            for change in ({"centre": nothing}, {})
            for hide in ({}, {"hide": as_it_is, "weigh": times_mask})
        ),
    ),
    named(
        "softmax-twice",
        {"leave": torch.softmax},
        {"finish": masked_again},
        {"finish": softmax_again},
        {"finish": lambda p, k: softmax_again(zeroed(p, k), k) * k},
        {"hide": as_it_is, "finish": softmax_again},
        {"hide": as_it_is, "finish": lambda p, k: softmax_again(p, k) * k},
    ),
    named("rounds"),
    *map(named, ("returns-log", "sign-error", "exp2-or-pow", "forgets-exp")),
    *map(named, ("returns-exp-unnormalised", "mean-instead-of-sum", "plus-one-in-denominator")),
    Misconception(
        slug="wrong-divisor",
        says="Hidden keys get 0 and the ratios of the kept ones are right, but the kept ones don't "
        "sum to 1: you divide by something other than the sum of the row's kept exps.",
        hints=(
            "Print what you divide by, next to the exps of a row.",
            "What must the kept keys of a row sum to? So what must you divide their exps by?",
            "Divide by `exps.sum(dim=-1, keepdim=True)`, where hidden exps are 0.",
        ),
        pattern=divides_by_something_else,
    ),
)

# this loses the range of float64, too, which isn't a separate mistake
IN_FLOAT32 = replace(
    next(m for m in TRACES if m.slug == "upcasts-and-changes-dtype"),
    symptom=None,
    fit=stays_in_float32,
)
