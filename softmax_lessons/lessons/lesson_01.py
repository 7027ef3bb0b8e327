"""Lesson 01: softmax of one row."""

import torch

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import Exercise, row
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.laws import SOFTMAX
from softmax_lessons.lessons.layouts import uneven
from softmax_lessons.lessons.misconceptions import SIDE_EFFECT
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.other_functions import OTHER_FUNCTION
from softmax_lessons.lessons.overflows import SHIFT
from softmax_lessons.lessons.questions_01 import QUESTIONS
from softmax_lessons.lessons.recipe import (
    RIGHT,
    WITHOUT_SHIFT,
)
from softmax_lessons.lessons.wrong_dims import OTHER_PLACES

OURS_AND_TORCHS = frozenset({"softmax", "stable_softmax", "naive_softmax"})
# functions with a softmax inside, which leave at most an exp or a minus to do
BUILT_IN = OURS_AND_TORCHS | {
    *("log_softmax", "softmin", "gumbel_softmax", "special_softmax", "special_log_softmax"),
    *("safe_softmax", "sparse_softmax", "scaled_dot_product_attention", "cross_entropy"),
    *("softmax_sharded", "softmax_file"),
}


def one_row() -> tuple[Probe, ...]:
    """Return probes with one row of ordinary scores."""
    rows = [
        row(2, 1, 0.1),
        row(-0.5, 0.5),
        row(3, 3),
        row(-1.5),
        row(1, 2, 3, 4),
        uneven(9),
        row(60, 0),
    ]
    exact = row(-4, -5, -6, dtype=torch.float64)
    again = Probe(rows[0], 0, seed=1)
    return (*(Probe(x, 0) for x in rows), Probe(exact, 0, loose=True), again)


def fresh_rows(generator: torch.Generator) -> tuple[Probe, ...]:
    """Return one row of random ordinary scores."""
    return (Probe(6 * torch.rand(40, generator=generator) - 3, 0),)


EXERCISES = {
    "softmax_1d": Exercise(
        "f(x)",
        one_row(),
        fresh_rows,
        torch.softmax,
        (RIGHT, WITHOUT_SHIFT),
        NO_RESULT + OTHER_FUNCTION + SHIFT + SIDE_EFFECT + OTHER_PLACES,
        SOFTMAX,
        BUILT_IN,
    ),
}

PARSONS = (
    Parsons(
        "softmax_1d",
        """
        def softmax_1d(x):
            exps = x.exp()
            total = exps.sum()
            return exps / total
        """,
        wrong="total = x.sum()",
        mistake="sums-raw-logits",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
