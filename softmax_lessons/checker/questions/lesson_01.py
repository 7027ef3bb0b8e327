"""The predictions of lesson 01."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "sum_of_zero": Question(
        "inf",
        {
            "error": ("expects-an-error", "Tensors don't raise here; they make inf or nan."),
            "fine": ("ignores-the-sum", "Their sum is 0; what is 2 / 0?"),
        },
    ),
    "cat_share": Question(
        0.66,
        {
            0.65: ("divides-raw-scores", "That is 2 / 3.1, the share of the raw score."),
            0.67: ("rounds-up", "7.3891 / 11.2125 is 0.659."),
        },
        within=0.005,
    ),
    "add_ten": Question(
        "same",
        {
            "flatter": ("shift-changes", "All powers grow by one factor, and so does the sum."),
            "sharper": ("shift-changes", "All powers grow by one factor, and so does the sum."),
        },
    ),
    "times_ten": Question(
        "sharper",
        {
            "same": ("scale-cancels", "The lead of the cat grows from 1 to 10."),
            "flatter": ("scale-flattens", "Larger differences, larger ratios."),
        },
    ),
    "scores_back": Question(
        "up to a constant",
        {
            "yes": ("forgets-the-sum", "The logarithm of the sum is missing from each."),
            "no": ("log-loses-order", "The differences of the scores are all there."),
        },
    ),
    "sigmoid_of": Question(
        1.5,
        {
            2.0: ("sigmoid-of-own-score", "Then the other score, 0.5, would not matter."),
            2.5: ("sigmoid-of-sum", "Adding a number to both scores must change nothing."),
        },
    ),
    "skyline": Question(
        "completely",
        {
            "not at all": ("knows-nonsense", "There is no answer 'none of these' to choose."),
            "a little": ("nonsense-is-vague", "The scores lie 36 apart; exp does the rest."),
        },
    ),
}
