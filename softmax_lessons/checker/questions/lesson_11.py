"""The predictions of lesson 11."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "sum_after_thousand": Question(
        1.5032,
        {
            3.0064: ("no-rescale", "The old sum counts from 3, the new one from 1002."),
            1002: ("maximum-for-sum", "That is the largest; the sum is of exp(x - 1002)."),
        },
        within=0.001,
    ),
    "without_rescale": Question(
        "descending",
        {
            "ascending": ("rescale-on-descent", "Ascending, the maximum changes each time."),
            "both": ("no-rescale", "Ascending, each exp is 1: each counts from itself."),
            "neither": ("factor-never-one", "Without a new maximum, the factor is 1."),
        },
    ),
    "order_of_merging": Question(
        "same",
        {"different": ("order-matters", "A maximum and a sum do not depend on the order.")},
    ),
    "masked_first_piece": Question(
        "nan",
        {
            "right": ("minus-inf-vanishes", "-inf minus a maximum of -inf is not 0."),
            "zero": ("minus-inf-vanishes", "exp(-inf) would be 0, but it is -inf - -inf here."),
        },
    ),
    "output_not_rescaled": Question(
        "more",
        {
            "equal": ("division-repairs", "The sum has shrunk with the maximum, the output not."),
            "less": ("rescales-the-wrong-way", "The missing factor is below 1."),
        },
    ),
    "chunks_visited": Question(
        16,
        {
            8: ("one-pass", "The first probability needs the sum, which the last chunk completes."),
            24: ("three-passes", "The state finds the maximum and the sum in one pass."),
        },
    ),
    "two_shards_sum": Question(
        2,
        {1: ("local-softmax", "Each shard alone sums to 1 already.")},
    ),
    "own_maximum": Question(
        "wrong",
        {"right": ("local-max", "To sum to 1 is not enough: the shards count from 2 and from 3.")},
    ),
    "masked_shard": Question(
        "zeros",
        {
            "nan": ("own-maximum-first", "Before exp, the process has heard of the maximum 3."),
            "uniform": ("averaged-shards", "The shard competes with the other one, and loses."),
        },
    ),
    "bytes_sent": Question(
        256,
        {
            6432768: ("sends-logits", "The logits stay where they are."),
            3216384: ("sends-logits", "The logits stay where they are."),
            128: ("one-number-a-row", "A maximum and a sum: two numbers a row."),
            64: ("forgets-the-dtype", "A float32 has 4 bytes."),
        },
    ),
}
