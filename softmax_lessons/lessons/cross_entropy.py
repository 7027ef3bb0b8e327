"""The exercises on cross-entropy, and their laws."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import Exercise, grid, row, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.lessons.cross_entropy_facts import losses_of
from softmax_lessons.lessons.cross_entropy_misconceptions import AS_A_LINE, MEAN_OF_ROWS, library
from softmax_lessons.lessons.cross_entropy_steps import LossRecipe
from softmax_lessons.lessons.log_softmax import LOST_NUMBERS
from softmax_lessons.lessons.log_softmax_steps import FAR_APART, HUGE

# --- laws -----------------------------------------------------------------------------------------


def _is_off(value: Tensor, expected: Tensor) -> bool:
    return bool(value.isfinite() and (value - expected).abs() > 1e-2 * (1 + expected.abs()))


def not_below_0(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A loss is never below 0."""
    if not value < -1e-4:
        return ""
    return (
        f"The loss is {number(value.item())}, but minus the log of a probability is never below 0."
    )


def between_the_rows(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A mean lies between the smallest and the largest of its numbers."""
    losses = losses_of(probe)
    low, high = losses.min().item(), losses.max().item()
    within = low - 1e-2 * (1 + low) <= value <= high + 1e-2 * (1 + high)
    if within or len(losses) < 2 or not value.isfinite():
        return ""
    return (
        f"The rows in this batch have losses from {number(low)} to {number(high)}. Their mean lies "
        f"between the two, and {number(value.item())} doesn't."
    )


def minus_the_logarithm(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The loss of one row is minus the log of the target's probability."""
    if len(probe.logits) > 1 or not _is_off(value, expected):
        return ""
    p = (-expected).exp().item()
    return (
        f"In this one row, the target has the probability {number(p)}. The loss is minus its log, "
        f"{number(expected.item())}; yours is {number(value.item())}."
    )


def mean_of_the_rows(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The loss of a batch is the mean over its rows."""
    if len(probe.logits) < 2 or not _is_off(value, expected):
        return ""
    losses = ", ".join(number(loss) for loss in losses_of(probe).tolist())
    return (
        f"The losses of the rows in this batch are {losses}. Their mean is "
        f"{number(expected.item())}; yours is {number(value.item())}."
    )


# Mistakes on ordinary logits come before what happens to huge ones.
LOSS_LAWS = (
    Law(
        "loss-below-0",
        not_below_0,
        (
            "Which step could make the loss of one row negative?",
            "A probability is at most 1, so its log is at most 0, and minus that is at least 0.",
            AS_A_LINE,
        ),
    ),
    Law(
        "not-minus-log-of-the-probability",
        minus_the_logarithm,
        (
            "Print the softmax of this row, and the entry of the target.",
            "Pick the target's log-probability, and flip its sign.",
            AS_A_LINE,
        ),
    ),
    Law(
        "mean-out-of-range",
        between_the_rows,
        (
            "Print the losses of the rows before you reduce them to one number.",
            "The mean is their sum divided by how many there are.",
            MEAN_OF_ROWS,
        ),
    ),
    Law(
        "not-the-mean-of-the-rows",
        mean_of_the_rows,
        (
            "Print the losses of the rows before you reduce them to one number.",
            "Each row counts equally.",
            MEAN_OF_ROWS,
        ),
    ),
    *LOST_NUMBERS,
)


# --- the exercises --------------------------------------------------------------------------------


def _probes() -> tuple[Probe, ...]:
    log2, log3 = math.log(2), math.log(3)
    inputs = [
        (grid([2, 1, 0.1]), [0]),
        (grid([2, 1, 0.1]), [0], False, 1),  # with different random numbers
        # single rows: some from a batch below, and pairs with the same target probability
        (grid([1, 2]), [0]),
        (grid([3, 5]), [1]),
        (grid([0, 0]), [0]),
        (grid([log2, 0, 0]), [0]),
        (grid([0, 0, 0, log3]), [3]),
        (grid([2.5 - log2, 0.5 - log2, 0.5], [1, 2, 0])[:1], [2]),
        (row(1, 2, dtype=torch.float64)[None], [0]),
        (grid([1, 2], [3, 5], [0, 1]), [0, 1, 1]),
        (grid([0.5, 1, 2], [3, 1, 1.5]), [2, 0]),
        (grid([1, 2], [4, 2]), [0, 1]),
        (scores(4, 3), [1, 2, 0, 1]),
        (scores(3, 5), [4, 0, 2]),
        (scores(3, 3), [2, 0, 0]),
        (scores(2, 3), [2, 1], True),
        (scores(3, 4, dtype=torch.float64), [3, 1, 1]),
        (grid([200, 0, -5]), [1], True),
        (grid([1000, 1001, 1002], [0, 1, 2]), [0, 1]),
        (grid([-1000, -1001, -1002], [5, 5, 6]), [0, 1]),
        (grid([-60, -70]), [1]),
        (grid([-1000, -1001, -1002]), [1]),
        (grid([-60, 0, 60]), [1]),
        (grid([-60, 0, 60]), [0]),
        (grid([0, 0, 90]), [2]),
        (grid([100, 500, 0]), [1]),
        (row(*FAR_APART, dtype=torch.float64)[None], [1]),
    ]
    return tuple(_probe(logits, targets, *rest) for logits, targets, *rest in inputs)


def _huge() -> tuple[Probe, ...]:
    inputs = [
        (grid([HUGE, HUGE], [HUGE, HUGE]), [1, 0]),
        (grid([HUGE] * 3, [-HUGE, -HUGE - 16, -HUGE]), [0, 2]),
    ]
    # the rounding of logits this large may exceed the usual tolerance
    return tuple(replace(_probe(*given), rounding="relative") for given in inputs)


def _probe(logits: Tensor, targets: Sequence[int], gradient: bool = False, seed: int = 0) -> Probe:
    others = (torch.tensor(targets),)
    return Probe(logits, 1, gradient, others=others, rounding="absolute", seed=seed)


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    targets = torch.randint(0, 4, (3,), generator=generator).tolist()
    return tuple(
        _probe(s * (torch.rand(3, 4, generator=generator) - 0.5), targets) for s in (6, 3000)
    )


CROSS_ENTROPY = Exercise(
    "f(logits, targets)",
    (*_probes(), *_huge()),
    _fresh,
    reference=F.cross_entropy,
    right=(LossRecipe(),),
    by_hand=frozenset({"cross_entropy", "cross_entropy_loss"}),
    misconceptions=library(),
    laws=LOSS_LAWS,
)
# to fix a head, PyTorch's own loss will do, and none of the heads is about huge logits
REPAIR = replace(CROSS_ENTROPY, fixed=_probes(), by_hand=frozenset())
