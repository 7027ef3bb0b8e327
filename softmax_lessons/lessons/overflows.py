"""What goes wrong in softmax: the shift, and overflow or underflow without the right one."""

from dataclasses import replace

import torch

from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.facts import nan_for_minus_inf, nan_if_extreme
from softmax_lessons.lessons.in_pairs import few_in_pairs
from softmax_lessons.lessons.recipe import RIGHT, Recipe, everything, nothing
from softmax_lessons.lessons.steps import (
    after,
    constant,
    filled_with,
    first,
    in_double,
    kept_max,
    kept_sum,
    largest_of_all,
    last,
    length,
    less_largest,
    less_largest_exp,
    less_largest_prob,
    median,
    naive_with_log,
    naive_with_normalize,
    one_hot,
    one_hot_if_above,
    over_largest_exp,
    patched_where_nan,
    plain,
    rescaled_the_wrong_way,
    root_of_squares,
    running_max,
    second_largest,
    shift_above_only,
    shift_below_only,
    shift_if_above,
    sum_under_running_maxima,
    through_logsumexp,
)

MAXIMA = frozenset({"max", "amax", "aminmax", "topk", "sort"})
NO_SHIFT: tuple[Variant, ...] = ({"centre": nothing}, naive_with_log, naive_with_normalize)
# where exp overflows or underflows, and round numbers on both sides
BOUNDS = (1, 10, 50, 80, 88, 100, 500, 700, 1000)


# mistakes that float64 doesn't hide behind another one
SEEN_IN_DOUBLE = ("global-max", "mean-subtraction", "min-subtraction", "max-with-zero")


def also_in_double(m: Misconception) -> Misconception:
    """Return a misconception about the shift, with its effects in float64 added."""
    if m.slug not in SEEN_IN_DOUBLE:
        return m
    own = (in_double(replace(RIGHT, **v)) for v in m.variants if not callable(v))
    return replace(m, variants=(*m.variants, *own))


# A shift that changes the result.
SHIFT = (
    Misconception(
        slug="shift-on-one-side",
        says="You subtract the maximum in the numerator or in the denominator but not in both, so "
        "it doesn't cancel.",
        hints=(
            "Write out the numerator and the denominator. Do they use the same numbers?",
            "The numerator and the denominator need the same exponentials.",
            "Compute `exps = (x - m).exp()` once, and use `exps` in both places.",
        ),
        variants=(
            shift_above_only(kept_max),
            shift_below_only(kept_max),
            shift_above_only(largest_of_all),
            shift_below_only(largest_of_all),
        ),
    ),
    Misconception(
        slug="shift-after-exp",
        says="You only use the maximum after exp. That's too late: exp has already overflowed, and "
        "subtracting now changes the ratios.",
        hints=(
            "Which comes first in your code, exp or the maximum?",
            "Print exp(1000). Can any later step recover the number?",
            "Subtract the maximum from the logits, then take exp.",
        ),
        variants=(
            less_largest_exp,
            less_largest,
            over_largest_exp,
            less_largest_prob,
            lambda x, dim: RIGHT(x, dim) - kept_max(x, dim),
            lambda x, dim: (x.exp() - kept_max(x, dim)) / kept_sum(x.exp(), dim),
            lambda x, dim: (
                (x.exp() - kept_max(x, dim)) / kept_sum((x - kept_max(x, dim)).exp(), dim)
            ),
        ),
    ),
)

