"""What goes wrong in softmax among the k largest logits."""

from dataclasses import replace

import torch

from softmax_lessons.checker.exercise import INF
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.lessons.misconceptions import named
from softmax_lessons.lessons.recipe import always, everything, nothing
from softmax_lessons.lessons.top_k_facts import (
    are_places,
    fit_below,
    fit_fill,
    has_k_columns,
    is_mask,
    keeps_wrong_ones,
)
from softmax_lessons.lessons.top_k_steps import (
    along_rows,
    along_rows_at_most,
    as_in_row,
    as_it_is,
    at_their_places,
    by_place,
    every_logit,
    from_border,
    hidden_by,
    in_any_row,
    in_order,
    larger_k,
    largest,
    lowered_by,
    times_mask,
    top_k,
    without_nan,
    zeroed,
)

MASK = 'Fill before the softmax: `logits.masked_fill(~keep, float("-inf"))`.'
KEPT = (
    "Print which logits your function keeps, row by row.",
    "`logits.topk(k, dim=-1)` returns the k largest of each row and their positions.",
    "Keep `logits >= top.values[:, -1:]`, and fill the others with -inf.",
)
MISTAKES = (
    Misconception(
        slug="returns-positions",
        says="You return the positions of the largest logits. The exercise asks for their "
        "probabilities.",
        hints=(
            "`topk` returns two things. Which of them do you use?",
            "The result has the shape of the logits and holds probabilities.",
            "Use the positions to `scatter` the probabilities of the values.",
        ),
        symptom=are_places,
        causes=("int-dtype", "returns-wrong-shape", "upcasts-and-changes-dtype"),
    ),
    Misconception(
        slug="ignores-k",
        says="All classes take part in your softmax, whatever k is.",
        hints=(
            "How many entries of a row should be above 0?",
            "`masked_fill`, `scatter` and `where` return a new tensor. Where does yours go?",
            "Put -inf where a logit isn't among the k largest.",
        ),
        variants=({"choose": every_logit},),
    ),
    Misconception(
        slug="forgets-renormalise",
        says="You take the softmax of all logits and drop some afterwards; the rest no longer sum "
        "to 1.",
        hints=(
            "Print the sum of your result.",
            "Cut before the softmax, or divide by the new sum.",
            MASK,
        ),
        variants=(
            {"hide": as_it_is, "finish": zeroed},
            {"hide": as_it_is, "finish": times_mask},
        ),
    ),
    Misconception(
        slug="drops-nothing",
        says="You divide by the sum of the k largest, but keep the other probabilities.",
        hints=(
            "How many entries of a row should be above 0?",
            "What do your results sum to, including the small ones?",
            MASK,
        ),
        variants=(
            {
                "hide": as_it_is,
                "finish": lambda p, keep: p / (p * keep).sum(-1, keepdim=True),
            },
        ),
    ),
    Misconception(
        slug="divides-by-k",
        says="You divide or multiply the probabilities by k. You should divide the k largest by "
        "their own sum, and by nothing else.",
        hints=(
            "Print the sum of your result.",
            "You need the number that the k largest sum to, and that isn't k.",
            MASK,
        ),
        variants=(
            {"hide": as_it_is, "finish": lambda p, keep: p * keep / keep.sum(-1, keepdim=True)},
            {"finish": lambda p, keep: p / keep.sum(-1, keepdim=True)},
            {"finish": lambda p, keep: p * keep.sum(-1, keepdim=True)},
        ),
    ),
    Misconception(
        slug="mask-inverted",
        says="Your mask is inverted: you drop the k largest logits and keep the others.",
        hints=(
            "Which class must you always keep?",
            "`masked_fill` fills where its mask is True; `where` keeps those entries.",
            "Invert the mask with `~`.",
        ),
        variants=({"choose": lambda x, k: ~largest(x, k)},),
    ),
    Misconception(
        slug="keeps-smallest",
        says="You keep the k smallest logits instead of the k largest.",
        hints=(
            "Which class must you always keep?",
            "`sort` and `argsort` start with the smallest, unless `descending=True`.",
            "Use `topk`, which starts with the largest.",
        ),
        variants=({"choose": lambda x, k: largest(-x, k)},),
    ),
    Misconception(
        slug="one-too-many",
        says="You keep one class too many, or one too few.",
        hints=(
            "How many entries of a row are above 0?",
            "Keep the k-th largest itself, but not the next one. And positions are counted from 0.",
            "Keep `logits >= top.values[:, -1:]`.",
        ),
        variants=(
            {"choose": larger_k(1)},
            {"choose": larger_k(-1)},
            {"choose": larger_k(-1), "finish": without_nan},
            {"choose": lambda x, k: largest(x, k + 1)},
            {"choose": lambda x, k: largest(x, max(k - 1, 1))},
        ),
    ),
    Misconception(
        slug="counts-from-the-smallest",
        says="Your cut-off is the k-th smallest logit. It should be the k-th largest.",
        hints=(
            "How many entries of a row are above 0, for k = 1?",
            "`kthvalue(k)`, `sort` and `argsort` count from the smallest.",
            "Use `topk`, which counts from the largest.",
        ),
        variants=(
            {"choose": from_border(lambda x, k: x.kthvalue(k, -1, keepdim=True).values)},
            {"choose": lambda x, k: x > x.kthvalue(k, -1, keepdim=True).values},
            {
                "choose": lambda x, k: x > x.kthvalue(k, -1, keepdim=True).values,
                "finish": without_nan,
            },
            {"choose": lambda x, k: x >= x.sort(-1).values[:, k : k + 1]},
        ),
    ),
    Misconception(
        slug="first-k",
        says="You keep k classes by their position, such as the first or the last k, not the k "
        "most likely.",
        hints=(
            "Does the order of the classes matter to your function?",
            "`topk` returns the largest values and their positions.",
            "Use the `indices` of `topk` to say which to keep.",
        ),
        variants=(
            {"choose": by_place(lambda n, k: 0, lambda n, k: k)},
            {"choose": by_place(lambda n, k: n - k, lambda n, k: n)},
            {"choose": by_place(lambda n, k: k, lambda n, k: n)},
        ),
    ),
    Misconception(
        slug="top-k-of-all",
        says="You look for the k largest logits, or their cut-off, in the whole batch or in just "
        "one of its rows. Each row needs its own.",
        hints=(
            "Can a row end up with no class left, or with more than k?",
            "`topk` works along the last dim and keeps the rows separate.",
            "Keep `logits >= logits.topk(k).values[:, -1:]`: one cut-off per row.",
        ),
        variants=(
            {"choose": from_border(lambda x, k: x.flatten().topk(k).values[-1])},
            {"choose": from_border(lambda x, k: x[0].topk(k).values[-1])},
            {"choose": from_border(lambda x, k: x[-1].topk(k).values[-1])},
            {"choose": from_border(lambda x, k: x.topk(k).values[:, -1].min())},
            {"choose": from_border(lambda x, k: x.topk(k).values[:, -1].max())},
            {"choose": from_border(lambda x, k: x.topk(k).values[:, -1].mean())},
            *(
                {"choose": from_border(border), "finish": without_nan}
                for border in (
                    lambda x, k: x.flatten().topk(k).values[-1],
                    lambda x, k: x[0].topk(k).values[-1],
                    lambda x, k: x[-1].topk(k).values[-1],
                    lambda x, k: x.topk(k).values[:, -1].max(),
                    lambda x, k: x.topk(k).values[:, -1].mean(),
                )
            ),
            lambda logits, k: top_k(logits.flatten(), k).view_as(logits),
        ),
    ),
    Misconception(
        slug="places-of-other-rows",
        says="You use the positions of one row's largest logits in other rows, too.",
        hints=(
            "Print which logits your function keeps, row by row.",
            "`mask[:, indices]` selects these columns in all rows at once.",
            "`mask.scatter(1, indices, True)` uses each row of indices only in its own row.",
        ),
        variants=(
            {"choose": in_any_row},
            {"choose": as_in_row(0)},
            {"choose": as_in_row(-1)},
        ),
    ),
    Misconception(
        slug="top-k-along-batch",
        says="You look for the k largest of each column. The classes of a row compete, not the "
        "rows of the batch.",
        hints=(
            "What are the two dims of `logits`? Which one do you look along?",
            "A column holds the same class of different predictions.",
            "Write `logits.topk(k, dim=-1)`.",
        ),
        variants=(
            {"choose": along_rows_at_most},
            {"choose": along_rows_at_most, "finish": without_nan},
            {"choose": along_rows},
            {"choose": along_rows, "finish": without_nan},
            {
                "choose": lambda x, k: x >= x.topk(min(k, len(x)), 0).values[-1:],
                "max_dim": always(0),
                "sum_dim": always(0),
            },
        ),
    ),
    Misconception(
        slug="takes-absolute-value",
        says="You look for the k logits farthest from 0, so a very negative one counts as a large "
        "one.",
        hints=(
            "Which is larger, -5 or 1?",
            "exp makes any logit positive and keeps the order. Does `abs` keep it?",
            "Leave the `abs` out.",
        ),
        variants=({"choose": lambda x, k: largest(x.abs(), k)},),
    ),
    Misconception(
        slug="zeroed-logits",
        says="You set the other logits to 0, or to a number close to 0. But exp(0) is 1, so they "
        "still take part.",
        hints=("Which logit has an exp of 0?", "Not 0: -inf.", MASK),
        variants=(
            {"hide": times_mask},
            {"hide": times_mask, "finish": zeroed},
        ),
        fit=fit_fill(-1e-3, 1e-3),
    ),
    Misconception(
        slug="positive-sentinel",
        says="You fill with inf or nan instead of -inf. So if you drop anything from a row, the "
        "whole row becomes nan.",
        hints=(
            "Print the logits right before the softmax. Which one is largest?",
            "exp(inf - inf) is nan; exp(-inf) is 0.",
            MASK,
        ),
        variants=({"hide": hidden_by(INF)},),
    ),
    Misconception(
        slug="positive-sentinel",
        says="You fill with a positive number, so the classes to drop get a share, or everything.",
        hints=("What's the exp of your number?", "Only the exp of -inf is 0.", MASK),
        variants=tuple({"hide": hidden_by(high)} for high in (1e9, 1e4, 100.0)),
        fit=fit_fill(1e-3, 1e3),
    ),
    Misconception(
        slug="finite-sentinel",
        says="You use a negative number instead of -inf. Where the real logits are close to it or "
        "below it, the classes to drop get a share.",
        hints=(
            "Is there a number below every logit?",
            '`float("-inf")` is, and its exp is exactly 0.',
            MASK,
        ),
        variants=tuple(
            {"hide": hidden_by(low), **finish}
            for low in (-1e9, -1e4, -1e3, -100.0, -1e5, -1e6, -1e8, -10.0, -50.0, -999.0)
            for finish in ({}, {"finish": zeroed})
        ),
        fit=fit_fill(-150, -1e-3),
    ),
    Misconception(
        slug="finite-sentinel",
        says="Instead of setting the other logits to -inf, you lower them by a number, or set them "
        "to the smallest logit or the cut-off. So they still take part.",
        hints=(
            "How many entries of a row should be above 0?",
            "The exp of a finite number is above 0, however low the number is.",
            MASK,
        ),
        variants=(
            {"hide": lambda x, keep: torch.where(keep, x, x.amin())},
            {
                "hide": lambda x, keep: torch.where(
                    keep, x, x.masked_fill(~keep, INF).amin(-1, keepdim=True)
                )
            },
            {"hide": lambda x, keep: torch.where(keep, x, x.amin(-1, keepdim=True))},
            *({"hide": lowered_by(amount)} for amount in (1e9, 1e4, 1e3, 100.0)),
        ),
        fit=fit_below,
    ),
    Misconception(
        slug="zero-times-inf",
        says="For the logits to keep, you multiply -inf by 0, which is nan.",
        hints=(
            "Print what you add to the logits. What is it for a logit you keep?",
            "0 * inf is nan.",
            MASK,
        ),
        variants=({"hide": lambda x, keep: x + (~keep).to(x.dtype) * -INF},),
        alone=True,
    ),
    Misconception(
        slug="multiplies-by-minus-inf",
        says="You multiply the other logits by -inf. A negative logit times -inf is inf, and 0 "
        "times -inf is nan.",
        hints=(
            "Print the logits right before the softmax, for a negative one.",
            "-inf must replace the logit, whatever its sign.",
            MASK,
        ),
        variants=({"hide": lambda x, keep: torch.where(keep, x, x * -INF)},),
        alone=True,
    ),
    Misconception(
        slug="adds-mask",
        says="You add the mask of 0s and 1s to the logits. That puts the kept ones 1 ahead, but "
        "drops nothing.",
        hints=(
            "Print the logits right before the softmax.",
            "What must you add to a logit to make its exp 0?",
            MASK,
        ),
        variants=(
            {"hide": lambda x, keep: x + keep},
            {"hide": lambda x, keep: x + keep, "finish": zeroed},
        ),
    ),
    Misconception(
        slug="equal-shares",
        says="You give each of the k classes the same share, 1 / k. Among them, larger logits "
        "should get larger probabilities.",
        hints=(
            "Where do the values of the logits enter into your result?",
            "The mask says which classes take part, and softmax says how much each one gets.",
            MASK,
        ),
        variants=(
            {"weigh": lambda exps, keep: keep.to(exps.dtype)},
            {"hide": lambda x, keep: torch.zeros_like(x).masked_fill(~keep, -INF)},
        ),
    ),
    Misconception(
        slug="softmax-of-the-mask",
        says="You take the softmax of the mask of 0s and 1s. You never use the logits, and the "
        "dropped classes still get a share.",
        hints=(
            "Print what you take the softmax of.",
            "The mask says which logits take part. Where do you use the logits themselves?",
            MASK,
        ),
        variants=(
            {"hide": lambda x, keep: keep.to(x.dtype)},
            {"hide": lambda x, keep: keep.to(x.dtype), "finish": zeroed},
        ),
        alone=True,
    ),
    Misconception(
        slug="argmax-one-hot",
        says="You give everything to the largest logit. The k largest should share it.",
        hints=(
            "How many entries of a row should be above 0?",
            "`argmax` finds one position, `topk` finds k.",
            MASK,
        ),
        variants=({"choose": lambda x, k: largest(x, 1)},),
    ),
    Misconception(
        slug="missing-keepdim",
        says="The cut-off of each row, or its sum, has lost its dim, so broadcasting lines it up "
        "with the columns: that's an error if the sizes differ, and silently wrong if they match.",
        hints=(
            "Print the shapes on both sides of your comparison or division.",
            "`values[:, -1]` has one dim; `values[:, -1:]` has two.",
            "Keep the dim: `values[:, -1:]`, and `keepdim=True` in sums.",
        ),
        variants=(
            {"choose": from_border(lambda x, k: x.topk(k).values[:, -1])},
            {
                "choose": from_border(lambda x, k: x.topk(k).values[:, -1]),
                "finish": without_nan,
            },
            {"sum_keepdim": False},
            {"max_keepdim": False},
            {"max_keepdim": False, "sum_keepdim": False},
        ),
    ),
    Misconception(
        slug="returns-mask",
        says="You return 1 or True for each of the k largest, and 0 or False for the others. That "
        "says which ones to keep; the exercise asks for their probabilities.",
        hints=(
            "What does a row of your result sum to?",
            "Where do the logits enter into your result?",
            MASK,
        ),
        variants=(lambda logits, k: largest(logits, k).to(logits.dtype),),
        symptom=is_mask,
        causes=("int-dtype", "upcasts-and-changes-dtype"),
    ),
    Misconception(
        slug="returns-scores",
        says="You return logits without a softmax.",
        hints=(
            "Do your results sum to 1?",
            "The mask is only a step along the way. What turns logits into probabilities?",
            "A softmax is missing at the end.",
        ),
        variants=(
            lambda logits, k: logits.masked_fill(~largest(logits, k), -INF),
            lambda logits, k: logits * largest(logits, k),
            lambda logits, k: logits.masked_fill(~largest(logits, k), 0),
        ),
    ),
    Misconception(
        slug="softmax-twice",
        says="You apply softmax to values that are already probabilities, which flattens them.",
        hints=(
            "How many times do the logits go through exp?",
            "Softmax takes logits, and probabilities aren't logits.",
            "Divide by the new sum instead, or mask the logits and take one softmax.",
        ),
        variants=(
            {"times": 2},
            {
                "hide": as_it_is,
                "finish": lambda p, keep: torch.softmax(p.masked_fill(~keep, -INF), -1),
            },
            {"hide": as_it_is, "finish": lambda p, keep: torch.softmax(p * keep, -1)},
            {"finish": lambda p, keep: torch.softmax(p, -1)},
            {
                "hide": as_it_is,
                "finish": lambda p, keep: zeroed(torch.softmax(p * keep, -1), keep),
            },
            {"finish": lambda p, keep: zeroed(torch.softmax(p, -1), keep)},
        ),
    ),
    Misconception(
        slug="computes-in-16-bits",
        says="You compute in a 16-bit dtype, which keeps three digits or fewer.",
        hints=(
            "How many digits of your result are right?",
            "Look for half, float16 or bfloat16 in your function.",
            "Compute in the dtype of the logits.",
        ),
        variants=tuple(
            lambda logits, k, dtype=dtype: top_k(logits.to(dtype), k)
            for dtype in (torch.float16, torch.bfloat16)
        ),
    ),
    Misconception(
        slug="returns-only-k",
        says="You return k numbers per row, without their positions: the result has k columns, and "
        "nothing says which class is which.",
        hints=(
            "Compare your result's shape with the logits'.",
            "The `indices` of `topk` say where each value was.",
            "`scatter` puts them back, or mask the logits and keep their shape.",
        ),
        symptom=has_k_columns,
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="right-numbers-wrong-places",
        says="You leave the probabilities sorted by their logits. Each belongs in its logit's "
        "position.",
        hints=(
            "Compare your result with the expected one: which number went where?",
            "`topk` and `sort` return values and `indices`, which say where each value was.",
            "Put them back: `torch.zeros_like(logits).scatter(1, indices, probs)`.",
        ),
        variants=(
            {"place": in_order(descending=True)},
            {"place": in_order(descending=False)},
            {"place": lambda probs, logits: probs.flip(-1)},
        ),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="Your softmax, or a division after it, runs over a dim other than the last, which "
        "holds the classes.",
        hints=(
            "Along which dim do your results sum to 1?",
            "The classes of a row compete.",
            "`dim=-1`.",
        ),
        variants=(
            {"max_dim": always(0), "sum_dim": always(0)},
            {"max_dim": always(0), "sum_dim": always(0), "finish": without_nan},
            {"max_dim": everything, "sum_dim": everything},
            {"sum_dim": always(0)},
            {"hide": as_it_is, "finish": lambda p, keep: p * keep / (p * keep).sum(0)},
            lambda logits, k: at_their_places(logits, k, lambda top: torch.softmax(top, 0)),
        ),
    ),
    Misconception(
        slug="global-sum",
        says="You divide by the sum of the whole tensor, so the whole result sums to 1 instead of "
        "each row.",
        hints=(
            "Which entries compete with each other? Which does your sum add up?",
            "Each row of classes has its own sum.",
            "Write `.sum(dim=-1, keepdim=True)`.",
        ),
        variants=(
            {"sum_dim": everything},
            {"hide": as_it_is, "finish": lambda p, keep: p * keep / (p * keep).sum()},
        ),
    ),
    replace(
        named("no-max-subtraction"),
        hints=(
            "Try logits of 1000 and -1000.",
            "Softmax stays the same if you subtract the same number from all logits of a row.",
            "Subtract the maximum of each row, or use `torch.softmax`.",
        ),
        variants=(
            {"centre": nothing},
            {"centre": nothing, "hide": as_it_is, "weigh": times_mask},
            {"centre": nothing, "hide": as_it_is, "weigh": zeroed},
        ),
    ),
    Misconception(
        slug="masked-after-softmax",
        says="You mask after the softmax, and divide by the new sum plus a small number that isn't "
        "in the formula.",
        hints=(
            "What's that number for? The k largest always have probabilities above 0.",
            "The softmax of the masked logits already sums to 1.",
            MASK,
        ),
        variants=tuple(
            {
                "hide": as_it_is,
                "finish": lambda p, keep, eps=eps: (
                    (p * keep) / ((p * keep).sum(-1, keepdim=True) + eps)
                ),
            }
            for eps in (1e-3, 1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12)
        ),
        alone=True,
    ),
    Misconception(
        slug="keeps-other-classes",
        says="Each row of your result is the softmax of some of its logits, or of none, which is "
        "nan, but not always of the k largest.",
        hints=KEPT,
        pattern=keeps_wrong_ones,
    ),
)
