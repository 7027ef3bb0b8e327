"""What the softmax lessons use: reference functions, figures and the exercise checker.

There is no alias for PyTorch here: lessons call `torch.softmax` by its own name.
"""

from typing import TYPE_CHECKING

from softmax_lessons import explorers, plots
from softmax_lessons.dtypes import Limits, limits
from softmax_lessons.functions import (
    cross_entropy,
    log_softmax,
    logsumexp,
    naive_softmax,
    stable_softmax,
)

if TYPE_CHECKING:
    from softmax_lessons.checker import Progress, Verdict, check, progress

__all__ = [
    "Limits",
    "Progress",
    "Verdict",
    "check",
    "cross_entropy",
    "explorers",
    "limits",
    "log_softmax",
    "logsumexp",
    "naive_softmax",
    "plots",
    "progress",
    "stable_softmax",
]


def __getattr__(name: str) -> object:
    """Load the checker when it is first asked for."""
    if name in ("Progress", "Verdict", "check", "progress"):
        from softmax_lessons import checker

        return getattr(checker, name)
    raise AttributeError(f"module 'softmax_lessons' has no attribute {name!r}")
