"""The predictions of lesson 04: where the formula overflows."""

import math
from random import Random

import torch

from softmax_lessons.checker.question import Question
from softmax_lessons.dtypes import limits
from softmax_lessons.lessons.other_numbers import listed, to_digits, with_other_numbers

FLOAT32 = limits(torch.float32)


def _largest_x(holder: str, digits: float, power: int) -> Question:
    answer = round(math.log(digits) + power * math.log(10))
    low, high = round(answer / 10), 10 * answer
    return Question(
        answer,
        {
            low: (
                "base-ten-digits",
                f"exp({low}) is only {math.exp(low):.4g}, far below the limit.",
            ),
            high: ("far-too-far", f"exp({high}) has {int(high / math.log(10)) + 1} digits."),
        },
        within=0.01,
        asks=(
            f"{holder} can hold numbers up to about {digits:g} times 10 to the power {power}. "
            "What is the largest x whose exponential still fits: about "
            f"{listed([low, answer, high], 'or')}?"
        ),
    )


def _argmax_of_nan(logits: list[int]) -> Question:
    """Two of the three logits overflow; the first of these isn't the largest."""
    overflow = [x > FLOAT32.exp_finite_up_to for x in logits]
    answer, largest, finite = overflow.index(True), logits.index(max(logits)), overflow.index(False)
    return Question(
        answer,
        {
            largest: (
                "trusts-argmax",
                f"Class {largest} is nan, but so is class {answer}, which comes first.",
            ),
            finite: ("nan-counts-as-least", "To argmax, nan is larger than any number."),
        },
        asks=(
            "In float32, exp overflows to inf for numbers larger than 88.72. The formula "
            f"`x.exp() / x.exp().sum()` gets the logits {logits}. "
            "Which class, counted from 0, does `argmax` of the result return?"
        ),
    )


def _one_fits(random: Random) -> tuple[list[int]]:
    logits = sorted(random.sample(range(89, 100), 2))
    logits.insert(random.randrange(3), random.randint(80, 88))
    return (logits,)


def _logits_to_overflow(logit: int) -> Question:
    exp = math.exp(logit)
    answer = int(to_digits(FLOAT32.largest / exp, 2))
    shown = f"{exp:.1e}".replace("+", "")
    return Question(
        answer,
        {
            2: ("each-counts-double", f"Each is {shown}, about 1/{answer:,} of the limit."),
            1: (
                "each-is-too-large",
                f"exp({logit}) itself fits: {logit} is below 88.72.",
            ),
        },
        within=0.15,
        asks=(
            f"exp({logit}) is {shown}, and the largest float32 is 3.4e38. "
            f"About how many logits of {logit} does it take to overflow the sum of the "
            "exponentials in a softmax?"
        ),
    )


def _halvings(dtype: torch.dtype, high: float) -> Question:
    low, top = torch.tensor([0.0, high], dtype=dtype)
    halvings = 0
    while (middle := (low + top) / 2) not in (low, top):
        halvings += 1
        low, top = (low, middle) if middle.exp().isinf() else (middle, top)
    about = 5 * round(halvings / 5)
    name = str(dtype).removeprefix("torch.")
    return Question(
        about,
        {
            10 * about: ("one-at-a-time", "Each halving settles one binary digit."),
            100 * about: ("one-at-a-time", "Each halving settles one binary digit."),
        },
        within=0.1,
        asks=(
            f"The largest {name} x whose exp is finite lies between 0 and {high:g}. You halve this "
            "interval, keep the half that contains the limit, and repeat until no other "
            f"{name} lies between the two ends. How many halvings does that take: about "
            f"{listed([about, 10 * about, 100 * about], 'or')}?"
        ),
    )


def _intervals(random: Random) -> tuple[torch.dtype, float]:
    return random.choice(
        [
            *((torch.float32, high) for high in (256.0, 512.0, 4096.0)),
            *((torch.float64, high) for high in (1024.0, 2048.0, 4096.0)),
        ]
    )


QUESTIONS = {
    "the_wall": with_other_numbers(
        _largest_x,
        ("A float32", 3.4, 38),
        lambda random: (
            "A number format",
            random.randint(10, 99) / 10,
            random.randint(15, 120),
        ),
    ),
    "a_thousand": Question(
        "nan",
        {
            "error": ("expects-an-error", "PyTorch raises no error when exp overflows."),
            "inf": ("only-the-top", "The numerator is inf, but so is the denominator."),
            "right": ("trusts-the-formula", "exp(1000) has 435 digits, so it overflows."),
        },
        asks=(
            "You compute a softmax with `x.exp() / x.exp().sum()`, in float32. "
            "What do you get for `x = torch.tensor([1000.0, 1001.0])`?"
        ),
    ),
    "argmax_of_nan": with_other_numbers(_argmax_of_nan, ([88, 89, 90],), _one_fits),
    "two_times_88_5": Question(
        "zeros",
        {
            "halves": ("forgets-the-sum", "Each exponential fits, but their sum doesn't."),
            "nan": ("expects-nan", "A finite number divided by inf is 0, not nan."),
        },
        asks=(
            "In float32, exp(88.5) is 2.7e38, and the largest number is 3.4e38. "
            "What does `x.exp() / x.exp().sum()` return for `x = torch.tensor([88.5, 88.5])`?"
        ),
    ),
    "logits_of_80": with_other_numbers(
        _logits_to_overflow, (80,), lambda random: (random.randint(74, 85),)
    ),
    "minus_hundred": Question(
        "subtly wrong",
        {
            "right": ("small-is-safe", "float32 has only a digit or two left for exp(-100)."),
            "zeros": ("vanishes-early", "exp is above 0 down to -103.97."),
            "nan": ("vanishes-early", "exp is above 0 down to -103.97."),
        },
        asks=(
            "The softmax of [-100, -101, -102] is [0.6652, 0.2447, 0.0900]. "
            "What does the formula `x.exp() / x.exp().sum()` give for these logits in float32?"
        ),
    ),
    "float64_of_1000": Question(
        "nan",
        {
            "right": ("float64-is-infinite", "In float64, exp overflows above 709.78."),
            "zeros": ("only-the-sum", "exp(1000) itself is inf in float64."),
        },
        asks=(
            "You compute a softmax with `x.exp() / x.exp().sum()`, in float64. "
            "What do you get for the logits 1000 and 1001?"
        ),
    ),
    "clamped": Question(
        "thirds",
        {
            "right": ("clamping-keeps-order", "All three become 80, so they're equal."),
            "nan": ("still-overflows", "exp(80) fits, and so does three times that."),
        },
        asks=(
            "exp overflows for large logits, so someone clamps them first, with `x.clamp(max=80)`. "
            "What does a float32 softmax then return for 1000, 1001 and 1002?"
        ),
    ),
    "halvings": with_other_numbers(_halvings, (torch.float32, 128.0), _intervals),
}
