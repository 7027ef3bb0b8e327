"""The predictions of lesson 03: softmax along any dim."""

from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import with_other_numbers


def _which_is_right(order: list[int], rows: int, columns: int) -> Question:
    """The first of three divisions is right; `order` says where each one goes."""
    divisions = [
        (f"shape ({rows}, {columns}) by shape ({rows}, 1)", ()),
        (
            f"shape ({rows}, {columns}) by shape ({rows},)",
            (
                "aligns-on-the-left",
                f"Shapes line up on the right: the {rows} is under the {columns}.",
            ),
        ),
        (
            f"shape ({columns}, {columns}) by shape ({columns},)",
            ("fits-so-right", "It runs, but the row sums line up with the columns."),
        ),
    ]
    placed = [divisions[place] for place in order]
    shown = ", ".join(f"({i}) {shapes}" for i, (shapes, _) in enumerate(placed, start=1))
    return Question(
        order.index(0) + 1,
        {i: behind for i, (_, behind) in enumerate(placed, start=1) if behind},
        asks=(
            f"You divide the exponentials of a batch by their row sums, in three ways: {shown}. "
            "Which one runs and makes every row sum to 1?"
        ),
    )


def _divisions(random: Random) -> tuple[list[int], int, int]:
    return random.sample(range(3), 3), *random.sample(range(2, 9), 2)


def _shape_kept(shape: tuple[int, ...], dim: int) -> Question:
    def with_one(at: int) -> tuple[int, ...]:
        return (*shape[:at], 1, *shape[at + 1 :])

    ordinal = ("first", "second", "third", "fourth")[dim]
    return Question(
        with_one(dim),
        {
            shape[:dim] + shape[dim + 1 :]: (
                "forgets-keepdim",
                "With keepdim=True, the dim stays, with size 1.",
            ),
            with_one(dim - 1): (
                "counts-from-one",
                f"dim={dim} is the {ordinal}: dims count from 0.",
            ),
        },
        asks=(f"`x` has shape {shape}. What is the shape of `x.sum(dim={dim}, keepdim=True)`?"),
    )


def _shape_and_dim(random: Random) -> tuple[tuple[int, ...], int]:
    shape = tuple(random.sample(range(2, 10), random.randint(3, 4)))
    return shape, random.randrange(1, len(shape))


QUESTIONS = {
    "row_sums": Question(
        "less than 1",
        {
            "1": ("ignores-the-batch", "All six numbers together sum to 1, over two rows."),
            "more than 1": ("sum-too-small", "The sum of all six is larger than either row's sum."),
        },
        asks=(
            "Here's softmax on a batch of two rows:\n\n"
            "    exps = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0]]).exp()\n"
            "    probs = exps / exps.sum()\n\n"
            "What does each row of `probs` sum to?"
        ),
    ),
    "which_is_right": with_other_numbers(_which_is_right, ([0, 1, 2], 2, 3), _divisions),
    "square_sums": Question(
        "more than 1",
        {
            "1": ("runs-so-right", "It runs, but column 0 is divided by row 0's sum, and so on."),
            "less than 1": ("divisor-too-large", "Rows 0 and 1 have smaller sums than its own."),
        },
        asks=(
            "Here's softmax on a batch of three rows:\n\n"
            "    x = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0], [4.0, 3.0, 2.0]])\n"
            "    exps = x.exp()\n"
            "    probs = exps / exps.sum(dim=1)\n\n"
            "What does the last row of `probs` sum to?"
        ),
    ),
    "bare_max": Question(
        "sums right, probabilities wrong",
        {
            "both right": (
                "sums-prove-it",
                "You subtract a different number from each entry of a row.",
            ),
            "both wrong": ("sums-must-tell", "Each row is divided by its own sum."),
        },
        asks=(
            "This softmax of the rows lacks `keepdim=True` in `amax`:\n\n"
            "    x = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0], [4.0, 3.0, 2.0]])\n"
            "    exps = (x - x.amax(dim=1)).exp()\n"
            "    probs = exps / exps.sum(dim=1, keepdim=True)\n\n"
            "Are the row sums of `probs` right, and are the probabilities?"
        ),
    ),
    "runs_that_find_all": Question(
        2,
        {
            4: ("trusts-dim-1", "With dim=1 alone, one of the six isn't a mistake."),
            1: ("only-one-batch", "Along both dims, the square batch finds all six too."),
            0: ("trusts-no-test", "A comparison with PyTorch, along both dims, finds all six."),
            5: ("any-non-square-test", "In some wrong results, every slice still sums to 1."),
            10: ("any-non-square-test", "In some wrong results, every slice still sums to 1."),
        },
        asks=(
            "Six functions `f(x, dim)` are wrong: sum over everything, no `keepdim` in the sum, "
            "none in the maximum, maximum always along dim 0, always `dim=-1`, softmax twice. "
            "Five tests (range, slice sums, reversed input, a slice alone, comparison with "
            "`torch.softmax`) run on a 3x3 and a 2x3 batch, along dim 1 or both dims. "
            "How many of the 20 runs catch all six?"
        ),
    ),
    "shape_kept": with_other_numbers(_shape_kept, ((2, 3, 4, 5), 1), _shape_and_dim),
    "row_afterwards": Question(
        "changed",
        {"as before": ("copies-arguments", "x is the caller's tensor under another name.")},
        asks=(
            "You pass a tensor to a function:\n\n    def softmax(x):\n        x -= x.max()\n       "
            " return x.exp() / x.exp().sum()\n    row = torch.tensor([1.0, 2.0, 3.0])\n    probs = "
            "softmax(row)\n\nIs `row` still as before, or has it changed?"
        ),
    ),
}
