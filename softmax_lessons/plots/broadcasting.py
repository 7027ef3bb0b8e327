"""Pictures of how two shapes line up, and of each entry's divisor."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.plots.display import BLACK, BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = "#B0B0B0"


def align_shapes(ax: "Axes", upper: Mapping[str, int], lower: Mapping[str, int]) -> str:
    """Draw two shapes as boxes, lined up from the right, with what broadcasting does to them.

    Args:
        ax: axes to draw on.
        upper: the first shape as names and sizes, such as {"rows": 2, "columns": 3}.
        lower: the second shape, with as many dims or fewer; a dim that is missing on its left
            is drawn as an empty box.

    Returns:
        What the picture shows: which dims meet, and whether the shapes fit. It also says if shapes
        fit even though dims with different names meet: such code runs, but mixes them up.

    Raises:
        ValueError: if `upper` has no dims, or `lower` has more of them.
    """
    if not upper or len(lower) > len(upper):
        raise ValueError(
            "align_shapes needs an upper shape with at least as many dims as the lower one, and "
            f"at least one, got {dict(upper)} over {dict(lower)}"
        )
    meetings = list(zip_longest(reversed(upper.items()), reversed(lower.items())))
    words = [_meet(above, below) for above, below in meetings]
    fits = all("≠" not in word for word in words)
    mixed = any(below is not None and below[0] != above[0] for above, below in meetings)
    verdict = ("runs, but wrong" if mixed else "fits") if fits else "error"
    for i, ((above, below), word) in enumerate(zip(meetings, words, strict=True)):
        clash, strange = "≠" in word, below is not None and below[0] != above[0]
        _box(ax, -i, 2, above, BLUE)
        _box(ax, -i, 1, below, VERMILION if strange else BLUE)
        ax.text(
            -i,
            0.5,
            word,
            ha="center",
            va="top",
            fontsize=10,
            color=VERMILION if clash else BLACK,
            fontweight="bold" if clash else "normal",
        )
        if strange:
            meeting = f"{below[0]} under {above[0]}"
            ax.text(-i, 0.28, meeting, ha="center", va="top", fontsize=8.5, color=VERMILION)
    shapes = [str(tuple(shape.values())) for shape in (upper, lower)]
    color = BLACK if verdict == "fits" else VERMILION
    ax.set_title(f"{shapes[0]} / {shapes[1]}: {verdict}", fontsize=11, color=color)
    ax.set_xlim(0.45 - len(upper), 0.5)
    ax.set_ylim(0, 2.5)
    ax.set_axis_off()
    met = [
        f"{'nothing' if below is None else f'{below[1]} {below[0]}'} under {above[1]} {above[0]} "
        f"({word})"
        for (above, below), word in zip(meetings, words, strict=True)
    ]
    return (
        f"Shape {shapes[1]} lined up under {shapes[0]} from the right: {', '.join(met)}; "
        f"{'they fit' if fits else 'they do not fit'}"
        f"{', but dims with different names meet' if fits and mixed else ''}."
    )


def _meet(above: tuple[str, int], below: tuple[str, int] | None) -> str:
    """Say what broadcasting does if these two dims meet."""
    size = 1 if below is None else below[1]
    if size == above[1]:
        return "equal"
    if size == 1:
        return f"stretched to {above[1]}"
    return f"stretches to {size}" if above[1] == 1 else f"{above[1]} ≠ {size}"


def _box(ax: "Axes", x: float, y: float, dim: tuple[str, int] | None, color: str) -> None:
    """Draw one dim in a box of this colour, or a dashed box if it's missing."""
    from matplotlib.patches import Rectangle

    style = {"ec": LINE, "ls": "--"} if dim is None else {"ec": color, "ls": "-"}
    ax.add_patch(Rectangle((x - 0.42, y - 0.4), 0.84, 0.8, fill=False, lw=1.5, **style))
    if dim is not None:
        ax.text(x, y + 0.1, str(dim[1]), ha="center", va="center", fontsize=14)
        ax.text(x, y - 0.24, dim[0], ha="center", va="center", fontsize=9)


def divisor_grid(ax: "Axes", exps: Tensor, divisors: Tensor) -> str:
    """Draw each entry of a batch over its divisor, and the sum of each row.

    An entry that isn't divided by its own row's sum has a dashed frame, and the sum of a row with
    such entries is bold.

    Args:
        ax: axes to draw on.
        exps: shape (rows, columns), the numbers to divide.
        divisors: any shape that broadcasts to the shape of `exps`, such as (rows, 1) or (columns,).

    Returns:
        What the picture shows: each row's divisors and its sum.

    Raises:
        ValueError: if `exps` isn't two-dimensional, or `divisors` doesn't broadcast to it.
    """
    got = f"got {tuple(exps.shape)} and {tuple(divisors.shape)}"
    if exps.dim() != 2:
        raise ValueError(f"divisor_grid needs exps of shape (rows, columns), {got}")
    try:
        each = divisors.expand_as(exps)
    except RuntimeError as error:
        raise ValueError(
            f"divisor_grid needs divisors that broadcast to the shape of exps, {got}"
        ) from error
    own = torch.isclose(each, exps.sum(dim=1, keepdim=True))
    sums = (exps / each).sum(dim=1)
    rows, columns = exps.shape
    for i in range(rows):
        for j in range(columns):
            _entry(ax, (j, i), exps[i, j].item(), each[i, j].item(), own[i, j].item())
        style = {} if own[i].all() else {"color": VERMILION, "fontweight": "bold"}
        total = f"{sums[i].item():.4f}"
        ax.text(columns - 0.3, i, total, ha="left", va="center", fontsize=11, **style)
    ax.text(columns - 0.3, -0.72, "row sum", ha="left", va="center", fontsize=9)
    ax.set_xlim(-0.5, columns + 0.6)
    ax.set_ylim(rows - 0.45, -0.9)
    ax.set_xticks([])
    ax.set_yticks(range(rows), [f"row {i}" for i in range(rows)], fontsize=10)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    told = [
        f"row {i} is divided by {', '.join(f'{x:.2f}' for x in each[i].tolist())} and sums to "
        f"{sums[i].item():.4f}"
        for i in range(rows)
    ]
    foreign = int((~own).sum())
    return (
        f"A grid of exps with their divisors: {'; '.join(told)}. Of {exps.numel()} entries, "
        f"{foreign} are not divided by the sum of their own row."
    )


def _entry(ax: "Axes", place: tuple[int, int], exp: float, divisor: float, own: bool) -> None:
    """Draw one entry of the grid as a fraction, with a dashed frame if the divisor isn't `own`."""
    from matplotlib.patches import Rectangle

    x, y = place
    style = {"ec": LINE, "ls": "-", "lw": 1} if own else {"ec": VERMILION, "ls": "--", "lw": 2}
    ax.add_patch(Rectangle((x - 0.43, y - 0.43), 0.86, 0.86, fill=False, **style))
    ax.text(x, y - 0.18, f"{exp:.2f}", ha="center", va="center", fontsize=11)
    ax.plot([x - 0.25, x + 0.25], [y, y], color=BLACK, lw=0.8)
    ax.text(
        x,
        y + 0.2,
        f"{divisor:.2f}",
        ha="center",
        va="center",
        fontsize=11,
        color=BLACK if own else VERMILION,
        fontweight="normal" if own else "bold",
    )
