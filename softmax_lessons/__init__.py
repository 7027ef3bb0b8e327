"""What the softmax lessons use: reference functions, figures and the exercise checker.

There is no alias for PyTorch here: lessons call `torch.softmax` by its own name.
"""

from softmax_lessons import plots
from softmax_lessons.checker import Progress, Verdict, check, progress
from softmax_lessons.dtypes import Limits, limits
from softmax_lessons.functions import (
    cross_entropy,
    log_softmax,
    logsumexp,
    naive_softmax,
    stable_softmax,
)

__all__ = [
    "Limits",
    "Progress",
    "Verdict",
    "check",
    "cross_entropy",
    "limits",
    "log_softmax",
    "logsumexp",
    "naive_softmax",
    "plots",
    "progress",
    "stable_softmax",
]
