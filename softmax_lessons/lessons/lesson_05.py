"""Lesson 05: softmax of any logits."""

from itertools import starmap

import torch

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise, grid, row
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.laws import SOFTMAX
from softmax_lessons.lessons.lesson_03 import fresh_ordinary, ordinary
from softmax_lessons.lessons.misconceptions import LIBRARY
from softmax_lessons.lessons.questions_05 import QUESTIONS
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
        # only -inf itself is low enough to act as -inf
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
    # far below any stand-in for -inf, and no slice is all -inf
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
