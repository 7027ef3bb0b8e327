"""The predictions of lesson 02."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "wrong_dim": Question(
        "nothing",
        {
            "error": ("expects-an-error", "Any dim the tensor has is as good to PyTorch."),
            "warning": ("expects-a-warning", "Any dim the tensor has is as good to PyTorch."),
        },
    ),
    "who_moves": Question(
        "all",
        {
            "photo 0": (
                "slices-are-rows",
                "With dim=0 a slice is a column, and has all photos.",
            ),
            "none": ("ignores-input", "Photo 0 has new logits; its own must move at least."),
        },
    ),
    "batch_of_one": Question(
        "ones",
        {
            "same": ("ignores-dim", "With dim=0 each class competes with the other photos."),
            "nan": ("expects-nan", "exp(x) / exp(x) has a value for any ordinary x."),
        },
    ),
    "shape_of_sum": Question(
        (2, 3),
        {
            (2, 3, 1): ("keeps-dim", "The dim stays, with size 1, only with keepdim=True."),
            (2, 4): ("wrong-dim-disappears", "That is the sum over dim=1."),
            (3, 4): ("wrong-dim-disappears", "That is the sum over dim=0."),
            (2, 3, 4): ("keeps-shape", "A sum over a dim takes that dim away."),
        },
    ),
    "which_runs": Question(
        1,
        {
            2: ("torch-softmax-guesses", "torch.softmax insists on a dim."),
            3: ("integers-are-fine", "softmax is not made for whole numbers."),
        },
    ),
}
