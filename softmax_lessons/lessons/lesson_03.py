"""Lesson 03: softmax along any dim, for ordinary logits."""

from itertools import starmap

import torch

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import Exercise, grid, row
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.laws import SOFTMAX
from softmax_lessons.lessons.layouts import uneven
from softmax_lessons.lessons.lesson_01 import BUILT_IN
from softmax_lessons.lessons.misconceptions import ON_ORDINARY_SCORES
from softmax_lessons.lessons.recipe import (
    GLOBAL_SHIFT,
    RIGHT,
    WITHOUT_SHIFT,
)


def ordinary() -> tuple[Probe, ...]:
    """Return probes of every rank with ordinary scores.

    Small ones first, square ones beside oblong ones, and every dim of every rank: a mistake
    that one shape hides, another shows.
    """
    square, oblong = grid([1, 2], [3, 5]), grid([1, 2, 3], [1, 2, 1])
    article = grid([1, 2, 3], [1, 2, 1], [4, 3, 2])
    inputs = [
        (square, 1),
        (square, 0),
        (oblong, 1),
        (oblong, 0),
        (article, 1),
        (article, -2),
        (row(1, 2, 0.1), 0),
        (row(1, 2, 0.1), -1),
        (uneven(1, 3), 0),
        (uneven(1, 3), 1),
        (uneven(2, 2, 2), 0),
        (uneven(2, 2, 2), 1),
        (uneven(2, 2, 2), 2),
        (uneven(2, 3, 4), 0),
        (uneven(2, 3, 4), 1),
        (uneven(2, 3, 4), -1),
        (uneven(2, 3, 4, 5), 0),
        (uneven(2, 3, 4, 5), 1),
        (uneven(2, 3, 4, 5), -2),
        (uneven(2, 3, 4, 5), 3),
        (uneven(3, 4).double(), 1),
        (uneven(3, 4).double(), 0),
        (uneven(3, 4).half(), 1),
        (uneven(2, 3), 1, True),
        (uneven(2, 3), 0, True),
        (grid([60, 54, 0], [1, 9, 2]), 1),  # a small probability is not 0
    ]
    return (*starmap(Probe, inputs), Probe(square, 1, seed=1))


def fresh_ordinary(generator: torch.Generator) -> tuple[Probe, ...]:
    """Return random ordinary scores of two and three dims."""
    return tuple(
        Probe(6 * torch.rand(*shape, generator=generator) - 3, dim)
        for shape in ((3, 40), (3, 2, 4))
        for dim in range(len(shape))
    )


EXERCISES = {
    "softmax_dim": Exercise(
        "f(x, dim)",
        ordinary(),
        fresh_ordinary,
        torch.softmax,
        (WITHOUT_SHIFT, RIGHT, GLOBAL_SHIFT),
        ON_ORDINARY_SCORES,
        SOFTMAX,
        BUILT_IN,
    ),
}

QUESTIONS = {
    "row_sums": Question(
        "less than 1",
        {
            "1": ("ignores-the-batch", "All six numbers together sum to 1, over two rows."),
            "more than 1": ("sum-too-small", "The sum of all six is larger than either row's sum."),
        },
    ),
    "which_is_right": Question(
        1,
        {
            2: ("aligns-on-the-left", "Shapes line up on the right: the 2 is under the 3."),
            3: ("fits-so-right", "It runs, but the row sums line up with the columns."),
        },
    ),
    "square_sums": Question(
        "not 1",
        {
            "1": ("runs-so-right", "It runs, but column 0 is divided by row 0's sum, and so on."),
            "error": ("expects-an-error", "3 lines up with 3, so broadcasting raises no error."),
        },
    ),
    "bare_max": Question(
        "sums right, probabilities wrong",
        {
            "both right": ("sums-prove-it", "A different number comes off each entry of a row."),
            "both wrong": ("sums-must-tell", "Each row is divided by its own sum."),
        },
    ),
    "runs_that_find_all": Question(
        2,
        {
            4: ("trusts-dim-1", "With dim=1 alone, one of the six isn't a mistake."),
            1: ("only-one-batch", "Along both dims, the square batch does it too."),
            0: ("trusts-no-test", "A comparison with PyTorch, along both dims, finds all six."),
            5: ("any-oblong-test", "Some results are wrong, and still every slice sums to 1."),
            10: ("any-oblong-test", "Some results are wrong, and still every slice sums to 1."),
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

PARSONS = (
    Parsons(
        "softmax_dim",
        """
        def softmax_dim(x, dim):
            exps = x.exp()
            totals = exps.sum(dim=dim, keepdim=True)
            probs = exps / totals
            return probs
        """,
        wrong="totals = exps.sum(dim=dim)",
        mistake="missing-keepdim",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