# No shift, or one that doesn't keep exp from overflowing; with ordinary logits, this isn't a
# mistake.
OVERFLOW = few_in_pairs(
    Misconception(
        slug="shift-computed-unused",
        says="You compute the maximum but still take exp of the raw logits, so exp overflows "
        "anyway.",
        hints=(
            "Follow the name that holds the shifted logits: where do you use it?",
            "Computing the maximum isn't enough; take the exps of the shifted logits.",
            "Call exp on x minus the maximum, not on x.",
        ),
        variants=NO_SHIFT,
        calls=MAXIMA,
        alone=True,
    ),
    Misconception(
        slug="no-max-subtraction",
        says="You take exp of the raw logits. Large ones overflow to inf, very negative ones "
        "underflow to 0, and later steps turn that into nan, inf or 0.",
        hints=(
            "Print exp(1000) and exp(-1000). What's left of the differences?",
            "Softmax stays the same if you subtract the same number from all logits of a slice. "
            "Which number makes the largest exp equal to 1?",
            "Subtract the maximum of each slice before exp: `x - x.amax(dim, keepdim=True)`.",
        ),
        variants=NO_SHIFT,
    ),
    Misconception(
        slug="global-max",
        says="You subtract one maximum, taken over the whole tensor. A slice far below that "
        "maximum loses its digits or ends up as 0 / 0.",
        hints=(
            "Print what you subtract. How many numbers do you see, and how many slices are there?",
            "Each slice along `dim` needs its own maximum.",
            "`x.amax(dim, keepdim=True)`",
        ),
        variants=({"max_dim": everything},),
    ),
    Misconception(
        slug="argmax-instead-of-max",
        says="You subtract the position of the maximum, not its value.",
        hints=(
            "Print what you subtract. Is it one of the logits?",
            "`x.max(dim)` returns values and positions. Which of them do you need?",
            "Take `.values`, or call `amax`, which returns only the values.",
        ),
        variants=(
            {"centre": lambda x, dim, keepdim: x.argmax(dim, keepdim=keepdim)},
            {"centre": lambda x, dim, keepdim: x.argmax()},
        ),
    ),
    Misconception(
        slug="mean-subtraction",
        says="You subtract the mean. For a logit far above the mean, exp still overflows.",
        hints=(
            "After the shift, how large can the largest logit be?",
            "The exps are all at most 1 only if the largest shifted logit is at most 0.",
            "Subtract the maximum instead of the mean.",
        ),
        variants=({"centre": torch.mean}, {"centre": torch.mean, "max_dim": everything}),
    ),
    Misconception(
        slug="other-than-the-maximum",
        says="You subtract a number other than the slice's maximum, such as the first or last "
        "entry, the second largest, a median, a sum, a norm, a constant or half the maximum. For "
        "logits far from that number, exp still overflows, or a whole slice becomes 0.",
        hints=(
            "After the shift, how large is the largest logit?",
            "The exps are all at most 1, and one of them is 1, only if the largest shifted logit "
            "is 0.",
            "Subtract the maximum: `x.amax(dim, keepdim=True)`.",
        ),
        variants=(
            {"centre": first},
            {"centre": median},
            {"centre": second_largest},
            {"centre": last},
            *({"centre": f} for f in (torch.sum, root_of_squares)),
            *({"centre": constant(number)} for number in (50.0, 80.0, 88.0, 100.0, 1000.0)),
            {"centre": lambda x, dim, keepdim: x.amax(dim, keepdim=True) / 2},
            {"centre": lambda x, dim, keepdim: 2 * x.amax(dim, keepdim=True)},
        ),
    ),
    Misconception(
        slug="min-subtraction",
        says="You subtract the minimum. If the logits of a slice are far apart, the largest "
        "difference still overflows in exp.",
        hints=(
            "After the shift, how large can the largest logit be?",
            "Which logit of a slice overflows: the smallest or the largest?",
            "Subtract the maximum instead of the minimum.",
        ),
        variants=({"centre": torch.amin}, {"centre": torch.amin, "max_dim": everything}),
    ),
    Misconception(
        slug="sign-error",
        says="You add the maximum instead of subtracting it, which makes large logits twice as "
        "large before exp.",
        hints=(
            "After the shift, how large is the largest logit?",
            "Two minus signs make a plus.",
            "Write `x - x.amax(dim, keepdim=True)`.",
        ),
        variants=(
            {"centre": lambda x, dim, keepdim: -x.amax(dim, keepdim=keepdim)},
            {"centre": lambda x, dim, keepdim: -x.amax()},
        ),
    ),
    Misconception(
        slug="takes-absolute-value",
        says="You subtract the largest absolute value. A slice of very negative logits moves down "
        "instead of up, and all its exps underflow to 0.",
        hints=(
            "Try [-1000, -1001]. What is the largest logit after your shift?",
            "The maximum of [-3, -1] is -1, not 3.",
            "Leave out the `abs`: `x.amax(dim, keepdim=True)`.",
        ),
        variants=(
            {"centre": lambda x, dim, keepdim: x.abs().amax(dim, keepdim=keepdim)},
            {"centre": lambda x, dim, keepdim: x.abs().amax()},
        ),
    ),
    Misconception(
        slug="max-with-zero",
        says="You subtract nothing if the maximum is negative. So a slice of very negative logits "
        "isn't shifted, and its exponentials underflow to 0.",
        hints=(
            "Try [-1000, -1001]. What's the exp of the largest logit after your shift?",
            "A maximum that starts at 0, or is clamped at 0, is never negative; and a shift that "
            "waits for an overflow misses an underflow.",
            "Subtract the maximum itself, even when it's negative.",
        ),
        variants=(
            {"centre": lambda x, dim, keepdim: x.amax(dim, keepdim=keepdim).clamp(min=0)},
            {"centre": lambda x, dim, keepdim: x.amax().clamp(min=0)},
        ),
    ),
    Misconception(
        slug="shifts-only-if-large",
        says="You shift only if some logit is above a bound. Then slices far below 0 stay where "
        "they are and underflow to 0, or logits just under the bound overflow.",
        hints=(
            "Try [-1000, -1001]: does your code shift it, and what's its exp?",
            "The shift never does any harm, so you don't need a condition.",
            "Leave out the `if` or `where`, and always subtract each slice's maximum.",
        ),
        variants=tuple(
            shift_if_above(bound, tested, largest)
            for tested, largest in (
                (largest_of_all, kept_max),
                (kept_max, kept_max),
                (largest_of_all, largest_of_all),
                (lambda x, dim: x.abs().amax(), kept_max),
                (lambda x, dim: x.abs().amax(), largest_of_all),
                (lambda x, dim: kept_max(x.abs(), dim), kept_max),
            )
            for bound in BOUNDS
        ),
    ),
    Misconception(
        slug="one-hot-if-large",
        says="If some logit is above a bound, you give 1 to the largest and 0 to the others. But "
        "however large the logits are, those close to the largest still get a share.",
        hints=(
            "Try [1000, 1001]. What should each of them get?",
            "The shift works for logits of any size, so you don't need a special case for large "
            "ones.",
            "Leave out the `if` or `where`, and always subtract each slice's maximum.",
        ),
        variants=tuple(
            one_hot_if_above(bound, tested, otherwise)
            for tested in (
                largest_of_all,
                kept_max,
                lambda x, dim: x.abs().amax(),
                lambda x, dim: kept_max(x.abs(), dim),
            )
            for otherwise in (RIGHT, plain)
            for bound in BOUNDS
        ),
        alone=True,
    ),
    Misconception(
        slug="replaces-minus-inf",
        says="You replace -inf with a number. Other logits may be lower than that number.",
        hints=(
            "Which logits may be lower than the number you chose?",
            "exp(-inf) is exactly 0, and -inf minus a finite maximum is still -inf. So what goes "
            "wrong if you keep -inf?",
            "Leave out the replacement.",
        ),
        variants=(
            *(
                {"enter": filled_with(value)}
                for value in (0.0, -1e9, -1e4, torch.finfo(torch.float32).min)
            ),
            *after(
                *(
                    filled_with(-value)
                    for value in (0, 1, 10, 50, 100, 1e3, 1e4, 65504, 1e5, 1e6, 1e8)
                ),
                *(filled_with(-value) for value in (1e9, 1e10, 1e12, 1e20, 1e30, 3.4028235e38)),
            ),
        ),
    ),
    Misconception(
        slug="patches-nan",
        says="You replace nan or inf after it appears. By then, the right values are lost.",
        hints=(
            "What should softmax of [1000, 1001] be? Once exp has returned inf twice, can you "
            "still work it out?",
            "A nan means that some step lost the numbers. Which one is it?",
            "Stop the inf from appearing: subtract the maximum of each slice, then take exp.",
        ),
        variants=(
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num(0.0)},
            {"leave": lambda x, dim: x.nan_to_num(0.0)},
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num(1 / length(x, dim))},
            {"leave": lambda x, dim: x.nan_to_num(1 / length(x, dim))},
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num(1.0)},
            patched_where_nan(lambda x, dim: torch.ones_like(x) / length(x, dim), whole=True),
            patched_where_nan(lambda x, dim: torch.zeros_like(x), whole=True),
            patched_where_nan(one_hot),
            patched_where_nan(lambda x, dim: x),
            {"centre": nothing, "power": lambda x: x.exp().nan_to_num()},
            {"centre": nothing, "power": lambda x: x.exp().nan_to_num(posinf=0.0)},
            *(
                {"centre": nothing, "power": lambda x, top=top: x.exp().clamp(max=top)}
                for top in (1e10, 1e20, 1e30, 1e38)
            ),
        ),
    ),
    Misconception(
        slug="sum-not-rescaled",
        says="The maximum grows as you go along, but you don't rescale the earlier terms as you "
        "should: the terms of your sum are relative to different maxima.",
        hints=(
            "Follow the sum for the logits [1, 2]. In the end, what have you subtracted from each?",
            "With a new maximum m, all earlier terms are too large by a factor of exp(m - old).",
            "With each new maximum: `total = total * (old - new).exp() + (part - new).exp()`.",
        ),
        variants=(sum_under_running_maxima, rescaled_the_wrong_way, Recipe(centre=running_max)),
    ),
    Misconception(
        slug="upcast-instead-of-shift",
        says="You compute in float64 instead of shifting the logits: that only moves the overflow "
        "from 88 to 709.",
        hints=(
            "What's exp(1000) in float64?",
            "float64 has a limit, too. Which shift makes every limit irrelevant?",
            "Subtract the maximum of each slice before exp, in any dtype.",
        ),
        variants=(
            lambda x, dim: plain(x.double(), dim).to(x.dtype),
            lambda x, dim: plain(x.double(), dim).float(),
        ),
    ),
    Misconception(
        slug="log-of-the-sum-loses-digits",
        says="`logsumexp` adds the maximum back to the log of the sum. Next to a maximum of "
        "1e8, that log has no digits left, and your results no longer sum to 1.",
        hints=(
            "Try [1e8, 1e8]. What's the logsumexp, and what should it be?",
            "float32 has seven digits: 1e8 + 0.69 is 1e8.",
            "Subtract the maximum first, and keep that difference: exp(x - m) / sum of exp(x - m).",
        ),
        variants=(
            through_logsumexp,
            lambda x, dim: (x - ((s := x - kept_max(x, dim)).logsumexp(dim, True) - s + x)).exp(),
        ),
    ),
)

OVERFLOW = tuple(map(also_in_double, OVERFLOW))

# Right for ordinary logits only.
FAR_LOGITS = (
    Misconception(
        slug="minus-inf-becomes-nan",
        says="Your function is right for finite logits, but returns nan if any logit is -inf.",
        hints=(
            "Print each step for [0, -inf]. Which step first gives nan?",
            "0 * inf, inf - inf and -inf - (-inf) are nan.",
            "Take x minus the maximum, then exp: -inf becomes exactly 0, with no special case.",
        ),
        pattern=nan_for_minus_inf,
    ),
    Misconception(
        slug="overflows",
        says="Your function is right for ordinary logits, but returns nan for some that are far "
        "from 0 or far apart: an exp becomes inf, or a whole slice becomes 0.",
        hints=(
            "Print each step for the input in this message. Which step first gives inf, or 0 / 0?",
            "If the largest shifted logit is 0, the exps are all at most 1, and one of them is "
            "exactly 1.",
            "Subtract the maximum of each slice before exp: `x - x.amax(dim, keepdim=True)`.",
        ),
        pattern=nan_if_extreme,
    ),
)
