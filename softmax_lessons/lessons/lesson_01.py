"""Lesson 01: softmax of one row."""

import torch

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import Exercise, row
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.laws import SOFTMAX
from softmax_lessons.lessons.layouts import uneven
from softmax_lessons.lessons.misconceptions import SIDE_EFFECT
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.other_functions import OTHER_FUNCTION
from softmax_lessons.lessons.overflows import SHIFT
from softmax_lessons.lessons.recipe import (
    RIGHT,
    WITHOUT_SHIFT,
)
from softmax_lessons.lessons.wrong_dims import OTHER_PLACES

OURS_AND_TORCHS = frozenset({"softmax", "stable_softmax", "naive_softmax"})
# what has a softmax inside and leaves no more than an exp or a minus to be done
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

QUESTIONS = {
    "sum_of_zero": Question(
        "inf",
        {
            "error": ("expects-an-error", "Float tensors don't raise here; they give inf or nan."),
            "fine": ("ignores-the-sum", "The scores sum to 0; what is 2 / 0?"),
        },
    ),
    "cat_share": Question(
        0.66,
        {
            0.65: ("divides-raw-scores", "That is 2 / 3.1, the share of the raw score."),
            0.67: ("rounds-up", "7.3891 / 11.2125 is 0.659."),
            66: ("in-percent", "That is a percentage: as a share of 1, it is 0.66."),
            0.24: ("another-class", "That is the dog's share."),
            7.39: ("forgets-the-sum", "That is the cat's exponential; divide it by the sum."),
        },
        within=0.005,
    ),
    "add_ten": Question(
        "same",
        {
            "flatter": ("shift-changes", "Each exponential and their sum grow by one factor."),
            "sharper": ("shift-changes", "Each exponential and their sum grow by one factor."),
        },
    ),
    "times_ten": Question(
        "sharper",
        {
            "same": ("scale-cancels", "The cat's lead over the dog grows from 1 to 10."),
            "flatter": ("scale-flattens", "Larger differences give larger ratios."),
        },
    ),
    "scores_back": Question(
        "up to a constant",
        {
            "yes": ("forgets-the-sum", "Each log is the score minus the log of the sum."),
            "no": ("log-loses-order", "The differences between the scores come back."),
        },
    ),
    "sigmoid_of": Question(
        1.5,
        {
            2.0: ("sigmoid-of-own-score", "Then the other score, 0.5, wouldn't matter."),
            2.5: ("sigmoid-of-sum", "Adding a number to both scores mustn't change anything."),
        },
    ),
    "skyline": Question(
        "completely",
        {
            "not at all": ("knows-nonsense", "'None of these' isn't one of the three answers."),
            "a little": ("nonsense-is-vague", "Two scores are 36 apart; exp does the rest."),
        },
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
