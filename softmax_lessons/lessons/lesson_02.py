"""Lesson 02: which dim, and which one did someone else choose?"""

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import crops
from softmax_lessons.lessons.layouts import layout

EXERCISES = {
    "classes_of_sequence": layout("batch time classes", 2),
    "classes_of_image": layout("batch classes height width", 1),
    "keys_of_attention": layout("batch heads queries keys", 3),
    "pixels_of_image": layout("batch channels height width", (2, 3)),
    "repair_crops": crops.EXERCISE,
}

QUESTIONS = {
    "wrong_dim": Question(
        "nothing",
        {
            "error": ("expects-an-error", "PyTorch accepts any dim that the tensor has."),
            "warning": ("expects-a-warning", "PyTorch accepts any dim that the tensor has."),
        },
    ),
    "who_moves": Question(
        "all",
        {
            "photo 0": (
                "slices-are-rows",
                "With dim=0, a slice is a column, with an entry from every photo.",
            ),
            "none": ("ignores-input", "Photo 0 has new logits, so at least its own change."),
        },
    ),
    "batch_of_one": Question(
        "ones",
        {
            "same": ("ignores-dim", "With dim=0, photos compete, and there's only one."),
            "nan": ("expects-nan", "Each slice has one entry: exp(x) / exp(x)."),
        },
    ),
    "shape_of_sum": Question(
        (2, 3),
        {
            (2, 3, 1): ("keeps-dim", "The dim stays, with size 1, only if you pass keepdim=True."),
            (2, 4): ("wrong-dim-disappears", "That is the sum over dim=1."),
            (3, 4): ("wrong-dim-disappears", "That is the sum over dim=0."),
            (2, 3, 4): ("keeps-shape", "A sum over a dim removes that dim."),
        },
    ),
    "which_runs": Question(
        1,
        {
            2: ("torch-softmax-guesses", "torch.softmax requires a dim."),
            3: ("integers-are-fine", "softmax isn't implemented for integers."),
        },
    ),
    "sure_of_cat": Question(
        0.3333,
        {
            0.9867: ("trusts-the-dim", "That's softmax along dim 2; this one runs along dim 1."),
            1: ("forgets-the-mean", "The crops share 1 for each class. What is their mean?"),
            5: ("forgets-softmax", "That is the mean of the logits."),
        },
        within=0.01,
    ),
}

TASKS = {**EXERCISES, **QUESTIONS}
