"""The predictions of lesson 04."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "the_wall": Question(
        89,
        {
            9: ("base-ten-digits", "exp(9) is 8103; there is far more room."),
            890: ("far-too-far", "exp(890) has 387 digits."),
        },
        within=0.01,
    ),
    "a_thousand": Question(
        "nan",
        {
            "error": ("expects-an-error", "Nothing is raised when a number does not fit."),
            "inf": ("only-the-top", "inf above the line, and inf below it as well."),
            "right": ("trusts-the-formula", "exp(1000) has 435 digits."),
        },
    ),
    "argmax_of_nan": Question(
        1,
        {
            2: ("trusts-argmax", "The third is nan, and so is the second, which comes first."),
            0: ("nan-counts-as-least", "To argmax, nan is larger than any number."),
        },
    ),
    "two_times_88_5": Question(
        "zeros",
        {
            "halves": ("forgets-the-sum", "Each exp fits, but their sum does not."),
            "nan": ("expects-nan", "Finite divided by inf is 0, not nan."),
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
            "right": ("small-is-safe", "exp(-100) has only a digit or two left."),
            "zeros": ("vanishes-early", "exp is above 0 down to -103.97."),
            "nan": ("vanishes-early", "exp is above 0 down to -103.97."),
        },
    ),
    "float64_of_1000": Question(
        "nan",
        {
            "right": ("float64-is-endless", "float64 ends at 709.78."),
            "zeros": ("only-the-sum", "exp(1000) itself is inf in float64."),
        },
    ),
    "clamped": Question(
        "thirds",
        {
            "right": ("clamping-keeps-order", "All three become 80, and so equal."),
            "nan": ("still-overflows", "exp(80) fits, three times over."),
        },
    ),
    "halvings": Question(
        25,
        {
            250: ("one-at-a-time", "Each halving settles a binary digit, not a step."),
            2500: ("one-at-a-time", "Each halving settles a binary digit, not a step."),
        },
        within=0.1,
    ),
}
