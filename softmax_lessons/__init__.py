"""The code behind the softmax lessons: reference functions, figures and the exercise checker.

It has no aliases for PyTorch's functions: the lessons call `torch.softmax` by its own name.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from softmax_lessons import explorers, plots
    from softmax_lessons.checker.verdict import Verdict
    from softmax_lessons.checks import check
    from softmax_lessons.dtypes import Limits, limits
    from softmax_lessons.field_guide import Explanation, explain
    from softmax_lessons.functions import (
        cross_entropy,
        log_softmax,
        logsumexp,
        naive_softmax,
        stable_softmax,
    )
    from softmax_lessons.gains import after, before
    from softmax_lessons.heads import Inspection, inspect_head
    from softmax_lessons.in_order import Steps, steps
    from softmax_lessons.predictions import predict
    from softmax_lessons.progress import Progress, progress
    from softmax_lessons.review import review

__all__ = [
    "Explanation",
    "Inspection",
    "Limits",
    "Progress",
    "Steps",
    "Verdict",
    "after",
    "before",
    "check",
    "cross_entropy",
    "explain",
    "explorers",
    "inspect_head",
    "limits",
    "log_softmax",
    "logsumexp",
    "naive_softmax",
    "plots",
    "predict",
    "progress",
    "review",
    "stable_softmax",
    "steps",
]

_FUNCTIONS = ("cross_entropy", "log_softmax", "logsumexp", "naive_softmax", "stable_softmax")
_PLACES = {
    "Explanation": "field_guide",
    "Inspection": "heads",
    "Limits": "dtypes",
    "Progress": "progress",
    "Steps": "in_order",
    "Verdict": "checker.verdict",
    "after": "gains",
    "before": "gains",
    "check": "checks",
    "explain": "field_guide",
    "inspect_head": "heads",
    "limits": "dtypes",
    "predict": "predictions",
    "progress": "progress",
    "review": "review",
    "steps": "in_order",
    **dict.fromkeys(_FUNCTIONS, "functions"),
}


def __getattr__(name: str) -> object:
    """Load a name on first use; PyTorch takes seconds, and the command line needn't wait for it."""
    if name in ("explorers", "plots"):
        return importlib.import_module(f"{__name__}.{name}")
    if name in _PLACES:
        place = _PLACES[name]
        module = importlib.import_module(f"{__name__}.{place}")
        for each, where in _PLACES.items():
            if where == place:  # otherwise, the module would hide the function of the same name
                globals()[each] = getattr(module, each)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
