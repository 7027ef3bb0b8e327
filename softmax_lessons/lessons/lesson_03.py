"""Lesson 03: softmax along any dim, for ordinary logits."""

from itertools import starmap

import torch

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import Exercise, grid, row
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.laws import SOFTMAX
from softmax_lessons.lessons.layouts import uneven
from softmax_lessons.lessons.lesson_01 import BUILT_IN
from softmax_lessons.lessons.misconceptions import ON_ORDINARY_SCORES
from softmax_lessons.lessons.questions_03 import QUESTIONS
from softmax_lessons.lessons.recipe import (
    GLOBAL_SHIFT,
    RIGHT,
    WITHOUT_SHIFT,
)


def ordinary() -> tuple[Probe, ...]:
    """Return probes of every rank with ordinary scores.

    Small ones first, square ones next to others, and every dim of every rank: if one shape hides a
    mistake, another shows it.
    """
    square, wide = grid([1, 2], [3, 5]), grid([1, 2, 3], [1, 2, 1])
    article = grid([1, 2, 3], [1, 2, 1], [4, 3, 2])
    inputs = [
        (square, 1),
        (square, 0),
        (wide, 1),
        (wide, 0),
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
        (grid([60, 54, 0], [1, 9, 2]), 1),  # a small probability isn't 0
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
