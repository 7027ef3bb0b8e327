"""What goes wrong in softmax: a function other than softmax."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch

from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.facts import (
    fit_base,
    fit_clamp,
    fit_each,
    fit_eps,
    fit_floor,
    fit_scale,
    fits_in_16_bits,
    holds_integers,
    in_all_clear,
    in_proportion_to_logits,
    is_a_part,
    is_a_smaller_part,
    is_averaged,
    is_reduced,
    is_reshaped,
    is_summed,
    is_where_the_largest_is,
    random_results,
    slices_are_stretched,
    small_become_zero,
)
from softmax_lessons.lessons.in_pairs import few_in_pairs
from softmax_lessons.lessons.no_result import is_a
from softmax_lessons.lessons.recipe import RIGHT, difference, everything, given, nothing, ones
from softmax_lessons.lessons.steps import (
    after,
    all_largest,
    cut_to,
    kept_max,
    kept_sum,
    length,
    norm,
    one_hot,
    power_of,
    root_of_sum,
    rounded_to,
    running_total,
    scaled_by,
    standardised,
    sum_of_the_others,
    sum_plus,
    sum_without,
    taylor,
    to_unit_range,
)

DIVISIONS = frozenset({"div", "true_divide", "divide", "truediv", "rtruediv", "normalize"})


def _with_max(*powers: Callable) -> tuple[Variant, ...]:
    """Return functions instead of exp, both with and without a shift before."""
    return tuple(
        {"power": power, **shift} for shift in ({"centre": nothing}, {}) for power in powers
    )


OTHER_THAN_EXP = Misconception(
    slug="other-than-exp",
    says="Instead of exp, you use a function that's only a little like it: the ratios of your "
    "results are different.",
    hints=(
        "What makes the logits positive in your code, and what does the formula use?",
        "Only exp turns a difference of 1 into a factor of e, whatever the logits are.",
        "Write `x.exp()`.",
    ),
    variants=(
        {"power": torch.relu, "centre": nothing},
        {"power": torch.nn.functional.softplus, "centre": nothing},
    ),
)

# A function other than softmax.
OTHER_FUNCTION = few_in_pairs(
    Misconception(
        slug="returns-one-number",
        says="Your function returns one Python number. Softmax gives every logit its own "
        "probability, in a tensor.",
        hints=(
            "How many logits go in, and how many numbers come out?",
            "`.item()`, `float(...)` and Python's `sum` of numbers leave a single number.",
            "Return the tensor of all exponentials, divided by their sum.",
        ),
        symptom=is_a("float", "int", "bool", "float32", "float64", "int64"),
    ),
    Misconception(
        slug="returns-positions",
        says="You return the positions of the largest logits, as a prediction would. Softmax "
        "gives every logit a probability.",
        hints=(
            "How many logits go in, and how many numbers come out?",
            "`argmax` keeps one position per slice and forgets the rest.",
            "Leave the `argmax` out, and return the probabilities.",
        ),
        symptom=is_where_the_largest_is,
        causes=("int-dtype", "returns-wrong-shape"),
    ),
    Misconception(
        slug="keeps-the-largest-only",
        says="You return only the largest probability of each slice. Softmax gives every logit its "
        "own.",
        hints=(
            "How many logits go in, and how many numbers come out?",
            "The probabilities are right until your last step picks some of them.",
            "Leave out the `max` after the softmax.",
        ),
        symptom=is_reduced(torch.amax),
        pattern=in_all_clear(is_reduced(torch.amax)),
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="returns-the-sum",
        says="You return the sum of the probabilities, which is 1 for any logits. Softmax gives "
        "every logit its own probability.",
        hints=(
            "How many logits go in, and how many numbers come out?",
            "The sum belongs in the denominator, not after the division.",
            "Return the probabilities, not their sum.",
        ),
        symptom=is_summed,
        pattern=in_all_clear(is_reduced(torch.sum)),
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="returns-a-part",
        says="You return only some of the probabilities: they're right, but the others are "
        "missing.",
        hints=(
            "How many logits go in, and how many numbers come out?",
            "A `return` inside a loop ends the function on the first pass; an index picks out some "
            "entries.",
            "Return once, after the loop, with all the results.",
        ),
        symptom=is_a_smaller_part,
        pattern=in_all_clear(is_a_part),
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="averages-a-dim",
        says="You average or sum over a dim, so its slices merge into one. Each slice should get "
        "its own probabilities.",
        hints=(
            "Which dim of the input is missing from your result, or has size 1 in it?",
            "Softmax keeps the shape: the slices stay separate.",
            "Leave out the `mean` or `sum` over that dim.",
        ),
        symptom=is_averaged,
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="reshaped-result",
        says="All the numbers are right, but the result's shape differs from the input's.",
        hints=(
            "Print the shapes of the input and of your result.",
            "Which step drops a dim of size 1, adds one, or merges two into one?",
            "Return the result with `.reshape(x.shape)`.",
        ),
        symptom=is_reshaped,
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="argmax-one-hot",
        says="You put 1 at the largest logit and 0 everywhere else. Softmax gives every class "
        "some probability.",
        hints=(
            "Should the second-largest logit get nothing at all?",
            "The formula is exp, a sum and a division. There's no `argmax` in it.",
            "Return `exps / exps.sum(...)`, not the positions of the largest.",
        ),
        variants=(one_hot, all_largest),
    ),
    Misconception(
        slug="int-dtype",
        says="Somewhere along the way your numbers become integers, so the decimals are lost.",
        hints=(
            "Print `.dtype` after each step. Where does it stop being float?",
            "Look for `int`, `long`, or a tensor that you create from integers, such as "
            "`torch.tensor([0, 0])`.",
            "Leave out the conversion, or create the tensor with `torch.zeros_like(x)`.",
        ),
        variants=(
            {"enter": lambda x, dim: x.long()},
            {"enter": lambda x, dim: x.trunc()},
            {"leave": lambda x, dim: x.long()},
        ),
        symptom=holds_integers,
        causes=("detached-gradient", "upcasts-and-changes-dtype"),
    ),
    Misconception(
        slug="returns-scores",
        says="You return logits, not probabilities: there's no exp and no division.",
        hints=(
            "Is each result between 0 and 1? Do they sum to 1?",
            "Which steps of the formula come after the logits?",
            "Take exp of the logits, then divide by the sum of the exps.",
        ),
        variants=(
            lambda x, dim: x,
            lambda x, dim: x - kept_max(x, dim),
            lambda x, dim: x - x.amax(),
        ),
    ),
    Misconception(
        slug="one-minus-softmax",
        says="You return 1 minus the probability, so the lowest logit gets the largest result.",
        hints=(
            "Try [0, 1]. Which of the two should win?",
            "The formula ends with the division.",
            "Leave the `1 -` out.",
        ),
        variants=({"leave": lambda x, dim: 1 - x},),
    ),
    Misconception(
        slug="divides-by-count",
        says="You divide the exponentials by their count instead of their sum.",
        hints=(
            "What should a slice sum to? What does yours?",
            "The number of classes isn't in the formula.",
            "Divide by `exps.sum(...)`, not by `len` or a size.",
        ),
        variants=({"total": lambda x, dim, keepdim: torch.tensor(length(x, dim))},),
    ),
    Misconception(
        slug="exp-of-the-sum",
        says="You divide by the exp of the sum of the logits. The denominator is the sum of their "
        "exps.",
        hints=(
            "Look at the parentheses in the denominator: which comes first, exp or the sum?",
            "exp(a + b) is exp(a) times exp(b), not exp(a) plus exp(b).",
            "Write `x.exp().sum(...)`, not `x.sum(...).exp()`.",
        ),
        variants=(
            lambda x, dim: x.exp() / kept_sum(x, dim).exp(),
            lambda x, dim: (x - kept_max(x, dim)).exp() / kept_sum(x - kept_max(x, dim), dim).exp(),
            lambda x, dim: x.exp() / x.sum().exp(),
            lambda x, dim: (x - kept_sum(x, dim)).exp(),
        ),
    ),
    Misconception(
        slug="upside-down",
        says="Your fraction is upside down: you divide the sum by each exponential.",
        hints=(
            "Which of two logits gets the larger result?",
            "A share is the part divided by the whole.",
            "Write `exps / exps.sum(...)`, not the other way round.",
        ),
        variants=({"join": lambda shifted, powers, total: total / powers},),
    ),
    Misconception(
        slug="multiplies-by-the-sum",
        says="You multiply the exponentials by their sum. To get a share of the sum, divide by it.",
        hints=(
            "What should a slice sum to? What does yours?",
            "Which operation turns numbers into shares of their total?",
            "Write `exps / exps.sum(...)`.",
        ),
        variants=({"join": lambda shifted, powers, total: total * powers},),
    ),
    Misconception(
        slug="forgets-the-log",
        says="You subtract the sum of the exponentials inside exp. exp(a - b) divides by exp(b), "
        "so you need to subtract the log of the sum.",
        hints=(
            "What does exp(a - b) divide exp(a) by?",
            "Write exp(x) / sum as one exp: exp(x - ...). What goes where the dots are?",
            "Write `(x - x.logsumexp(...)).exp()`, or divide exp(x) by the sum itself.",
        ),
        variants=(
            lambda x, dim: (x - kept_sum(x.exp(), dim)).exp(),
            lambda x, dim: (x - x.exp().sum()).exp(),
            lambda x, dim: (
                (x - kept_max(x, dim)) - kept_sum((x - kept_max(x, dim)).exp(), dim)
            ).exp(),
        ),
    ),
    Misconception(
        slug="missing-parentheses",
        says="A pair of parentheses is missing or in the wrong place: only the maximum is divided "
        "by the sum, because `/` comes before `-`.",
        hints=(
            "Which part of your fraction does Python divide?",
            "`a - b / c` is a - (b / c).",
            "Give the numerator its own name: `exps = (x - m).exp()`.",
        ),
        variants=(
            lambda x, dim: x.exp() - kept_max(x, dim) / kept_sum((x - kept_max(x, dim)).exp(), dim),
            lambda x, dim: (
                x - kept_max(x, dim) / kept_sum((x - kept_max(x, dim)).exp(), dim)
            ).exp(),
            lambda x, dim: x - kept_max(x, dim) / kept_sum((x - kept_max(x, dim)).exp(), dim),
        ),
    ),
    Misconception(
        slug="logsumexp-outside-exp",
        says="You divide by the log of the sum, or subtract it from exponentials. It belongs "
        "with the logits, before exp.",
        hints=(
            "What is the denominator of the formula: a sum, or the log of one?",
            "exp(a - b) is exp(a) / exp(b). What's the exp of a logsumexp?",
            "Write `(x - x.logsumexp(...)).exp()`, or divide exp(x) by the sum itself.",
        ),
        variants=(
            lambda x, dim: x.exp() / x.logsumexp(dim, keepdim=True),
            lambda x, dim: x.exp() - x.logsumexp(dim, keepdim=True),
            lambda x, dim: x.exp() - x.exp().logsumexp(dim, keepdim=True),
            lambda x, dim: (
                (x - kept_max(x, dim)).exp() / kept_sum((x - kept_max(x, dim)).exp(), dim).log()
            ),
        ),
    ),
    Misconception(
        slug="divides-inside-exp",
        says="The division is inside exp: you divide the logits, and take exp of that.",
        hints=(
            "Look at the parentheses: what do you take exp of?",
            "exp comes first, for each logit. The division is the last step.",
            "Write `x.exp() / x.exp().sum(...)`, not `(x / x.sum(...)).exp()`.",
        ),
        variants=(
            lambda x, dim: (x / kept_sum(x, dim)).exp(),
            lambda x, dim: (x / kept_sum(x.exp(), dim)).exp(),
            lambda x, dim: (x / x.sum()).exp(),
            lambda x, dim: (
                (x - kept_max(x, dim)) / kept_sum((x - kept_max(x, dim)).exp(), dim)
            ).exp(),
        ),
    ),
    Misconception(
        slug="sums-raw-logits",
        says="You divide the exponentials by the sum of the raw logits.",
        hints=(
            "What must the denominator be if the results have to sum to 1?",
            "The numerators are exp(x). What do all the numerators sum to?",
            "Divide by `exps.sum(...)`, not by `x.sum(...)`.",
        ),
        variants=(
            lambda x, dim: x.exp() / kept_sum(x, dim),
            lambda x, dim: (x - kept_max(x, dim)).exp() / kept_sum(x, dim),
            lambda x, dim: x.exp() / x.sum(),
            lambda x, dim: (x - kept_sum(x, dim).log()).exp(),
        ),
    ),
    Misconception(
        slug="forgets-exp",
        says="You divide the logits themselves, without exp. A negative logit can get a "
        'negative "probability", and a sum of zero gives inf.',
        hints=(
            "Which function makes any logit positive and keeps the order?",
            "Compare your first line with the formula in lesson 01.",
            "Take exp of the logits before anything else.",
        ),
        variants=({"power": lambda x: x, "centre": nothing}, {"power": lambda x: x}),
        pattern=in_proportion_to_logits,
    ),
    Misconception(
        slug="forgets-exp",
        says="Your denominator is the sum of the exponentials, but the numerators are raw logits, "
        "without exp.",
        hints=(
            "What do the results of one slice sum to?",
            "The denominator adds up the numerators.",
            "Give the exponentials a name, `exps`, and divide `exps` by their sum.",
        ),
        variants=(
            lambda x, dim: x / kept_sum(x.exp(), dim),
            lambda x, dim: (x - kept_max(x, dim)) / kept_sum((x - kept_max(x, dim)).exp(), dim),
        ),
    ),
    Misconception(
        slug="min-max-scaling",
        says="You shift and scale the logits to the range from 0 to 1. Then each one is in range, "
        "but they don't sum to 1, and there's no exp.",
        hints=(
            "What do the results of one slice sum to?",
            "Softmax gives the lowest logit a small probability, never 0.",
            "Replace the scaling with exp and a division by the sum.",
        ),
        variants=(
            to_unit_range(given),
            to_unit_range(everything),
            to_unit_range(given, eps=1e-8),
            {"power": lambda x: x, "centre": torch.amin},
        ),
        alone=True,
    ),
    OTHER_THAN_EXP,
    replace(
        OTHER_THAN_EXP,
        variants=(
            {"power": torch.expm1, "centre": nothing},  # after a shift, it's shift-after-exp
            {"power": torch.log, "centre": nothing},
            {"power": torch.relu},
            *_with_max(
                torch.tanh,
                torch.abs,
                torch.cosh,
                torch.sinh,
                *map(taylor, (*range(2, 12), 16, 21)),
                lambda x: torch.nn.functional.elu(x) + 1,
                lambda x: x * x.exp(),
            ),
            {"power": torch.nn.functional.softplus},
            lambda x, dim: x.relu() / (kept_sum(x.relu(), dim) + 1e-8),
            lambda x, dim: x.relu() / (kept_sum(x.relu(), dim) + 1e-6),
        ),
        alone=True,
    ),
    Misconception(
        slug="negatives-become-zero",
        says="You raise negative logits to 0 before exp, so they all count the same.",
        hints=(
            "Softmax differs between [-1, -5] and [0, 0]. In which step do yours become the same?",
            "Negative logits are fine: exp makes them all positive.",
            "Leave the `relu`, `clamp(min=0)` or `maximum` out.",
        ),
        variants=({"enter": lambda x, dim: x.clamp(min=0)},),
    ),
    Misconception(
        slug="returns-log",
        says="You return the logs of the probabilities.",
        hints=(
            "Probabilities are between 0 and 1. Are yours negative?",
            "You've gone one step too far, or an exp is missing at the end.",
            "Leave out the last `log`, or take exp of your result.",
        ),
        variants=(
            {"leave": lambda x, dim: x.log()},
            torch.log_softmax,
            lambda x, dim: x - torch.logsumexp(x, dim, keepdim=True),
            # the same in different steps: near 0, each rounds differently
            {"join": difference},
            lambda x, dim: x - kept_sum(x.exp(), dim).log(),
            lambda x, dim: x.exp().log() - kept_sum(x.exp(), dim).log(),
        ),
    ),
    Misconception(
        slug="double-exp",
        says="You apply exp twice.",
        hints=(
            "How many times do the logits go through exp?",
            "Print the values before and after each exp.",
            "Keep the first exp, and leave out the other one.",
        ),
        variants=(
            {"power": lambda x: x.exp().exp()},
            {"enter": lambda x, dim: x.exp()},
            {"leave": lambda x, dim: x.exp()},
        ),
    ),
    Misconception(
        slug="exp2-or-pow",
        says="Your base isn't e, or it's e with too few digits.",
        hints=(
            "Which base does the formula use?",
            "e is 2.718281828..., and a rounded number always differs in some digit.",
            "`x.exp()` is e to the power x, at full precision.",
        ),
        variants=(
            *({"power": power_of(b)} for b in (2, 10, 3, 2.7, 2.71, 2.72, 2.718, 2.7183)),
            *({"power": power_of(b)} for b in (2.71828, 2.718282, 2.7182818, 2.718281828)),
        ),
        fit=fit_base,
    ),
    Misconception(
        slug="exp2-or-pow",
        says="Your base and exponent are swapped: you raise the logits to a power, instead of "
        "raising e to the power of each logit.",
        hints=(
            "Try the logits 1 and -1: what do you get for each?",
            "In the formula, e is the base, and the logit is the exponent.",
            "Write `x.exp()`, not `x ** 2` or `x ** math.e`.",
        ),
        variants=(
            {"power": torch.square, "centre": nothing},
            {"power": torch.square},
            {"power": lambda x: x**math.e, "centre": nothing},
            {"power": lambda x: x**3, "centre": nothing},
        ),
        alone=True,
    ),
    Misconception(
        slug="sigmoid-instead",
        says="You apply the sigmoid to each logit on its own, so the classes don't compete.",
        hints=(
            "Increase one logit. Do the other results go down?",
            "Softmax needs all logits of a slice for each result.",
            "Replace the sigmoid with exp, and divide by the sum over the slice.",
        ),
        variants=(lambda x, dim: torch.sigmoid(x),),
    ),
    Misconception(
        slug="sigmoid-instead",
        says="You use the sigmoid instead of exp.",
        hints=(
            "Which function does the formula apply to each logit?",
            "The sigmoid of large logits is 1 for all of them; their exps differ.",
            "Write `x.exp()`, not `x.sigmoid()`.",
        ),
        variants=_with_max(torch.sigmoid),
    ),
    Misconception(
        slug="squashes-first",
        says="You squash the logits into a small range first, with a tanh or a sigmoid. But "
        "softmax depends on how far apart they are.",
        hints=(
            "Print what you take exp of. Is it still the logits?",
            "In the softmax of [1, 2], the ratio is e, without any tanh or sigmoid.",
            "Leave out the tanh or sigmoid.",
        ),
        variants=(
            {"enter": lambda x, dim: x.tanh()},
            {"enter": lambda x, dim: x.sigmoid()},
            *after(
                lambda x, dim: torch.nn.functional.logsigmoid(x),
                lambda x, dim: x / (1 + x.abs()),
            ),
        ),
    ),
    Misconception(
        slug="sign-error",
        says="The lowest logit gets the largest probability: a minus sign is in the wrong place, "
        "or an `abs` flips the shifted logits.",
        hints=(
            "Try [0, 1]. Which of the two should win?",
            "Write out the first two results by hand for [0, 1].",
            "Take exp of the raw logits, or of logit minus maximum: not the other way round.",
        ),
        variants=({"enter": lambda x, dim: -x}, {"power": lambda x: (-x).exp()}),
    ),
    Misconception(
        slug="sign-error",
        says="A minus sign at the end makes all your results negative.",
        hints=(
            "How low can a probability be, and how high?",
            "A loss needs a minus; probabilities don't.",
            "Leave out the minus before the result.",
        ),
        variants=({"leave": lambda x, dim: -x},),
    ),
    Misconception(
        slug="mean-instead-of-sum",
        says="You divide by the mean of the exponentials, so each slice sums to the number of its "
        "entries.",
        hints=(
            "Print the sum of your result. What should it be?",
            "The mean is the sum divided by the count, and that count isn't in the formula.",
            "Write `.sum(...)` instead of `.mean(...)`.",
        ),
        variants=({"total": torch.mean},),
    ),
    Misconception(
        slug="divides-by-max",
        says="After exp, you divide by the largest number of each slice, or of the whole tensor: "
        "the largest result is 1, and the others add to that.",
        hints=(
            "What should a slice sum to? What does yours?",
            "The formula has one division: exp of a logit, divided by the sum of all of them.",
            "Divide by `exps.sum(...)`, not by a maximum.",
        ),
        variants=({"total": torch.amax}, {"total": torch.amax, "sum_dim": everything}),
        calls=DIVISIONS,
    ),
    Misconception(
        slug="divides-by-norm",
        says="You divide by the norm, the root of the sum of squares. So the squares of your "
        "results sum to 1, but the results don't.",
        hints=(
            "What do your results sum to? And their squares?",
            "`F.normalize` and `.norm()` use squares unless you tell them otherwise.",
            "Divide by `exps.sum(...)`.",
        ),
        variants=({"total": norm}, {"total": norm, "power": lambda x: x, "centre": nothing}),
    ),
    Misconception(
        slug="root-of-the-sum",
        says="You divide by the square root of the sum, not by the sum.",
        hints=(
            "What should a slice sum to? What does yours?",
            "The formula has no root.",
            "Leave out the `sqrt` in the denominator.",
        ),
        variants=({"total": root_of_sum},),
    ),
    Misconception(
        slug="running-total",
        says="You divide each exponential by the sum so far, not by the complete sum.",
        hints=(
            "What is your first result, for any logits?",
            "The sum must be complete before the first division.",
            "Use `sum`, not `cumsum`; with loops, finish adding up before you divide.",
        ),
        variants=({"total": running_total},),
    ),
    Misconception(
        slug="running-total",
        says="You add up the probabilities, so each result is the sum of those so far.",
        hints=(
            "What is your last result, for any logits?",
            "The probabilities are right before your last step.",
            "Leave the `cumsum` out.",
        ),
        variants=(
            {"leave": lambda x, dim: x.cumsum(dim if isinstance(dim, int) else dim[-1])},
            lambda x, dim: RIGHT(x, dim).cumsum(-1),
        ),
        alone=True,
    ),
    Misconception(
        slug="sum-of-the-others",
        says="You divide each exponential by the sum of the others: that's the odds, not the "
        "probability.",
        hints=(
            "What does your code give each of two equal logits?",
            "The denominator is the same for the whole slice, and includes the entry itself.",
            "Divide by the sum of all exponentials.",
        ),
        variants=({"total": sum_of_the_others}, lambda x, dim: (p := RIGHT(x, dim)) / (1 - p)),
    ),
    Misconception(
        slug="sum-misses-an-entry",
        says="The first or last entry of each slice is missing from the sum you divide by.",
        hints=(
            "For three logits, add up by hand what your code adds up. Is one missing?",
            "`range(1, n)` leaves out the first; `range(n - 1)` and `[:-1]` leave out the last.",
            "Sum over all of them: `range(n)`, or `exps.sum(...)`.",
        ),
        variants=({"total": sum_without(-1)}, {"total": sum_without(0)}),
    ),
    Misconception(
        slug="returns-exp-unnormalised",
        says="You leave out the division by the sum: you return the exponentials themselves.",
        hints=(
            "Being positive isn't enough. What should a slice sum to?",
            "The formula has a division.",
            "Divide by `exps.sum(...)` before you return.",
        ),
        variants=({"total": ones},),
    ),
    Misconception(
        slug="softmax-twice",
        says="You apply softmax to values that are already probabilities, which flattens them.",
        hints=(
            "Print the results of the first division. Don't they already sum to 1?",
            "Softmax takes logits, and probabilities aren't logits.",
            "Return the first result.",
        ),
        variants=({"times": 2}, {"times": 3}),
    ),
    Misconception(
        slug="divides-logits-by-max",
        says="You divide the logits by a maximum. That changes the differences between them, and "
        "so the probabilities, too.",
        hints=(
            "[1, 2] and [10, 20] shouldn't give the same probabilities. Do yours?",
            "Which operation with the maximum leaves all the differences unchanged?",
            "Write `x - maximum`, not `x / maximum`.",
        ),
        variants=(
            {"enter": lambda x, dim: x / kept_max(x, dim)},
            {"enter": lambda x, dim: x / x.amax()},
            *after(
                lambda x, dim: x / kept_max(x, dim),
                lambda x, dim: x / x.amax(),
                lambda x, dim: x / kept_max(x.abs(), dim),
                lambda x, dim: x / x.abs().amax(),
            ),
        ),
    ),
    Misconception(
        slug="standardises-first",
        says="You rescale the logits to a common spread first. But softmax needs their original "
        "differences.",
        hints=(
            "[1, 2] and [10, 20] shouldn't give the same probabilities. Do yours?",
            "For [1, 2], one probability is e times the other; for [10, 20], it's e to the power "
            "10 times the other.",
            "Leave out the division by the spread, norm or range.",
        ),
        variants=(
            {"enter": standardised(given, 1)},
            {"enter": standardised(given, 0)},
            {"enter": to_unit_range(given)},
            {"enter": lambda x, dim: torch.nn.functional.normalize(x, dim=dim)},
            *after(
                *(
                    standardised(over, correction, eps, inside)
                    for over in (given, everything)
                    for correction, eps, inside in (
                        *((1, 0.0, True), (0, 0.0, True)),
                        # like LayerNorm and similar layers
                        *((c, e, i) for c in (0, 1) for e in (1e-5, 1e-8) for i in (True, False)),
                    )
                ),
                *(to_unit_range(over, eps) for over in (given, everything) for eps in (0, 1e-8)),
                lambda x, dim: torch.nn.functional.normalize(x, dim=dim),
                lambda x, dim: x / kept_sum(x.abs(), dim),
                lambda x, dim: x / kept_sum(x, dim),
            ),
        ),
    ),
    Misconception(
        slug="stretches-each-slice",
        says="Each slice of your result is the softmax of its logits times a number, which "
        "differs from slice to slice: you divide or multiply the logits by something computed "
        "from them.",
        hints=(
            "[1, 2] and [10, 20] shouldn't give the same probabilities. Do yours?",
            "Subtracting one number from all logits doesn't change softmax. Dividing them does.",
            "Leave out the division before exp.",
        ),
        pattern=slices_are_stretched,
    ),
    Misconception(
        slug="takes-absolute-value",
        says="You take absolute values of the logits, so a very negative logit counts as a large "
        "one.",
        hints=(
            "Try [-3, -1]. Which of the two should win?",
            "exp makes any logit positive and keeps the order. Does `abs` keep it?",
            "Leave the `abs` out.",
        ),
        variants=({"enter": lambda x, dim: x.abs()},),
    ),
    Misconception(
        slug="plus-one-in-denominator",
        says="You add 1 to the sum, as the sigmoid does, so your results sum to less than 1.",
        hints=(
            "Print the sum of your result: how far below 1 is it?",
            "The 1 in the sigmoid's denominator is exp(0), for a second class with logit 0. Do "
            "you have a class like that?",
            "Leave the `1 +` out; start a loop's total at 0.",
        ),
        variants=(
            {"total": sum_plus(1)},
            lambda x, dim: (x - x.logsumexp(dim, keepdim=True).logaddexp(torch.zeros(()))).exp(),
        ),
    ),
    Misconception(
        slug="rounds",
        says="You round the results, so they no longer sum to exactly 1, and small ones become 0.",
        hints=(
            "Print your result with all digits. Are some missing?",
            "Round when you print, not when you compute.",
            "Leave the `round` or `floor` out.",
        ),
        variants=(
            *({"leave": rounded_to(digits)} for digits in (4, 2, 3, 6, 0, 1, 5, 7)),
            *({"leave": cut_to(digits)} for digits in range(1, 8)),
            lambda x, dim: RIGHT(x, dim).ceil(),
            lambda x, dim: (RIGHT(x, dim) * 100).ceil() / 100,
        ),
    ),
    Misconception(
        slug="rounds",
        says="You round the logits or their exponentials, so logits that differ a little count "
        "as the same.",
        hints=(
            "Print what you divide. Are those numbers rounder than they should be?",
            "Round when you print, not when you compute.",
            "Leave the `round` or `floor` out.",
        ),
        variants=(
            *after(*(rounded_to(digits) for digits in range(4))),
            *({"power": lambda x, d=d: x.exp().round(decimals=d)} for d in range(5)),
            *after(lambda x, dim: x.floor(), lambda x, dim: x.ceil()),
        ),
        alone=True,
    ),
    Misconception(
        slug="returns-percent",
        says="You return percentages: each slice sums to 100, not to 1.",
        hints=(
            "What do your results sum to?",
            "A probability is between 0 and 1.",
            "Leave out the factor of 100.",
        ),
        variants=({"leave": lambda x, dim: 100 * x},),
    ),
    Misconception(
        slug="multiplies-by-the-logits",
        says="You multiply the probabilities by the logits.",
        hints=(
            "Are your results between 0 and 1?",
            "The formula ends with the division.",
            "Return the probabilities unchanged.",
        ),
        variants=(lambda x, dim: x * RIGHT(x, dim), lambda x, dim: x.exp() * RIGHT(x, dim)),
    ),
    Misconception(
        slug="clamping",
        says="You clamp along the way: beyond some bound, logits or their exponentials all count "
        "the same.",
        hints=(
            "Does your code have numbers such as 50 or 1e-9 that aren't in the formula?",
            "Softmax of [1000, 1001] equals softmax of [0, 1]. How could you use that?",
            "Leave out the `clamp`. Subtracting the maximum brings all logits into range and loses "
            "nothing.",
        ),
        fit=fit_clamp,
    ),
    Misconception(
        slug="computes-in-16-bits",
        says="You compute in a 16-bit dtype, which keeps three digits or fewer.",
        hints=(
            "How many digits of your result are right?",
            "Look for half, float16 or bfloat16 in your function.",
            "Compute in the input's dtype, or in a larger one.",
        ),
        variants=({"enter": lambda x, dim: x.half()}, {"enter": lambda x, dim: x.bfloat16()}),
        pattern=fits_in_16_bits,
    ),
    Misconception(
        slug="scales-logits",
        says="You multiply or divide the logits by a number. Adding a constant leaves softmax "
        "unchanged; multiplying doesn't.",
        hints=(
            "Try [0, 1]. What's the ratio of your two results? Is it e?",
            "Compare exp(2a) / exp(2b) with exp(a) / exp(b).",
            "Leave out the factor or the temperature: softmax takes the raw logits.",
        ),
        fit=fit_scale,
        variants=(
            {"enter": lambda x, dim: x / math.sqrt(length(x, dim))},
            {"enter": lambda x, dim: x / math.sqrt(x.shape[-1])},
            {"enter": lambda x, dim: x / length(x, dim)},
            {"enter": scaled_by(0.5)},
            *after(lambda x, dim: x * length(x, dim)),
        ),
    ),
    Misconception(
        slug="eps-in-denominator",
        says="You add a number to the sum that isn't in the formula. Then the results of a slice "
        "sum to slightly less than 1.",
        hints=(
            "What's that number for? Can the sum ever be 0 without it?",
            "exp is above 0 for ordinary logits, and so is the sum. Once you subtract the maximum "
            "(lesson 05), it's at least 1.",
            "Leave the number out.",
        ),
        fit=fit_eps,
    ),
    Misconception(
        slug="eps-added-to-each",
        says="You add a number to every exponential or every result that isn't in the formula, so "
        "small probabilities are too large.",
        hints=(
            "Which probability changes most, a large one or a small one?",
            "exp is already positive; you don't need to add anything.",
            "Leave the number out.",
        ),
        fit=fit_each,
    ),
    Misconception(
        slug="floors-probabilities",
        says="You raise small probabilities to a minimum. But very small ones are right as they "
        "are, and may be 0.",
        hints=(
            "What's your smallest result if the logits are far apart?",
            "A minimum for the results changes their sum, or takes something from the others.",
            "Leave out the `clamp` or `maximum` at the end.",
        ),
        fit=fit_floor,
    ),
    Misconception(
        slug="small-become-zero",
        says="In your result, small probabilities become exactly 0. All others are right.",
        hints=(
            "What's your smallest result if the logits are far apart?",
            "However small a share is, it isn't 0 if the dtype can hold it.",
            "Leave out the comparison with a small number.",
        ),
        pattern=small_become_zero,
    ),
    Misconception(
        slug="random-results",
        says="The same logits give different results every time: your function has noise or "
        "dropout in it.",
        hints=(
            "Call your function twice with the same tensor.",
            "`gumbel_softmax`, `dropout` and `rand` draw random numbers; softmax doesn't.",
            "Leave out the random step; `torch.softmax` doesn't have one.",
        ),
        pattern=random_results,
    ),
)
