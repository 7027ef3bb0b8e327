"""Pictures of where exp, and with it the softmax formula, leaves what a dtype can hold."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.dtypes import limits
from softmax_lessons.plots.display import BLACK, BLUE, ORANGE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIGHT, SUBTLY_WRONG, ZEROS, NAN = "right", "subtly wrong", "zeros", "nan"

# how each outcome is drawn: a colour, and a hatch for those who can't tell the colours apart
_STYLES = {
    RIGHT: (SKY, ""),
    SUBTLY_WRONG: (ORANGE, "...."),
    ZEROS: ("white", "////"),
    NAN: (VERMILION, "xxxx"),
}

# Rounding exp, the sum and the quotient to bfloat16 costs up to 1.2 % where nothing is amiss.
_TOLERANCE = 0.02


def bar_exp_range(ax: "Axes", dtypes: Sequence[torch.dtype]) -> str:
    """Draw, for each dtype, the x whose exp(x) is neither 0 nor inf, and describe the picture.

    Args:
        ax: axes to draw on.
        dtypes: floating-point dtypes, drawn from top to bottom.

    Raises:
        ValueError: if there are no dtypes.
    """
    if not dtypes:
        raise ValueError("bar_exp_range needs at least one dtype such as torch.float32, got none")
    names = [_name(dtype) for dtype in dtypes]
    lows = [limits(dtype).exp_positive_down_to for dtype in dtypes]
    highs = [limits(dtype).exp_finite_up_to for dtype in dtypes]
    widths = [high - low for low, high in zip(lows, highs, strict=True)]
    ax.barh(names, widths, left=lows, height=0.55, color=BLUE)
    for row, (low, high) in enumerate(zip(lows, highs, strict=True)):
        ax.annotate(
            f"{low:.2f} ", (low, row), ha="right", va="center", xytext=(-2, 0), **_IN_POINTS
        )
        ax.annotate(
            f" {high:.2f}", (high, row), ha="left", va="center", xytext=(2, 0), **_IN_POINTS
        )
    room = 0.2 * (max(highs) - min(lows))
    ax.set_xlim(min(lows) - room, max(highs) + room)
    ax.invert_yaxis()
    ax.set_xlabel("x")
    ax.text(0, 1.03, "left of the bar: exp(x) is 0", transform=ax.transAxes)
    ax.text(1, 1.03, "right of the bar: exp(x) is inf", transform=ax.transAxes, ha="right")
    ax.spines[["top", "right"]].set_visible(False)
    ranges = ", ".join(
        f"{name} {low:.2f} to {high:.2f}"
        for name, low, high in zip(names, lows, highs, strict=True)
    )
    return f"Bars along the number line: exp(x) is neither 0 nor inf for x from, in {ranges}."


def plot_drift(ax: "Axes", softmax: Callable[[Tensor, int], Tensor], tops: Tensor) -> str:
    """Draw what `softmax` makes of logits [x, x - 1] for each x, and describe the picture.

    The right answer does not depend on x: 0.7311 for the first of the two.

    Args:
        ax: axes to draw on.
        softmax: the function to try, called with logits of shape (points, 2) and dim 1.
        tops: shape (points,), the x to try, from small to large, in the dtype to try them in.

    Raises:
        ValueError: if `tops` is not a one-dimensional floating-point tensor of at least 2
            increasing entries.
    """
    _require_tops(tops, "plot_drift")
    x = tops.double()
    probs = softmax(_pairs(tops, 2), 1)[:, 0].double()
    right = torch.tensor([1.0, 0.0], dtype=torch.float64).softmax(0)[0].item()
    lost = probs.isnan()
    astray = (probs - right).abs() > _TOLERANCE

    ax.axhline(right, color=BLACK, linestyle="--", label=f"right answer, {right:.4f}")
    ax.plot(x.tolist(), probs.tolist(), color=BLUE, marker=".", markersize=4, label="formula")
    parts = [
        f"Line chart of the first probability for logits [x, x - 1], x from {x[0]:g} to {x[-1]:g}, "
        f"in {_name(tops.dtype)}; the right answer is {right:.4f} everywhere"
    ]
    for value in (True, False):
        for start, stop in _runs(lost.tolist(), value):
            if value:
                ax.axvspan(
                    x[start].item(),
                    x[stop - 1].item(),
                    facecolor="white",
                    edgecolor=VERMILION,
                    hatch=_STYLES[NAN][1],
                    linewidth=0,
                )
                ax.annotate(
                    "nan",
                    ((x[start] + x[stop - 1]).item() / 2, 0.5),
                    ha="center",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
                )
                parts.append(f"the formula gives nan from {x[start]:g} to {x[stop - 1]:g}")
    if astray.any():
        parts.append(
            f"it is off by more than {_TOLERANCE} at some x from {x[astray].min():g} to "
            f"{x[astray].max():g}, where it runs from {probs[astray].min():.4f} to "
            f"{probs[astray].max():.4f}"
        )
    else:
        parts.append(f"the formula is never off by more than {_TOLERANCE}")
    ax.set_xlim(x[0].item(), x[-1].item())
    ax.set_ylim(0, 1.1)
    ax.set_xlabel("x")
    ax.set_ylabel("probability of the first class")
    ax.legend(loc="lower right", frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return "; ".join(parts) + "."
