"""Lesson 05: softmax of any logits."""

from itertools import starmap

import torch

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise, grid, row
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.laws import SOFTMAX
from softmax_lessons.lessons.lesson_03 import fresh_ordinary, ordinary
from softmax_lessons.lessons.misconceptions import LIBRARY
from softmax_lessons.lessons.recipe import (
    RIGHT,
)


def extreme() -> tuple[Probe, ...]:
    """Return probes on which only a shift by the maximum of each slice works."""
    far, less_far = [1000, 1001, 1002], [100, 101, 102]
    inputs = [
        (row(1000, 1001), 0),
        (row(-1000, -1001), 0),
        (row(-60, 0, 60), 0),
        (row(0, -200, 500), 0),
        (row(1, -INF, 2), 0),
        # no number but -inf itself is low enough for -inf
        (row(-2e9, -INF), 0),
        (row(torch.finfo(torch.float32).min, -INF), 0),
        (grid([0, 1, 2], far), 1),
        (grid([0, 1, 2], far).T.contiguous(), 0),
        (grid([0, 1, 2], less_far), 1),
        (grid([-1000, -1001, -1002], [5, 5, 5]), 1),
        (grid([1, -INF, 2], [3, 1, -INF]), 1),
        (grid([1, -INF, 2], [3, 1, -INF]), 0),
        (row(400, 401, 800, dtype=torch.float64), 0),
        (row(11, 12, 9, dtype=torch.float16), 0),
    ]
    return tuple(starmap(Probe, inputs))


def fresh_extreme(generator: torch.Generator) -> tuple[Probe, ...]:
    """Return random scores of any size, some of them -inf, along with ordinary ones."""
    large = 20000 * torch.rand(3, 4, generator=generator) - 10000
    # far below what may be put in the place of -inf; and no slice is all -inf
    low = large - 100_000
    masked = low.masked_fill(torch.rand(3, 4, generator=generator) < 0.3, -INF)
    masked[:, 0], masked[0], masked[1, 1] = low[:, 0], low[0], -INF
    extreme = tuple(Probe(x, dim) for x in (large, masked) for dim in (0, 1))
    return fresh_ordinary(generator) + extreme


EXERCISES = {
    "stable_softmax": Exercise(
        "f(x, dim)",
        ordinary() + extreme(),
        fresh_extreme,
        torch.softmax,
        (RIGHT,),
        LIBRARY,
        SOFTMAX,
        frozenset({"softmax", "stable_softmax"}),
    ),
}

QUESTIONS = {
    "largest_exp": Question(
        1,
        {
            1002: ("forgets-exp", "1002 becomes 0, and exp(0) is 1."),
            0: ("exp-of-zero", "The largest logit is 0, but its exponential isn't."),
        },
    ),
    "one_maximum": Question(
        "nan",
        {
            "right": ("any-shift-will-do", "exp underflows to 0 below -103.97."),
            "zeros": ("zero-over-zero", "The sum of that row is 0 too, and 0 / 0 is nan."),
        },
    ),
    "column_maxima": Question(
        "wrong",
        {"right": ("any-shift-will-do", "You must subtract the same number from a whole row.")},
    ),
    "minus_200": Question(
        "right",
        {"wrong": ("zero-is-wrong", "0 is the float32 number nearest to 1.4e-87.")},
    ),
    "plus_1e8": Question(
        "thirds",
        {
            "right": ("shift-restores", "The differences are gone before softmax sees them."),
            "nan": ("large-overflows", "The largest exponential is 1, so nothing overflows."),
        },
    ),
    "helped": Question(
        "equal",
        {
            "close": ("changes-rounding", "The second subtraction subtracts exactly 0."),
            "different": ("needs-help", "torch.softmax does the same subtraction inside."),
        },
    ),
    "helped_in_bfloat16": Question(
        "worse",
        {
            "better": ("needs-help", "The difference is rounded to 8 binary digits first."),
            "equal": ("as-in-float32", "float32 keeps the difference, bfloat16 rounds it."),
        },
    ),
    "second_sentence": Question(
        "delete",
        {
            "keep": ("needs-help", "F.softmax already subtracts the maximum."),
            "fix": ("needs-help", "F.softmax needs no help, whatever the dim."),
        },
    ),
}

PARSONS = (
    Parsons(
        "stable_softmax",
        """
        def my_softmax(x, dim):
            largest = x.amax(dim=dim, keepdim=True)
            exps = (x - largest).exp()
            totals = exps.sum(dim=dim, keepdim=True)
            return exps / totals
        """,
        wrong="largest = x.max()",
        mistake="global-max",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
