"""Pictures of attention weights, and of what a mask hides."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.plots.display import BLACK, BLUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER = "#F2F2F2"


def grid_weights(
    ax: "Axes", weights: Tensor, mask: Tensor, queries: Sequence[str], keys: Sequence[str]
) -> str:
    """Draw attention weights as a table, darker where they are larger, hatched where hidden.

    A hidden entry still shows its number if it isn't 0, so that you can see a leaking mask.

    Args:
        ax: axes to draw on.
        weights: shape (queries, keys), each from 0 to 1.
        mask: boolean, same shape; True where the query may attend to the key.
        queries: one name per row.
        keys: one name per column.

    Returns:
        What the picture shows: each query's weights, and the keys hidden from it.

    Raises:
        ValueError: if the shape of `weights` or `mask` doesn't match the names, `mask` isn't
            boolean, or a weight isn't from 0 to 1.
    """
    shape = (len(queries), len(keys))
    if tuple(weights.shape) != shape or tuple(mask.shape) != shape or mask.dtype != torch.bool:
        raise ValueError(
            f"grid_weights needs weights and a boolean mask of shape {shape}, one row for each of "
            f"{list(queries)} and one column for each of {list(keys)}, got shapes "
            f"{tuple(weights.shape)} and {tuple(mask.shape)}, and a mask of {mask.dtype}"
        )
    numbers, seen = weights.tolist(), mask.tolist()
    if not all(0 <= number <= 1 for row in numbers for number in row):
        raise ValueError(f"grid_weights needs weights from 0 to 1, got {numbers}")
    for i, j in product(range(shape[0]), range(shape[1])):
        _entry(ax, (j, i), numbers[i][j], seen[i][j])
    ax.set_xlim(0, shape[1])
    ax.set_ylim(shape[0], 0)
    ax.set_xticks([j + 0.5 for j in range(shape[1])], list(keys))
    ax.set_yticks([i + 0.5 for i in range(shape[0])], list(queries))
    ax.set_xlabel("key")
    ax.set_ylabel("query")
    ax.tick_params(length=0)
    ax.spines[["top", "right", "bottom", "left"]].set_visible(False)
    told = [
        f"{query}: {', '.join(_told(*each) for each in zip(keys, row, kept, strict=True))}"
        for query, row, kept in zip(queries, numbers, seen, strict=True)
    ]
    return f"Table of attention weights, a row for each query. {'; '.join(told)}."


def _entry(ax: "Axes", corner: tuple[int, int], number: float, seen: bool) -> None:
    """Draw one cell of the table."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    tint = [1 - number * (1 - part) for part in to_rgb(BLUE)]
    style = (
        {"facecolor": tint, "edgecolor": "white"}
        if seen
        else {"facecolor": PAPER, "edgecolor": "#AAAAAA", "hatch": "////", "linewidth": 0}
    )
    ax.add_patch(Rectangle(corner, 1, 1, **style))
    if seen or number > 0:
        ax.text(
            corner[0] + 0.5,
            corner[1] + 0.5,
            f"{number:.2f}",
            ha="center",
            va="center",
            fontsize=10,
            color="white" if seen and number > 0.85 else BLACK,
            bbox=None if seen else {"facecolor": "white", "edgecolor": "none", "pad": 1},
        )


def _told(key: str, number: float, seen: bool) -> str:
    if seen:
        return f"{key} {number:.2f}"
    return f"{key} hidden" + (f" but {number:.2f}" if number > 0 else "")
