"""The predictions of lesson 02: which dim?"""

from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import with_other_numbers


def _shape_of_sum(shape: tuple[int, ...], dim: int) -> Question:
    def without(gone: int) -> tuple[int, ...]:
        return shape[:gone] + shape[gone + 1 :]

    others = [other for other in reversed(range(len(shape))) if other != dim]
    return Question(
        without(dim),
        {
            (*shape[:dim], 1, *shape[dim + 1 :]): (
                "keeps-dim",
                "The dim stays, with size 1, only if you pass keepdim=True.",
            ),
            **{
                without(other): ("wrong-dim-disappears", f"That's the sum over dim={other}.")
                for other in others
            },
            shape: ("keeps-shape", "A sum over a dim removes that dim."),
        },
        asks=f"`probs` has shape {shape}. What is the shape of `probs.sum(dim={dim})`?",
    )


# a call, and the mistake behind choosing it
CALLS = {
    "F.softmax(torch.zeros{shape})": (),
    "torch.softmax(torch.zeros{shape})": (
        "torch-softmax-guesses",
        "torch.softmax requires a dim.",
    ),
    "torch.softmax(torch.tensor([1, 2, 3]), dim=0)": (
        "integers-are-fine",
        "softmax isn't implemented for integers.",
    ),
}


def _which_runs(order: list[int], shape: tuple[int, ...]) -> Question:
    calls = [list(CALLS.items())[place] for place in order]
    lines = [
        f"    {call.format(shape=shape)}  # {i}\n"
        for i, (call, _behind) in enumerate(calls, start=1)
    ]
    return Question(
        order.index(0) + 1,
        {i: behind for i, (_call, behind) in enumerate(calls, start=1) if behind},
        asks=f"Two of these three calls raise an error:\n\n{''.join(lines)}\nWhich one runs?",
    )


def _calls(random: Random) -> tuple[list[int], tuple[int, ...]]:
    return random.sample(range(3), 3), tuple(random.sample(range(2, 6), 3))


QUESTIONS = {
    "wrong_dim": Question(
        "nothing",
        {
            "error": ("expects-an-error", "PyTorch accepts any dim that the tensor has."),
            "warning": ("expects-a-warning", "PyTorch accepts any dim that the tensor has."),
        },
        asks=(
            "`logits` has shape (3, 3), with a row for each photo and a column for each class. "
            "The classes of a photo should compete, but someone writes "
            "`torch.softmax(logits, dim=0)`. What does PyTorch say about it?"
        ),
    ),
    "who_moves": Question(
        "all",
        {
            "photo 0": (
                "slices-are-rows",
                "With dim=0, a slice is a column, with an entry from every photo.",
            ),
            "none": ("ignores-input", "Photo 0 has new logits, so at least its result changes."),
        },
        asks=(
            "`logits` has shape (4, 3): four photos, one per row, and three classes. The first "
            "row, photo 0, gets new logits. Which photos get new probabilities from "
            "`torch.softmax(logits, dim=0)`?"
        ),
    ),
    "batch_of_one": Question(
        "ones",
        {
            "same": ("ignores-dim", "With dim=0, photos compete, and there's only one."),
            "nan": ("expects-nan", "Each slice has one entry: exp(x) / exp(x)."),
        },
        asks=(
            "`x = torch.tensor([[2.0, 1.0, 0.1]])` is a batch of one photo with three classes. "
            "Does `torch.softmax(x, dim=0)` return the same as with `dim=1`, only ones, or nan?"
        ),
    ),
    "shape_of_sum": with_other_numbers(
        _shape_of_sum,
        ((2, 3, 4), 2),
        lambda random: (tuple(random.sample(range(2, 10), 3)), random.randrange(3)),
    ),
    "which_runs": with_other_numbers(_which_runs, ([0, 1, 2], (2, 3, 4)), _calls),
    "sure_of_cat": Question(
        0.3333,
        {
            0.9867: ("trusts-the-dim", "That's softmax along dim 2; this one runs along dim 1."),
            1: (
                "forgets-the-mean",
                "The crops share a total of 1 for each class. What is their mean?",
            ),
            5: ("forgets-softmax", "That's the mean of the logits."),
        },
        within=0.01,
        asks=(
            "`x` has shape (1, 3, 3): a photo, three crops of it, and three classes, cat first. "
            "Each crop has logits 5, 0 and 0. What does `torch.softmax(x, dim=1).mean(dim=1)` "
            "give for cat?"
        ),
    ),
}
