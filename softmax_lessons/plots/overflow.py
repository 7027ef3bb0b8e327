"""Pictures of where exp, and so the softmax formula, goes beyond what a dtype can hold."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.dtypes import limits
from softmax_lessons.plots.display import BLACK, BLUE, ORANGE, SKY, VERMILION, YELLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# How each outcome is drawn: a colour, and a hatch for people who can't tell the colours apart.
_OUTCOMES = {
    "right": (SKY, ""),
    "subtly wrong": (ORANGE, "..."),
    "zeros": (YELLOW, "|||"),
    "nan": (VERMILION, "xx"),
}

# Even if nothing is wrong, rounding exp, the sum and the quotient to bfloat16 costs up to 1.2%.
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
    ends = [(limits(d).exp_positive_down_to, limits(d).exp_finite_up_to) for d in dtypes]
    lows, highs = zip(*ends, strict=True)
    ax.barh(names, [high - low for low, high in ends], left=lows, height=0.55, color=BLUE)
    room = 0.2 * (max(highs) - min(lows))
    for row, (low, high) in enumerate(ends):
        ax.text(low - 0.05 * room, row, f"{low:.2f}", ha="right", va="center")
        ax.text(high + 0.05 * room, row, f"{high:.2f}", ha="left", va="center")
    ax.set_xlim(min(lows) - room, max(highs) + room)
    ax.invert_yaxis()
    ax.set_xlabel("x")
    ax.text(0, 1.03, "left of the bar: exp(x) is 0", transform=ax.transAxes)
    ax.text(1, 1.03, "right of the bar: exp(x) is inf", transform=ax.transAxes, ha="right")
    ax.spines[["top", "right"]].set_visible(False)
    ranges = [f"{low:.2f} to {high:.2f} in {n}" for n, (low, high) in zip(names, ends, strict=True)]
    return f"Bars along a number line, where exp(x) is neither 0 nor inf: {', '.join(ranges)}."


def plot_drift(ax: "Axes", softmax: Callable[[Tensor, int], Tensor], tops: Tensor) -> str:
    """Draw the first probability of logits [x, x - 1] for each x, and describe the picture.

    The right answer is 0.7311, whatever x is.

    Args:
        ax: axes to draw on.
        softmax: the function to try, called with logits of shape (points, 2) and dim 1.
        tops: shape (points,), the x to try, increasing, in the dtype to try them in.

    Raises:
        ValueError: if `tops` isn't one-dimensional, floating-point and increasing, with at least 2
            entries.
    """
    _require_tops(tops, "plot_drift")
    x = tops.double()
    probs = softmax(_pairs(tops, 2), 1)[:, 0].double()
    right = _right(tops, 2)[0, 0].item()
    off = (probs / right - 1).abs() > _TOLERANCE  # False for nan

    ax.axhline(right, color=BLACK, linestyle="--", label="right answer")
    ax.plot(x.tolist(), probs.tolist(), color=BLUE, marker=".", label="this softmax")
    found = [
        f"off by more than {_TOLERANCE:.0%} only between x = {x[off].min():g} and "
        f"{x[off].max():g}, where it lies between {probs[off].min():.4f} and "
        f"{probs[off].max():.4f}"
        if off.any()
        else f"never off by more than {_TOLERANCE:.0%}"
    ]
    colour, hatch = _OUTCOMES["nan"]
    for start, stop in _runs(probs.isnan().tolist()):
        left, end = x[start].item(), x[stop - 1].item()
        ax.axvspan(left, end, facecolor="white", edgecolor=colour, hatch=hatch, linewidth=0)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        ax.text((left + end) / 2, 0.3, "nan", ha="center", bbox=box)
        found.append(f"nan from {left:g} to {end:g}")
    ax.set_xlim(x[0].item(), x[-1].item())
    ax.set_ylim(0, 1.1)
    ax.set_xlabel("x, the larger logit")
    ax.set_ylabel("probability of the first")
    ax.legend(loc="lower right")
    ax.spines[["top", "right"]].set_visible(False)
    return (
        f"Line chart of the first probability for logits [x, x - 1] in {_name(tops.dtype)}, x from "
        f"{x[0]:g} to {x[-1]:g}. The right answer is {right:.4f} everywhere; this softmax is "
        f"{'; and '.join(found)}."
    )


def map_outcomes(
    ax: "Axes",
    softmax: Callable[[Tensor, int], Tensor],
    tops: Tensor,
    counts: Sequence[int],
) -> str:
    """Draw whether `softmax` is right or how it fails, and describe the picture.

    The logits are [x, x - 1], repeated to fill a number of classes. A result is right if each
    probability is within 2% of the exact one, "zeros" if each is 0, "nan" if any is nan, and
    subtly wrong otherwise. It's up to the caller to draw the legend, perhaps one for several axes.

    Args:
        ax: axes to draw on.
        softmax: the function to try, called with logits of shape (points, classes) and dim 1.
        tops: shape (points,), the x to try, increasing and evenly spaced, in the dtype to try
            them in.
        counts: the numbers of classes to try, each even; drawn from bottom to top.

    Raises:
        ValueError: if `tops` isn't one-dimensional, floating-point and increasing, with at least 2
            entries; or if `counts` is empty or holds anything but even numbers of at least 2.
    """
    _require_tops(tops, "map_outcomes")
    if not counts or any(count < 2 or count % 2 for count in counts):
        raise ValueError(
            f"map_outcomes needs counts that are even and at least 2, got {list(counts)}"
        )
    x = tops.tolist()
    step = x[1] - x[0]
    rows = [_classify(softmax(_pairs(tops, n), 1), _right(tops, n)) for n in counts]
    for outcome, (colour, hatch) in _OUTCOMES.items():
        runs = [
            (row, x[start] - step / 2, (stop - start) * step)
            for row, outcomes in enumerate(rows)
            for start, stop in _runs([each == outcome for each in outcomes])
        ]
        # drawn even if empty, so that the legend has all four
        at, lefts, widths = zip(*runs, strict=True) if runs else ((), (), ())
        ax.barh(
            at, widths, left=lefts, height=1, color=colour, hatch=hatch, linewidth=0, label=outcome
        )
    ax.set_xlim(x[0] - step / 2, x[-1] + step / 2)
    ax.set_ylim(-0.5, len(counts) - 0.5)
    shown = range(0, len(counts), max(1, len(counts) // 4))
    ax.set_yticks(list(shown), [str(counts[row]) for row in shown])
    ax.set_xlabel("x, the largest logit")
    ax.set_ylabel("classes")
    ax.set_title(_name(tops.dtype))
    ends = dict.fromkeys((0, len(counts) - 1))  # only one if there's only one
    described = [f"with {counts[i]} classes, {_ranges(rows[i], x)}" for i in ends]
    return (
        f"Map of outcomes in {_name(tops.dtype)} for logits [x, x - 1], repeated, x from {x[0]:g} "
        f"to {x[-1]:g}: {'; '.join(described)}."
    )


def _classify(probs: Tensor, right: Tensor) -> list[str]:
    """Name the outcome of each row; both have shape (points, classes)."""
    nan = probs.isnan().any(1).tolist()
    zeros = (probs == 0).all(1).tolist()
    off = ((probs.double() / right - 1).abs() > _TOLERANCE).any(1).tolist()
    return [
        "nan" if is_nan else "zeros" if is_zeros else "subtly wrong" if is_off else "right"
        for is_nan, is_zeros, is_off in zip(nan, zeros, off, strict=True)
    ]


def _ranges(outcomes: list[str], x: list[float]) -> str:
    """Say at which x each outcome begins and ends, from left to right."""
    said = []
    for is_nan, group in groupby(range(len(x)), key=lambda i: outcomes[i] == "nan"):
        points = list(group)
        for outcome in ["nan"] if is_nan else ["subtly wrong", "right", "zeros"]:
            if there := [x[i] for i in points if outcomes[i] == outcome]:
                first, last = f"{there[0]:g}", f"{there[-1]:g}"
                where = f"at {first}" if first == last else f"from {first} to {last}"
                said.append(f"{outcome} {where}")
    return ", ".join(said)


def _pairs(tops: Tensor, count: int) -> Tensor:
    """Return logits of shape (points, count), alternating x and x - 1."""
    return torch.stack([tops, tops - 1], dim=1).repeat(1, count // 2)


def _right(tops: Tensor, count: int) -> Tensor:
    """Return the exact softmax of `_pairs`, in float64, in a way that's safe for any x."""
    gaps = torch.tensor([0.0, -1.0], dtype=torch.float64).expand(len(tops), 2)
    return gaps.softmax(1).repeat(1, count // 2) / (count // 2)


def _runs(flags: list[bool]) -> list[tuple[int, int]]:
    """Return the runs of True flags, as pairs of the first index and the one after the last."""
    runs = []
    for flag, group in groupby(range(len(flags)), key=flags.__getitem__):
        indices = list(group)
        if flag:
            runs.append((indices[0], indices[-1] + 1))
    return runs


def _require_tops(tops: Tensor, function: str) -> None:
    """Raise unless `tops` is one-dimensional, floating-point and increasing."""
    if tops.dim() != 1 or len(tops) < 2 or not tops.is_floating_point():
        raise ValueError(
            f"{function} needs floating-point tops of shape (points,), at least 2 of them, got "
            f"{tops.dtype} of shape {tuple(tops.shape)}"
        )
    if not (tops.diff() > 0).all():
        raise ValueError(f"{function} needs tops from small to large, got {tops.tolist()}")


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
