"""Lesson 12: masked softmax and its laws, attention, and the predictions."""

from dataclasses import replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import Exercise, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.attend import ATTENTION
from softmax_lessons.lessons.laws import wrong_ratio
from softmax_lessons.lessons.masked_softmax_facts import Row, rows_of, wrong_rows
from softmax_lessons.lessons.masked_softmax_misconceptions import IN_FLOAT32, MASKS, OPEN_ROW
from softmax_lessons.lessons.masked_softmax_steps import RIGHT, RIGHTS
from softmax_lessons.lessons.misconceptions import TRACES
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.questions_12 import QUESTIONS


def _first_row(off: Tensor, probe: Probe, value: Tensor) -> Row:
    """Return the first row that has something wrong in it."""
    tables = rows_of(probe, value)
    return tuple(t[int(off.nonzero()[0, 0])] for t in tables)


def _numbers(row: Tensor) -> str:
    return f"[{', '.join(number(v) for v in row.tolist()[:6])}{', ...' if len(row) > 6 else ''}]"


def _seen(x: Tensor, keep: Tensor) -> str:
    """Write the scores of a row, the hidden ones in parentheses."""
    written = [number(v) if k else f"({number(v)})" for v, k in zip(x.tolist(), keep, strict=True)]
    return f"[{', '.join(written[:6])}{', ...' if len(written) > 6 else ''}]"


