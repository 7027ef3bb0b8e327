"""How a program may use the public names: for the type checker in `make lint`; nothing runs it.

Each `assert_type` is what a strict type checker must find, in a program that only has the
installed package.
"""

from typing import Literal

import torch
from matplotlib.figure import Figure
from torch import Tensor
from typing_extensions import assert_type

import softmax_lessons
from softmax_lessons import (
    Explanation,
    Inspection,
    Limits,
    Progress,
    Steps,
    Verdict,
    after,
    before,
    check,
    cross_entropy,
    explain,
    explorers,
    inspect_head,
    limits,
    log_softmax,
    logsumexp,
    naive_softmax,
    online,
    plots,
    predict,
    progress,
    review,
    stable_softmax,
    steps,
)
from softmax_lessons.checker.verdict import Hint, Status
from softmax_lessons.field_guide import Entry, Message
from softmax_lessons.heads import Finding
from softmax_lessons.quiz import Quiz


def functions(logits: Tensor, targets: Tensor) -> None:
    assert_type(naive_softmax(logits, 1), Tensor)
    assert_type(stable_softmax(logits, dim=1), Tensor)
    assert_type(log_softmax(logits, 1), Tensor)
    assert_type(logsumexp(logits, 1, keepdim=True), Tensor)
    assert_type(cross_entropy(logits, targets), Tensor)
    assert_type(online.softmax(logits, dim=1, chunk=4), Tensor)


def checks() -> None:
    verdict = check("stable_softmax", stable_softmax)
    assert_type(verdict, Verdict)
    assert_type(verdict.status, Status)
    assert_type(verdict.passed, bool)
    assert_type(verdict.misconceptions, tuple[str, ...])
    assert_type(verdict.hint(), Hint)
    assert_type(check("stable_softmax", test=lambda function: None), Verdict)
    if verdict.status == "right":
        assert_type(verdict.status, Literal["right"])
    assert_type(steps("stable_softmax"), Steps | Verdict)
    assert_type(predict("the_wall", 89), Verdict)
    assert_type(progress(), Progress)
    assert_type(progress().solved, tuple[str, ...])


def asked() -> None:
    assert_type(review(4, seed=1), Quiz)
    assert_type(before(), Quiz)
    assert_type(after("B"), Quiz)


def looked_up(logits: Tensor, targets: Tensor) -> None:
    assert_type(explain("loss is nan"), Explanation)
    assert_type(explain(ValueError("no")).entries, tuple[Entry, ...])
    assert_type(explain().answer, Message | None)
    assert_type(inspect_head(logits, targets), Inspection)
    assert_type(inspect_head(logits).findings, tuple[Finding, ...])
    assert_type(limits(torch.float16), Limits)
    assert_type(limits(torch.float16).exp_finite_up_to, float)


def shown(fig: Figure) -> None:
    plots.show(fig, "What the picture shows.")
    explorers.softmax_explorer([2.0, 1.0, 0.1], temperature=2.0)
    explorers.dim_explorer((2, 3), predict=True)
    assert_type(softmax_lessons.__all__, list[str])
