"""Lesson 04: where the formula overflows."""

from softmax_lessons.checker.question import Question

QUESTIONS = {
    "the_wall": Question(
        89,
        {
            9: ("base-ten-digits", "exp(9) is only 8103, far below the limit."),
            890: ("far-too-far", "exp(890) has 387 digits."),
        },
        within=0.01,
    ),
    "a_thousand": Question(
        "nan",
        {
            "error": ("expects-an-error", "PyTorch raises no error when exp overflows."),
            "inf": ("only-the-top", "The numerator is inf, but so is the denominator."),
            "right": ("trusts-the-formula", "exp(1000) has 435 digits, so it overflows."),
        },
    ),
    "argmax_of_nan": Question(
        1,
        {
            2: ("trusts-argmax", "Class 2 is nan, but so is class 1, which comes first."),
            0: ("nan-counts-as-least", "To argmax, nan is larger than any number."),
        },
    ),
    "two_times_88_5": Question(
        "zeros",
        {
            "halves": ("forgets-the-sum", "Each exponential fits, but their sum doesn't."),
            "nan": ("expects-nan", "A finite number divided by inf is 0, not nan."),
        },
    ),
    "logits_of_80": Question(
        6100,
        {
            2: ("each-counts-double", "Each is 5.5e34, one six-thousandth of the limit."),
            1: ("each-is-too-large", "exp(80) itself fits: 80 is below 88.72."),
        },
        within=0.15,
    ),
    "minus_hundred": Question(
        "subtly wrong",
        {
            "right": ("small-is-safe", "float32 has only a digit or two left for exp(-100)."),
            "zeros": ("vanishes-early", "exp is above 0 down to -103.97."),
            "nan": ("vanishes-early", "exp is above 0 down to -103.97."),
        },
    ),
    "float64_of_1000": Question(
        "nan",
        {
            "right": ("float64-is-endless", "In float64, exp overflows above 709.78."),
            "zeros": ("only-the-sum", "exp(1000) itself is inf in float64."),
        },
    ),
    "clamped": Question(
        "thirds",
        {
            "right": ("clamping-keeps-order", "All three become 80, so they're equal."),
            "nan": ("still-overflows", "exp(80) fits, and so does three times that."),
        },
    ),
    "halvings": Question(
        25,
        {
            250: ("one-at-a-time", "Each halving settles one binary digit."),
            2500: ("one-at-a-time", "Each halving settles one binary digit."),
        },
        within=0.1,
    ),
}

TASKS = QUESTIONS
