"""Pictures of what a dtype with few bits can hold, and of what rounding does to a softmax."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.plots.display import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES = ((BLUE, "-", 3.0), (VERMILION, "-.", 2.0), (GREEN, ":", 2.5), (ORANGE, "--", 1.5))


def rule_values(ax: "Axes", dtypes: Sequence[torch.dtype]) -> str:
    """Draw a tick at each number from 1 to 4 that a dtype can hold, and describe the picture.

    Args:
        ax: axes to draw on.
        dtypes: floating-point dtypes with at most 128 numbers from 1 up to 2, drawn from top to
            bottom; for others, such as float16, the ticks would run together.

    Raises:
        ValueError: if there are no dtypes, or one of them has more numbers.
    """
    if not dtypes or any(torch.finfo(dtype).eps < 1 / 128 for dtype in dtypes):
        raise ValueError(
            "rule_values needs dtypes with at most 128 numbers from 1 up to 2, such as "
            f"torch.bfloat16, got {list(dtypes)}"
        )
    told = []
    for row, dtype in enumerate(dtypes):
        values = _values(dtype, 1.0, 4.0)
        # not snapped to pixels, which would make equal gaps look different
        ax.vlines(values.tolist(), row - 0.35, row + 0.35, color=BLUE, linewidth=0.8, snap=False)
        steps = [int(((values >= a) & (values < b)).sum()) for a, b in pairwise((1, 2, 4))]
        told.append(f"{_name(dtype)} {steps[0]} and {steps[1]}")
    ax.set_yticks(range(len(dtypes)), [_name(dtype) for dtype in dtypes])
    ax.set_ylim(len(dtypes) - 0.5, -0.5)
    ax.set_xlim(0.98, 4.02)
    ax.set_xticks([1, 2, 3, 4])
    ax.set_xlabel("numbers from 1 to 4 that the dtype can hold")
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return (
        f"Rulers with a tick at each number; from 1 up to 2, and from 2 up to 4: {'; '.join(told)}."
    )


def bar_errors(ax: "Axes", names: Sequence[str], errors: Sequence[float]) -> str:
    """Draw one bar per relative error, from top to bottom, and describe the picture.

    Args:
        ax: axes to draw on.
        names: the source of each error.
        errors: one relative error per name, at least 0; 0.13 is shown as 13%.

    Raises:
        ValueError: if there aren't as many errors as names, or one is negative or not finite.
    """
    values = torch.tensor(list(errors), dtype=torch.float64)
    if len(names) != len(errors) or not len(names) or not ((values >= 0) & values.isfinite()).all():
        raise ValueError(
            f"bar_errors needs finite errors of at least 0, one for each of the names "
            f"{list(names)}, got {list(errors)}"
        )
    texts = [f"{100 * error:.2g}%" for error in errors]
    bars = ax.barh(list(names), [100 * error for error in errors], color=SKY, edgecolor=BLUE)
    ax.bar_label(bars, texts, padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.set_xlabel("worst relative error in %")
    ax.spines[["top", "right"]].set_visible(False)
    pairs = [f"{name} {text}" for name, text in zip(names, texts, strict=True)]
    return f"Bars of the worst relative error: {', '.join(pairs)}."


def plot_running_sums(ax: "Axes", dtypes: Sequence[torch.dtype], count: int) -> str:
    """Draw the sum 1 + 1 + 1 + ..., added one by one in each dtype, and describe the picture.

    Args:
        ax: axes to draw on.
        dtypes: up to four floating-point dtypes that support addition.
        count: how many ones.

    Raises:
        ValueError: if there are no dtypes, or more than four, or `count` isn't positive.
    """
    if not 0 < len(dtypes) <= len(_LINES) or count < 1:
        raise ValueError(
            f"plot_running_sums needs one to {len(_LINES)} dtypes and a count of at least 1, got "
            f"{list(dtypes)} and {count}"
        )
    ends: dict[float, list[str]] = {}
    for dtype, (colour, line, width) in zip(dtypes, _LINES, strict=False):
        sums = _running_sums(dtype, count)
        ax.plot(range(count + 1), sums, color=colour, linestyle=line, linewidth=width)
        ends.setdefault(sums[-1], []).append(_name(dtype))
    told = []
    for end, names in ends.items():  # one label for lines that end at the same height
        text = f"{' and '.join(names)}\n{'stays at' if end < count else 'up to'} {end:g}"
        ax.annotate(text, (count, end), (6, 0), textcoords="offset points", va="center")
        told.append(text.replace("\n", " "))
    ax.plot([0, count], [0, count], color=BLACK, linestyle=(0, (1, 3)), linewidth=1)
    ax.set_xlim(0, count)
    ax.set_ylim(0, count)
    ax.set_xlabel("ones added")
    ax.set_ylabel("running sum")
    ax.spines[["top", "right"]].set_visible(False)
    return f"Line chart of running sums of {count} ones: {'; '.join(told)}."


def _values(dtype: torch.dtype, low: float, high: float) -> Tensor:
    """Return all numbers of `dtype` from `low` (at least 1) to `high`, in float64."""
    step = torch.finfo(dtype).eps  # the spacing at 1; it is wider above 2
    fine = torch.arange(low, high + step / 2, step, dtype=torch.float64)
    return fine.to(dtype).double().unique()


def _running_sums(dtype: torch.dtype, count: int) -> list[float]:
    total, one = torch.zeros((), dtype=dtype), torch.ones((), dtype=dtype)
    sums = [0.0]
    for _ in range(count):
        total = total + one
        sums.append(total.item())
    return sums


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
