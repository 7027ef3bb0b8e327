"""The predictions of lesson 05."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "largest_exp": Question(
        1,
        {
            1002: ("forgets-exp", "1002 becomes 0, and exp(0) is 1."),
            0: ("exp-of-zero", "The largest logit is 0; its exp is not."),
        },
    ),
    "one_maximum": Question(
        "nan",
        {
            "right": ("any-shift-will-do", "-1000 is far below -103.97, where exp vanishes."),
            "zeros": ("zero-over-zero", "The sum of that row is 0 too: 0 / 0."),
        },
    ),
    "column_maxima": Question(
        "wrong",
        {"right": ("any-shift-will-do", "The entries of a row must lose the same number.")},
    ),
    "minus_200": Question(
        "right",
        {"wrong": ("zero-is-wrong", "1.4e-87 is nearest to 0 in float32.")},
    ),
    "plus_1e8": Question(
        "thirds",
        {
            "right": ("shift-restores", "The differences are gone before softmax sees them."),
            "nan": ("large-overflows", "The stable softmax does not overflow."),
        },
    ),
    "helped": Question(
        "equal",
        {
            "close": ("changes-rounding", "The second subtraction takes away exactly 0."),
            "different": ("needs-help", "torch.softmax does the same subtraction inside."),
        },
    ),
    "helped_in_bfloat16": Question(
        "worse",
        {
            "better": ("needs-help", "The difference is rounded to 8 binary digits first."),
            "equal": ("as-in-float32", "float32 keeps the difference, bfloat16 rounds it."),
        },
    ),
    "second_sentence": Question(
        "delete",
        {
            "keep": ("needs-help", "F.softmax has the subtraction inside."),
            "fix": ("needs-help", "Whatever the dim, F.softmax needs no help."),
        },
    ),
}
