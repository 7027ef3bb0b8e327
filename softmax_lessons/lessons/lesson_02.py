"""Lesson 02: which dim?"""

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.layouts import layout

EXERCISES = {
    "classes_of_sequence": layout("batch time classes", 2),
    "classes_of_image": layout("batch classes height width", 1),
    "keys_of_attention": layout("batch heads queries keys", 3),
    "pixels_of_image": layout("batch channels height width", (2, 3)),
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
}

PARSONS = (
    Parsons(
        "classes_of_image",
        """
        def classes_of_image(x):
            batch, classes, height, width = range(4)
            probs = torch.softmax(x, dim=classes)
            return probs
        """,
        wrong="probs = torch.softmax(x, dim=width)",
        mistake="over-width",
    ),
    Parsons(
        "pixels_of_image",
        """
        def pixels_of_image(x):
            flat = x.flatten(2)
            probs = torch.softmax(flat, dim=2)
            return probs.reshape(x.shape)
        """,
        wrong="probs = torch.softmax(x, dim=2)",
        mistake="over-height",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
