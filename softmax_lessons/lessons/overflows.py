"""What goes wrong in softmax: the shift, and what over- or underflows without the right one."""

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
# where exp over- or underflows, and round numbers before and beyond
BOUNDS = (1, 10, 50, 80, 88, 100, 500, 700, 1000)


# what float64 doesn't hide behind another mistake
SEEN_IN_DOUBLE = ("global-max", "mean-subtraction", "min-subtraction", "max-with-zero")


def also_in_double(m: Misconception) -> Misconception:
    """Return a misconception about the shift with what it does in float64 too."""
    if m.slug not in SEEN_IN_DOUBLE:
        return m
    own = (in_double(replace(RIGHT, **v)) for v in m.variants if not callable(v))
    return replace(m, variants=(*m.variants, *own))


# A shift that changes the result.
SHIFT = (
    Misconception(
        slug="shift-on-one-side",
        says="You subtract the maximum in the numerator or the denominator but not in both, so it "
        "doesn't cancel.",
        hints=(
            "Write out the numerator and the denominator. Are they made of the same numbers?",
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
        says="You use the maximum after exp, where it is too late: exp has overflowed by then, "
        "and a subtraction there changes the ratios.",
        hints=(
            "Which comes first in your code, exp or the maximum?",
            "Print exp(1000). Can any later step get the number back?",
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

# No shift, or one that does not keep exp from overflowing; no mistake on ordinary logits.
OVERFLOW = few_in_pairs(
    Misconception(
        slug="shift-computed-unused",
        says="You compute the maximum but still take exp of the raw logits, so exp overflows "
        "anyway.",
        hints=(
            "Follow the name that holds the shifted logits: where is it used?",
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
        "underflow to 0, and what follows turns that into nan, inf or 0.",
        hints=(
            "Print exp(1000) and exp(-1000). What is left of the differences?",
            "Softmax stays the same if you subtract one number from all logits of a slice. "
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
            "Print what you subtract. How many numbers is it, and how many slices are there?",
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
            "`x.max(dim)` returns values and positions. Which do you need?",
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
            "Every exp is at most 1 only when the largest shifted logit is 0.",
            "Subtract the maximum instead of the mean.",
        ),
        variants=({"centre": torch.mean}, {"centre": torch.mean, "max_dim": everything}),
    ),
    Misconception(
        slug="other-than-the-maximum",
        says="You subtract a number other than the slice's maximum, such as the first or last "
        "entry, the second largest, a median, a sum, a norm, a constant or half the maximum. Far "
        "from it, exp still overflows, or a whole slice becomes 0.",
        hints=(
            "After the shift, how large is the largest logit?",
            "Every exp is at most 1, and one of them is 1, only when the largest shifted logit "
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
        says="You subtract the minimum. Where the logits of a slice lie far apart, the largest "
        "difference still overflows in exp.",
        hints=(
            "After the shift, how large can the largest logit be?",
            "Which end of the slice overflows: the smallest logit, or the largest?",
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
        says="You subtract the largest absolute value. A slice of very negative logits goes down "
        "instead of up, and all its exps underflow to 0.",
        hints=(
            "Try [-1000, -1001]. What is the largest logit after your shift?",
            "The maximum of [-3, -1] is -1, not 3.",
            "Leave the `abs` out: `x.amax(dim, keepdim=True)`.",
        ),
        variants=(
            {"centre": lambda x, dim, keepdim: x.abs().amax(dim, keepdim=keepdim)},
            {"centre": lambda x, dim, keepdim: x.abs().amax()},
        ),
    ),
    Misconception(
        slug="max-with-zero",
        says="Where the maximum is negative, you subtract nothing. A slice of very negative logits "
        "isn't shifted, and its exponentials underflow to 0.",
        hints=(
            "Try [-1000, -1001]. What is exp of the largest logit after your shift?",
            "A maximum that starts at 0, or is clamped there, is never negative; and a shift that "
            "waits for an overflow comes too late for an underflow.",
            "Subtract the maximum itself, even when it's negative.",
        ),
        variants=(
            {"centre": lambda x, dim, keepdim: x.amax(dim, keepdim=keepdim).clamp(min=0)},
            {"centre": lambda x, dim, keepdim: x.amax().clamp(min=0)},
        ),
    ),
    Misconception(
        slug="shifts-only-if-large",
        says="You shift only if some logit is above a bound. Slices far below 0 then stay where "
        "they are and underflow to 0, or logits just under the bound overflow.",
        hints=(
            "Try [-1000, -1001]: does your code shift it, and what is exp of it?",
            "The shift never does harm, so it needs no condition.",
            "Leave the `if` or `where` out, and always subtract the maximum of each slice.",
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
        says="Where some logit is above a bound, you give the largest one 1 and the others 0. They "
        "keep a share, however large the logits are, if they are near enough.",
        hints=(
            "Try [1000, 1001]. What should each of the two get?",
            "The shift works for logits of any size, so large ones need no case of their own.",
            "Leave the `if` or `where` out, and always subtract the maximum of each slice.",
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
            "exp(-inf) is exactly 0, and -inf minus a finite maximum is still -inf. What goes "
            "wrong with it?",
            "Leave the replacement out.",
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
        says="You replace nan or inf after it appears. By then the right values are gone.",
        hints=(
            "What should softmax of [1000, 1001] be? Once exp has returned inf twice, can you "
            "still work it out?",
            "A nan is a sign of a step that lost the numbers. Which one is it?",
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
        says="The maximum grows as you go along, and what came before isn't rescaled as it should "
        "be: the terms of your sum are relative to different maxima.",
        hints=(
            "Follow the sum for the logits [1, 2]. What is subtracted from each in the end?",
            "A new maximum m makes all earlier terms too large, by exp(m - old).",
            "With each new maximum: `total = total * (old - new).exp() + (part - new).exp()`.",
        ),
        variants=(sum_under_running_maxima, rescaled_the_wrong_way, Recipe(centre=running_max)),
    ),
    Misconception(
        slug="upcast-instead-of-shift",
        says="You compute in float64 instead of shifting the logits: that only moves the overflow "
        "from 88 to 709.",
        hints=(
            "What is exp(1000) in float64?",
            "float64 has a limit too. Which shift makes every limit irrelevant?",
            "Subtract the maximum of each slice before exp, in any dtype.",
        ),
        variants=(
            lambda x, dim: plain(x.double(), dim).to(x.dtype),
            lambda x, dim: plain(x.double(), dim).float(),
        ),
    ),
    Misconception(
        slug="log-of-the-sum-loses-digits",
        says="`logsumexp` adds the maximum to the logarithm of the sum again. Next to a maximum of "
        "1e8, that logarithm has no digits left, and your results no longer sum to 1.",
        hints=(
            "Try [1e8, 1e8]. What is the logsumexp, and what should it be?",
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
        says="Your function is right for all finite logits, and gives nan where -inf is among "
        "them.",
        hints=(
            "Print each step for [0, -inf]. Which is the first nan?",
            "0 * inf, inf - inf and -inf - (-inf) are nan.",
            "x minus the maximum, then exp: -inf becomes exactly 0 there, without any special "
            "care.",
        ),
        pattern=nan_for_minus_inf,
    ),
    Misconception(
        slug="overflows",
        says="Your function is right for ordinary logits, and gives nan for some that are far "
        "from 0 or far apart: an exp becomes inf, or a whole slice becomes 0.",
        hints=(
            "Print each step for the input under this message. Which is the first inf, or 0 / 0?",
            "Every exp is at most 1, and one of them is exactly 1, if the largest shifted logit "
            "is 0.",
            "Subtract the maximum of each slice before exp: `x - x.amax(dim, keepdim=True)`.",
        ),
        pattern=nan_if_extreme,
    ),
)
