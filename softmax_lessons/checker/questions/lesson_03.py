"""The predictions of lesson 03."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "row_sums": Question(
        "less than 1",
        {
            "1": ("ignores-the-batch", "All six numbers together sum to 1, in two rows."),
            "more than 1": ("sum-too-small", "The sum of all is larger than that of a row."),
        },
    ),
    "which_is_right": Question(
        1,
        {
            2: ("aligns-on-the-left", "Shapes are lined up on the right: 2 comes under 3."),
            3: ("fits-so-right", "It runs, but sums of rows come under columns."),
        },
    ),
    "square_sums": Question(
        "not 1",
        {
            "1": ("runs-so-right", "Each column is divided by the sum of another row."),
            "error": ("expects-an-error", "3 meets 3: broadcasting has no objection."),
        },
    ),
    "bare_max": Question(
        "sums right, probabilities wrong",
        {
            "both right": ("sums-prove-it", "The entries of a row lose different numbers."),
            "both wrong": ("sums-must-tell", "Each row is divided by its own sum."),
        },
    ),
    "runs_that_find_all": Question(
        1,
        {
            2: ("trusts-dim-1", "With dim=1 alone, one of the six is no mistake."),
            0: ("trusts-no-test", "A comparison with PyTorch leaves little room."),
            5: ("any-oblong-test", "Some results are wrong in ways that keep every sum."),
        },
    ),
    "shape_kept": Question(
        (2, 1, 4, 5),
        {
            (2, 4, 5): ("forgets-keepdim", "With keepdim=True, the dim stays, with size 1."),
            (1, 3, 4, 5): ("counts-from-one", "dim=1 is the second: dims count from 0."),
        },
    ),
    "row_afterwards": Question(
        "changed",
        {"as before": ("copies-arguments", "x is the caller's tensor under another name.")},
    ),
}
