"""The predictions of lesson 10."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "steps_of_bfloat16": Question(
        128,
        {
            7: ("counts-the-bits", "7 bits make 2 to the power 7 different numbers."),
            1021: ("three-less", "Three bits less halve the number three times."),
            341: ("a-third", "Three bits less halve the number three times."),
            8: ("halves-too-often", "2 to the power 3 is the factor that is lost."),
        },
    ),
    "cast_to_half_first": Question(
        "nan",
        {
            "right": ("casts-the-result", "dtype= casts the input: 70000 becomes inf."),
            "zeros": ("zeros-after-inf", "inf minus inf is nan, and takes the whole sum along."),
        },
    ),
    "log_of_half_probs": Question(
        "-inf",
        {
            "-18": ("log-restores", "The probability is 0 already, and its log is -inf."),
            "nan": ("log-of-zero-is-nan", "log of 0 is -inf; nan comes from 0 / 0."),
        },
    ),
    "costliest_step": Question(
        "subtract",
        {
            "exp": ("rounds-the-result", "Rounding exp costs half an eps, relative to itself."),
            "sum": ("rounds-the-result", "Rounding the sum costs half an eps, once a row."),
            "divide": ("rounds-the-result", "Rounding the quotient costs half an eps."),
        },
    ),
    "thousand_ones": Question(
        256,
        {
            1000: ("sums-are-exact", "1000 is a bfloat16, but 257 on the way is not."),
            128: ("stalls-a-step-early", "At 128 the gap is 1, so 129 still exists."),
            2048: ("as-in-float16", "That is where float16 stalls."),
        },
    ),
    "zeros_70000": Question(
        "zeros",
        {
            "right": ("trusts-the-sum", "The total is 70000, and float16 ends at 65504."),
            "nan": ("expects-nan", "1 divided by inf is 0, not nan."),
        },
    ),
    "divided_once_more": Question(
        "refused",
        {"drawn": ("repairs-in-place", "In bfloat16 the sum 0.9990 is rounded to 1.")},
    ),
    "minus_inf_in_e4m3fn": Question(
        "lost",
        {"kept": ("every-format-has-inf", "e4m3fn spends its codes on numbers and has no inf.")},
    ),
    "most_exact_in_float32": Question(
        "naive",
        {
            "stable": ("stable-means-exact", "Stable means range; its subtraction rounds."),
            "built-in": ("library-is-best", "It subtracts the maximum too, and that rounds."),
        },
    ),
}
