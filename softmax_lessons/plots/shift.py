"""Pictures of logits on the number line, before and after a shift."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.dtypes import limits
from softmax_lessons.plots.display import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = ("o", "s", "^", "D")


def number_line(
    ax: "Axes", rows: Sequence[Tensor], names: Sequence[str], dtype: torch.dtype = torch.float32
) -> str:
    """Draw rows of logits as points on a number line, and where exp fails.

    Args:
        ax: axes to draw on.
        rows: tensors of shape (classes,), drawn from top to bottom; up to four classes.
        names: one name per row.
        dtype: the dtype whose limits to draw.

    Returns:
        A description with the numbers, and how many in each row overflow, underflow or lose digits.

    Raises:
        ValueError: if a row isn't one-dimensional, or there aren't as many names as rows.
    """
    if len(rows) != len(names) or any(row.dim() != 1 for row in rows):
        raise ValueError(
            f"number_line needs rows of shape (classes,), one for each of the names {list(names)}, "
            f"got shapes {[tuple(row.shape) for row in rows]}"
        )
    found = limits(dtype)
    low, high = found.exp_positive_down_to, found.exp_finite_up_to
    full = math.log(torch.finfo(dtype).tiny)  # below this, exp has fewer digits
    every = torch.cat([*rows, torch.tensor([low, high])]).double()
    room = 0.06 * (every.max() - every.min()).item()
    left, right = every.min().item() - 3 * room, every.max().item() + 3 * room
    ax.axvspan(left, low, facecolor="white", edgecolor="#999999", hatch="..", linewidth=0)
    ax.axvspan(low, full, facecolor="#E8E8E8", linewidth=0)
    ax.axvspan(high, right, facecolor="white", edgecolor=ORANGE, hatch="//", linewidth=0)
    ax.axvline(low, color="#666666", linestyle=":")
    ax.axvline(high, color=ORANGE, linestyle="--")
    told = []
    for y, (name, row) in enumerate(zip(names, rows, strict=True)):
        for value, marker in zip(row.tolist(), MARKERS, strict=False):
            ax.plot([value], [y], marker=marker, color=BLUE, markersize=9, clip_on=False)
        numbers = ", ".join(f"{value:g}" for value in row.tolist())
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        middle = row.double().mean().item()
        ax.text(middle, y - 0.32, numbers, ha="center", va="center", fontsize=9, bbox=box)
        lost = [
            f"{count} {what}"
            for count, what in (
                (int((row > high).sum()), "overflow"),
                (int((row < low).sum()), "underflow"),
                (int(((row >= low) & (row < full)).sum()), "with few digits"),
            )
            if count
        ]
        told.append(f"{name}: {numbers} ({' and '.join(lost) or 'all in range'})")
    ax.set_xlim(left, right)
    ax.set_ylim(len(rows) - 0.5, -0.7)
    ax.set_yticks(range(len(rows)), names)
    ax.set_xlabel(f"logit, in {str(dtype).removeprefix('torch.')}")
    top = ax.get_xaxis_transform()
    ax.text(low, 1.02, "exp is 0 ", transform=top, ha="right", fontsize=9)
    ax.text(low, 1.02, " few digits", transform=top, ha="left", fontsize=9)
    ax.text((low + high) / 2, 1.02, "exp fits", transform=top, ha="center", fontsize=9)
    ax.text(1, 1.02, "exp is inf", transform=ax.transAxes, ha="right", fontsize=9)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return (
        f"Number line for {str(dtype).removeprefix('torch.')}, where exp fits from {low:.2f} to "
        f"{high:.2f}. {'; '.join(told)}."
    )
