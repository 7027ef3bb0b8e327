"""Lesson 08: the gradient of softmax, by hand."""

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import Exercise, scores
from softmax_lessons.checker.hunt import Hunt
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.backward import FORMULA, RIGHT
from softmax_lessons.lessons.backward_dims import DIMS, SHAPES
from softmax_lessons.lessons.backward_formula import TERMS
from softmax_lessons.lessons.gradient_steps import (
    by_matrix,
    softmax_by_hand,
    softmax_diagonal,
    softmax_of_pytorch,
    softmax_with,
)
from softmax_lessons.lessons.laws import no_inf, no_nan, slices
from softmax_lessons.lessons.lesson_01 import BUILT_IN
from softmax_lessons.lessons.misconceptions import TRACES
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.questions_08 import QUESTIONS

# functions that go back through a softmax, including those PyTorch calls for a gradient
SOFTMAXES = BUILT_IN | {"softmax_backward_data", "log_softmax_backward_data"}


# --- laws -----------------------------------------------------------------------------------------


def _off(sums: Tensor, probe: Probe) -> Tensor:
    return sums.abs() > 1e-3 * max(1.0, probe.magnitude)


def _slices_sum_to_zero(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Each slice sums to 0: raising all logits by the same amount changes nothing."""
    off = _off(value.sum(probe.dim), probe)
    if not off.any():
        return ""
    for dim in range(value.dim()):
        if dim != probe.dim % value.dim() and not _off(value.sum(dim), probe).any():
            return (
                f"Your results sum to 0 along dim {dim}; it should be along dim {probe.dim}, whose "
                "entries compete."
            )
    if not _off(value.sum(), probe):
        return "Your results sum to 0 over the whole tensor, not slice by slice."
    total = value.sum(probe.dim)[off].flatten()[0].item()
    return (
        "Raising all logits of a slice by the same amount changes nothing, so each slice of the "
        f"result sums to 0. This one sums to {number(total)}."
    )


def _nothing_where_p_is_zero(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Where the probability is 0, so is the result."""
    off = (probe.logits == 0) & _off(value, probe)
    if not off.any():
        return ""
    return (
        "A class with probability 0 stays at 0 if its logit changes a little. For one of these, "
        f"your result is {number(value[off][0].item())}."
    )


def _no_pull_if_all_pull_alike(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The same gradient for all probabilities in a slice cancels: they sum to 1 anyway."""
    rows = slices(probe.rest[0].double(), probe)
    off = (rows == rows[:, :1]).all(1) & _off(slices(value, probe), probe).any(1)
    if rows.shape[1] == 1 or not off.any():
        return ""
    row = int(off.nonzero()[0])
    entry = slices(value, probe)[row].abs().max().item()
    return (
        f"Here `grad` is {number(rows[row, 0].item())} for a whole slice. Its probabilities sum to "
        "1 whatever the logits do, so every result should be 0; one of yours is off by "
        f"{number(entry)}."
    )


def _same_direction(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The results have the right signs."""
    clear = expected.abs() > 1e-2 * max(1.0, probe.magnitude)
    if not clear.any() or not (value[clear] * expected[clear] < 0).all():
        return ""
    got, wanted = value[clear][0].item(), expected[clear][0].item()
    return (
        "A logit should go up where `grad` is above its slice's average. All the signs in your "
        f"result are flipped: {number(got)}, for example, should be {number(wanted)}."
    )


def _one_factor(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Results are the right ones, not a multiple of them."""
    wanted = expected.abs().max()
    two_alone = probe.logits.shape[probe.dim] == 2  # two that sum to 0 are always a multiple
    if wanted < 1e-3 or two_alone or not value.isfinite().all():
        return ""
    factor = (value.flatten() / expected.flatten())[expected.abs().argmax()].item()
    apart = (value - factor * expected).abs().max()
    if abs(factor - 1) < 1e-3 or apart > 1e-4 * abs(factor) * wanted or abs(factor) < 1e-3:
        return ""
    return f"All your results are the right ones times {number(factor)}."


def _one_number_subtracted(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """In each slice, the same number is subtracted from the gradient: its weighted average."""
    tables = (slices(x.double(), probe) for x in (probe.logits, probe.rest[0], value, expected))
    for p, g, y, wanted in zip(*tables, strict=True):
        heavy = p > 1e-3
        if _off(y - wanted, probe).any() and heavy.sum() > 1:
            taken = (g - y / p)[heavy]
            average = (p * g).sum().item()
            if (taken - taken[0]).abs().max() < 1e-3 * (1 + taken.abs().max()):
                return (
                    f"In one slice, your result is p * (grad - {number(taken[0].item())}). You "
                    f"should subtract the sum of p * grad, {number(average)}."
                )
            low, high = taken.min().item(), taken.max().item()
            return (
                "In each slice, you should subtract the same number from `grad` before you "
                f"multiply by p. In one of yours, it's {number(low)} for one entry and "
                f"{number(high)} for another; the sum of p * grad is {number(average)}."
            )
    return ""


def _some_slices_right(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The answer is right in every slice."""
    wrong = _off(slices(value - expected, probe), probe).any(1)
    if not wrong.any() or wrong.all():
        return ""
    first = slices(probe.logits.double(), probe)[int(wrong.nonzero()[0])]
    shown = ", ".join(number(v) for v in first.tolist())
    return (
        f"{int((~wrong).sum())} of {len(wrong)} slices are right. The first wrong one has the "
        f"probabilities [{shown}]."
    )


NAN_HINTS = (
    "Print each step. Which is the first to contain a nan or an inf?",
    "Only a division, a log or an overflow can cause one, and the formula has none of those.",
    FORMULA,
)
LAWS = (
    Law(
        "one-factor-off",
        _one_factor,
        (
            "Divide your result by the expected one. Which number do you get?",
            "There are no sizes and no constants in the formula.",
            "Leave out the factor or the division.",
        ),
    ),
    Law(
        "signs-turned-round",
        _same_direction,
        (
            "Try probs [0.5, 0.5] and grad [1, 0]: which logit should go up?",
            "A gradient points to where the loss grows.",
            "Write `grad - sum`, not `sum - grad`.",
        ),
    ),
    Law(
        "slices-do-not-sum-to-0",
        _slices_sum_to_zero,
        (
            "Add up one slice of your result. Which step should have made that 0?",
            "p * grad and p * sum have the same sum over a slice, if `sum` is the sum of p * grad.",
            FORMULA,
        ),
    ),
    Law(
        "moves-impossible-classes",
        _nothing_where_p_is_zero,
        (
            "Which of your terms isn't multiplied by p?",
            "In p * (grad - sum), the factor p multiplies everything.",
            "Multiply the whole difference by `probs`.",
        ),
    ),
    Law(
        "constant-grad-moves-logits",
        _no_pull_if_all_pull_alike,
        (
            "Give your function a `grad` of ones. What does it return?",
            "A number that's the same for all has to cancel: it is its own average.",
            FORMULA,
        ),
    ),
    # this late, because a mistake on ordinary inputs says more than a nan on others
    Law("gives-nan", no_nan, NAN_HINTS),
    Law("gives-inf", no_inf, NAN_HINTS),
    Law(
        "some-slices-wrong",
        _some_slices_right,
        (
            "What do the wrong slices have in common?",
            "Each slice needs its own sum, from its own p and grad.",
            "Pass `dim` and `keepdim=True` to `sum`.",
        ),
    ),
    Law(
        "subtracts-another-number",
        _one_number_subtracted,
        (
            "Print what you subtract from `grad`, slice by slice.",
            "It should be one number per slice: the average of `grad`, weighted by p.",
            FORMULA,
        ),
    ),
)


# --- probes ---------------------------------------------------------------------------------------


def _probe(probs: Tensor, dim: int, size: float = 1.0) -> Probe:
    grad = scores(*probs.shape, dtype=probs.dtype).flatten().flip(0).reshape(probs.shape) + 0.5
    return Probe(probs, dim, others=(size * grad, dim), rounding="absolute")


def _probes() -> tuple[Probe, ...]:
    shapes = [((3, 3), 1), ((2, 2), 0), ((2,), 0), ((3,), -1), ((2, 3), 1), ((2, 3), 0)]
    shapes += [((2, 3), -2), ((1, 3), 1)]
    shapes += [((2, 2, 2), i) for i in range(3)] + [((2, 3, 4), i) for i in (0, 1, -1, -2)]
    probes = [_probe(torch.softmax(scores(*shape), dim), dim) for shape, dim in shapes]
    table = torch.softmax(scores(2, 3), 1)
    alike = Probe(table, 1, others=(torch.full_like(table, 2.0), 1), rounding="absolute")
    # large enough that float64 shows no more than float32 does: an eps isn't a mistake in the
    # formula
    exact = _probe(torch.softmax(scores(3, 4, dtype=torch.float64), 1), 1, size=1e7)
    return (*probes, alike, exact, _probe(torch.softmax(40 * scores(2, 3), 1), 1))


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    x = 6 * torch.rand(3, 2, 4, generator=generator) - 3
    grad = torch.rand(3, 2, 4, generator=generator)
    return tuple(
        Probe(torch.softmax(x, i), i, others=(grad, i), rounding="absolute") for i in range(3)
    )


SOFTMAX_BACKWARD = Exercise(
    "f(probs, grad, dim)",
    _probes(),
    _fresh,
    reference=RIGHT,
    right=(RIGHT,),
    by_hand=SOFTMAXES,
    misconceptions=(*NO_RESULT, *TERMS, *DIMS, *TRACES, *SHAPES),
    laws=LAWS,
)


# --- a test that finds a wrong gradient -----------------------------------------------------------

WRONG_GRADIENT = Hunt(
    (softmax_of_pytorch, softmax_by_hand, softmax_with(RIGHT), softmax_with(by_matrix)),
    (
        ("multiplies g by p * (1 - p), the diagonal of the Jacobian alone", softmax_diagonal),
        (
            "subtracts one average, of the whole tensor, from all slices",
            softmax_with(lambda p, g, dim: p * (g - (p * g).sum())),
        ),
        (
            "subtracts the plain average of g, not weighted by p",
            softmax_with(lambda p, g, dim: p * (g - g.mean(dim=dim, keepdim=True))),
        ),
        (
            "sums along the last dim, whatever `dim` is",
            softmax_with(lambda p, g, dim: RIGHT(p, g, -1)),
        ),
        (
            "passes on no gradient: it is 0 everywhere",
            softmax_with(lambda p, g, dim: torch.zeros_like(p)),
        ),
        (
            "flips the sign of the gradient",
            softmax_with(lambda p, g, dim: -RIGHT(p, g, dim)),
        ),
    ),
    (
        "Which g does your test use? With the same number everywhere, the right gradient is 0.",
        "One row can't show a mistake between rows, and one `dim` can't show a mistake along the "
        "other. Take two rows of three, and both dims.",
        "`torch.autograd.gradcheck(lambda x: function(x, dim), x)` for both, with `x` in float64.",
    ),
)

PARSONS = (
    Parsons(
        "softmax_backward",
        """
        def softmax_backward(probs, grad, dim):
            weighted = probs * grad
            totals = weighted.sum(dim=dim, keepdim=True)
            centred = grad - totals
            return probs * centred
        """,
        wrong="centred = grad - weighted",
        mistake="diagonal-jacobian",
    ),
    Parsons(
        "hunt_wrong_gradient",
        """
        def test_gradient(function):
            rows = [[2.0, 1.0, 0.1], [0.0, 3.0, -1.0]]
            x = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
            for dim in (0, 1):
                torch.autograd.gradcheck(lambda x: function(x, dim), x)
        """,
        wrong="rows = [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]",
        mistake="misses-the-bug",
    ),
)

TASKS = {
    "softmax_backward": SOFTMAX_BACKWARD,
    "hunt_wrong_gradient": WRONG_GRADIENT,
    **QUESTIONS,
}