def no_nan(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """No result is nan or infinite."""
    _, _, rows, _ = rows_of(probe, value)
    off = ~rows.isfinite()
    if not off.any():
        return ""
    x, keep, y, _ = _first_row(off, probe, value)
    return f"For the scores {_seen(x, keep)}, hidden ones in parentheses, you return {_numbers(y)}."


def hidden_get_0(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Hidden keys get exactly 0."""
    _, keep, rows, _ = rows_of(probe, value)
    off = ~keep & (rows != 0) & keep.any(1, keepdim=True)
    if not off.any():
        return ""
    x, keep, y, _ = _first_row(off, probe, value)
    key = int((~keep & (y != 0)).nonzero()[0])
    return (
        f"Hidden keys should get exactly 0. In the row {_seen(x, keep)}, hidden scores in "
        f"parentheses, key {key} is hidden but gets {number(y[key].item())}."
    )


def empty_rows_are_0(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A row that keeps no keys is 0."""
    _, keep, rows, _ = rows_of(probe, value)
    off = ~keep.any(1, keepdim=True) & (rows != 0)
    if not off.any():
        return ""
    y = _first_row(off, probe, value)[2]
    return f"A row that keeps no keys should be 0, but yours is {_numbers(y)}."


def kept_sum_to_1(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The kept keys in a row sum to 1."""
    _, keep, rows, _ = rows_of(probe, value)
    sums = rows.masked_fill(~keep, 0).sum(1, keepdim=True)
    off = keep.any(1, keepdim=True) & ((sums - 1).abs() > 2e-3)
    if not off.any():
        return ""
    x, keep, y, _ = _first_row(off, probe, value)
    return (
        f"The kept keys in a row should sum to 1. In the row {_seen(x, keep)}, hidden scores in "
        f"parentheses, they get {_numbers(y[keep])}, which sums to {number(y[keep].sum().item())}."
    )


def ratios_are_exp_of_differences(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Two kept keys have the ratio exp(difference of their scores)."""
    for x, keep, y, p in zip(*rows_of(probe, value), strict=True):
        x, y, p = x[keep], y[keep], p[keep]
        if len(x) < 2:
            continue
        if found := wrong_ratio(y, p, slack=1e-2):
            i, j, got, wanted = found
            return (
                f"In one row, the kept scores {number(x[i].item())} and {number(x[j].item())} get "
                f"{number(y[i].item())} and {number(y[j].item())}. Their ratio is {number(got)}; "
                f"it should be exp of their difference, {number(wanted)}."
            )
    return ""


def rows_are_right(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Every row is right."""
    _, _, rows, right = rows_of(probe, value)
    wrong = wrong_rows(probe, rows, right)
    if not wrong.any():
        return ""
    x, keep, y, p = _first_row(wrong[:, None], probe, value)
    return (
        f"In the row {_seen(x, keep)}, hidden scores in parentheses, the kept keys should get "
        f"{_numbers(p[keep])}, but get {_numbers(y[keep])}."
    )


LAWS = (
    Law(
        "gives-nan",
        no_nan,
        (
            "Print each step. Which is the first to contain a nan or an inf?",
            "0 / 0, inf / inf, inf - inf and 0 * inf are all nan. Which one is yours?",
            "Look at the step before it: what made the 0 or the inf?",
        ),
    ),
    Law(
        "hidden-not-zero",
        hidden_get_0,
        (
            "Print the scores right before the softmax. What are the hidden ones?",
            "Only exp(-inf) is exactly 0.",
            'Fill with -inf before the softmax: `scores.masked_fill(~mask, float("-inf"))`.',
        ),
    ),
    Law("empty-row-not-zero", empty_rows_are_0, OPEN_ROW),
    Law(
        "kept-do-not-sum-to-1",
        kept_sum_to_1,
        (
            "Which exps do you add up for the division?",
            "Only the kept keys of the same row go into the sum.",
            "Fill the hidden scores with -inf, then take the softmax along the last dim.",
        ),
    ),
    Law(
        "ratios-not-exp",
        ratios_are_exp_of_differences,
        (
            "What happens to two kept scores before exp? Is it the same for both?",
            "Adding one number to a whole row doesn't change the ratios. A factor, a clamp or a "
            "different base does.",
            "Take exp of the kept scores themselves, or of all of them minus the same number.",
        ),
    ),
    Law(
        "some-rows-wrong",
        rows_are_right,
        (
            "Look at the row in the message: what is special about its mask, or its scores?",
            "Take this row out of the batch, and follow it through each step.",
            "Print the scores and the exps of this row in your function.",
        ),
    ),
)


def _mask(*rows: str) -> Tensor:
    """Return a mask: "x" is kept, "." is hidden."""
    return torch.tensor([[c == "x" for c in row] for row in rows])


def _probes() -> tuple[Probe, ...]:
    small, low = torch.tensor([[1.0, 2.0]]), torch.tensor([[-20000.0, -10000.0, -20001.0]])
    four, two = _mask("xx.x", "x..x", "....", "x.xx"), _mask("x.x", ".xx")
    half, double = torch.float16, torch.float64
    inputs = [
        (scores(4, 4), four, True),
        (small, _mask("xx")),
        (small, _mask("x.")),
        (small, _mask("..")),
        (scores(2, 3), two),
        (scores(3, 3), _mask("x..", "xx.", "xxx")),
        (torch.tensor([[1.0, 300.0, 2.0], [500.0, 1.0, 3.0]]), two, True),
        (scores(4), _mask("x.xx")[0]),
        (scores(2, 3, 4), _mask("xx..", "xxx.", "xxxx")),
        (scores(2, 3, 4), four[:1]),
        (scores(2, 2, 3, 4), _mask("xx..", "....", "xxxx")),
        (torch.tensor([[1.0, 2.0, 300.0]]), _mask("xx.")),
        # exp(95) is inf, but exp(-95) isn't 0 yet
        (torch.tensor([[1.0, 2.0, 97.0]]), _mask("xx.")),
        (torch.tensor([[0.0, 100.0, 3.0]]), _mask("xx.")),
        (torch.tensor([[1000.0, 1001.0, 999.0], [1.0, 2.0, 0.0]]), _mask("xx.")),
        (torch.tensor([[-1000.0, -1001.0, 0.0]]), _mask("xx.")),
        (torch.tensor([[-1001.0, -1000.0, -1002.0]]), _mask("xxx")),
        # below the usual stand-ins for -inf, down to the lowest number there is
        (low, _mask("x.x")),
        (1e7 * torch.tensor([[-200.0, -1.0, -201.0]]), _mask("x.x")),
        (1e30 * torch.tensor([[-200.0, -1.0, -201.0]]), _mask("x.x")),
        (torch.tensor([[-2e300, -1e300, -3e300]], dtype=double), _mask("x.x")),
        (scores(2, 3, dtype=half), two),
    ]
    # exp(-100) is a number in float64; its last digits don't matter
    double_scores = replace(
        _probe(scores(3, 3, dtype=double), _mask("x.x", ".xx", "xxx")), loose=True
    )
    return (*(_probe(*each) for each in inputs), double_scores)


def _probe(x: Tensor, mask: Tensor, gradient: bool = False) -> Probe:
    return Probe(x, -1, gradient, others=(mask,))


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    mask = torch.rand(3, 4, generator=generator) < 0.6
    x = torch.rand(2, 3, 4, generator=generator) - 0.5
    return (
        *(_probe(spread * x, mask) for spread in (6, 3000)),
        _probe((6 * x).bfloat16(), mask),
    )


def _exercises() -> dict[str, Exercise]:
    return {
        "masked_softmax": Exercise(
            "f(scores, mask)",
            _probes(),
            _fresh,
            reference=RIGHT,
            right=RIGHTS,
            misconceptions=(*NO_RESULT, IN_FLOAT32, *MASKS, *TRACES),
            laws=LAWS,
        ),
        "masked_attention": ATTENTION,
    }


PARSONS = (
    Parsons(
        "masked_softmax",
        """
        def my_masked_softmax(scores, mask):
            hidden = scores.masked_fill(~mask, float("-inf"))
            probs = torch.softmax(hidden, dim=-1)
            is_empty = ~mask.any(dim=-1, keepdim=True)
            return probs.masked_fill(is_empty, 0.0)
        """,
        wrong="hidden = scores * mask",
        mistake="zeroed-logits",
    ),
    Parsons(
        "masked_attention",
        """
        def attend(q, k, v, lengths):
            time = q.shape[1]
            not_later = torch.ones(time, time, dtype=torch.bool).tril()
            real = torch.arange(time) < lengths[:, None]
            keep = not_later & real[:, None, :]
            scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
            return torch.softmax(scores.masked_fill(~keep, float("-inf")), dim=-1) @ v
        """,
        wrong="keep = not_later & real[:, :, None]",
        mistake="padding-hides-queries",
    ),
)

TASKS = {**_exercises(), **QUESTIONS}
