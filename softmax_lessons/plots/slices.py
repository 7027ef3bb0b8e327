"""Pictures of the slices in a softmax along one dim: each of them sums to 1."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from torch import Tensor

from softmax_lessons.plots.display import BLACK, BLUE, ORANGE, SKY, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 2.0  # of a cell in the grid; its height is 1
LEAN = (0.5, 0.36)  # how far one step into the picture goes right and up
GAP = 0.3  # between neighbours that don't compete
PAPER = "#EAF4FB"


def grid_slices(
    ax: "Axes", probs: Tensor, dim: int, rows: Sequence[str], columns: Sequence[str]
) -> str:
    """Draw a table of numbers, outline its slices along `dim`, and write all sums at the edges.

    Args:
        ax: axes to draw on.
        probs: shape (rows, columns).
        dim: the dimension that the slices run along: 1 outlines rows, 0 columns.
        rows: one name per row.
        columns: one name per column.

    Returns:
        What the picture shows, with the sums of the slices and the sums across them.

    Raises:
        ValueError: if `probs` doesn't have one row per name in `rows` and one column per name in
            `columns`, or `dim` isn't one of its dims.
    """
    if tuple(probs.shape) != (len(rows), len(columns)):
        raise ValueError(
            f"grid_slices needs probs of shape {(len(rows), len(columns))}, one row for each of "
            f"{list(rows)} and one column for each of {list(columns)}, "
            f"got shape {tuple(probs.shape)}"
        )
    along = _positive(dim, probs, "grid_slices")
    height, width = len(rows), len(columns)
    for i in range(height if along == 1 else width):
        corner = (0, i) if along == 1 else (i * WIDTH, 0)
        size = (width * WIDTH, 1) if along == 1 else (WIDTH, height)
        _outline(ax, corner, size)
    numbers = probs.tolist()
    for i, j in product(range(height), range(width)):
        ax.text((j + 0.5) * WIDTH, i + 0.5, f"{numbers[i][j]:.4f}", ha="center", va="center")
    row_sums, column_sums = probs.sum(dim=1), probs.sum(dim=0)
    for i, total in enumerate(row_sums.tolist()):
        ax.text(width * WIDTH + 0.2, i + 0.5, f"{total:.4f}", va="center", **_edge(along == 1))
    for j, total in enumerate(column_sums.tolist()):
        place = ((j + 0.5) * WIDTH, height + 0.5)
        ax.text(*place, f"{total:.4f}", ha="center", va="center", **_edge(along == 0))
    ax.text(-0.2, height + 0.5, "sum", ha="right", va="center", **_edge(along == 0))
    ax.text(width * WIDTH + 0.2, -0.4, "sum", va="center", **_edge(along == 1))
    for i, name in enumerate(rows):
        ax.text(-0.2, i + 0.5, name, ha="right", va="center")
    for j, name in enumerate(columns):
        ax.text((j + 0.5) * WIDTH, -0.4, name, ha="center", va="center")
    ax.set_title(f"dim={dim}", fontweight="bold", pad=10)
    ax.set_xlim(-1.8, width * WIDTH + 1.9)
    ax.set_ylim(height + 0.9, -0.8)
    ax.set_axis_off()
    inside, outside = ("rows", "columns") if along == 1 else ("columns", "rows")
    sums = {"rows": listed(rows, row_sums), "columns": listed(columns, column_sums)}
    return (
        f"Table of probabilities for dim={dim}, its {inside} outlined. "
        f"Sums of the {inside}: {sums[inside]}. Sums of the {outside}: {sums[outside]}."
    )


def block_slices(ax: "Axes", probs: Tensor, dim: int, names: Sequence[str]) -> str:
    """Draw a 3-D tensor as a block, cut into its slices along `dim`.

    Args:
        ax: axes to draw on.
        probs: shape (a, b, c): a goes into the picture, b down and c to the right.
        dim: the dimension that the slices run along.
        names: one word for each of the three dims.

    Returns:
        What the picture shows, with the number of slices and their sums.

    Raises:
        ValueError: if `probs` isn't three-dimensional or has no entries, there aren't three
            `names`, or `dim` isn't one of its dims.
    """
    if probs.dim() != 3 or len(names) != 3 or probs.numel() == 0:
        raise ValueError(
            "block_slices needs probs with three dims, none of size 0, and three names, "
            f"got shape {tuple(probs.shape)} and names {list(names)}"
        )
    along = _positive(dim, probs, "block_slices")
    sizes = list(probs.shape)
    starts = [range(1) if i == along else range(sizes[i]) for i in range(3)]
    lengths = [float(sizes[i]) if i == along else 1.0 for i in range(3)]
    steps = [0.0 if i == along else 1 + GAP for i in range(3)]
    # far before near, low before high, left before right, so that nearer bars cover others
    order = sorted(product(*starts), key=lambda place: (-place[0], -place[1], place[2]))
    marked = (0, 0, starts[2][-1])
    for layer, place in enumerate(order, start=1):
        corner = [step * i for step, i in zip(steps, place, strict=True)]
        _bar(ax, corner, lengths, along, layer=layer, marked=place == marked)
    ends = [steps[i] * (len(starts[i]) - 1) + lengths[i] for i in range(3)]
    _name_edges(ax, ends, [f"{name} ({size})" for name, size in zip(names, sizes, strict=True)])
    sums = probs.sum(dim=along)
    lowest, highest = f"{sums.min().item():.4f}", f"{sums.max().item():.4f}"
    shape = tuple(sums.shape)
    depth, down, right = [(1 + GAP) * size - GAP for size in sizes]  # the same whatever the dim
    far = _project(depth, 0, right)
    ax.annotate(
        f"sum {sums[tuple(i for d, i in enumerate(marked) if d != along)].item():.4f}",
        xy=_project(lengths[0] / 2, 0, steps[2] * marked[2] + lengths[2] / 2),
        xytext=(right / 2, far[1] + 0.6),
        ha="center",
        fontsize=9,
        arrowprops={"arrowstyle": "-", "shrinkA": 1, "shrinkB": 0},
        zorder=len(order) + 2,
    )
    ax.set_title(f"dim={dim} ({names[along]})", fontsize=11, fontweight="bold")
    ax.text(
        right / 2,
        -down - 1.3,
        f"{sums.numel()} slices, sums of\nshape {shape}",
        ha="center",
        va="top",
        fontsize=9,
    )
    ax.set_xlim(-1.1, far[0] + 1.6)
    ax.set_ylim(-down - 2.6, far[1] + 1.2)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return (
        f"Block of shape {tuple(sizes)} cut along dim={dim} ({names[along]}) into "
        f"{sums.numel()} slices of {sizes[along]} entries, with sums of shape {shape}, "
        + (f"each {lowest}." if lowest == highest else f"from {lowest} to {highest}.")
    )


def _positive(dim: int, probs: Tensor, function: str) -> int:
    """Return `dim` counted from the front."""
    rank = probs.dim()
    if not -rank <= dim < rank:
        raise ValueError(f"{function} needs a dim from {-rank} to {rank - 1}, got {dim}")
    return dim % rank


def _outline(ax: "Axes", corner: tuple[float, float], size: tuple[float, float]) -> None:
    """Draw the rounded outline of one slice of a table."""
    from matplotlib.patches import FancyBboxPatch

    inset = 0.1
    x, y = corner
    width, height = size
    ax.add_patch(
        FancyBboxPatch(
            (x + inset, y + inset),
            width - 2 * inset,
            height - 2 * inset,
            boxstyle="round,pad=0,rounding_size=0.3",
            mutation_aspect=0.8,
            facecolor=PAPER,
            edgecolor=BLUE,
            linewidth=2,
        )
    )


def _edge(ends_a_slice: bool) -> dict[str, str]:
    """Return the style of a sum: bold at the end of a slice, else italic and grey."""
    if ends_a_slice:
        return {"fontweight": "bold", "color": BLUE}
    return {"fontstyle": "italic", "color": "#555555"}


def _project(depth: float, down: float, right: float) -> tuple[float, float]:
    """Return a point's position in the picture."""
    return right + depth * LEAN[0], -down + depth * LEAN[1]


def _bar(
    ax: "Axes",
    corner: Sequence[float],
    lengths: Sequence[float],
    along: int,
    *,
    layer: int,
    marked: bool,
) -> None:
    """Draw one slice as a bar, with its front, top and right side and lines between entries."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Polygon

    colour = to_rgb(ORANGE if marked else SKY)
    (z, y, x), (dz, dy, dx) = corner, lengths
    front = [(z, y, x), (z, y, x + dx), (z, y + dy, x + dx), (z, y + dy, x)]
    top = [(z, y, x), (z, y, x + dx), (z + dz, y, x + dx), (z + dz, y, x)]
    side = [(z, y, x + dx), (z, y + dy, x + dx), (z + dz, y + dy, x + dx), (z + dz, y, x + dx)]
    for face, strength in ((front, 0.55), (top, 0.25), (side, 0.9)):
        ax.add_patch(
            Polygon(
                [_project(*point) for point in face],
                facecolor=[1 - strength * (1 - part) for part in colour],
                edgecolor=BLACK,
                linewidth=1.8 if marked else 0.8,
                joinstyle="round",
                zorder=layer,
            )
        )
    for i in range(1, round(lengths[along])):
        line = [_project(*point) for point in _joint(corner, lengths, along, i)]
        ax.plot(*zip(*line, strict=True), color=BLACK, linewidth=0.6, zorder=layer)


def _joint(
    corner: Sequence[float], lengths: Sequence[float], along: int, i: int
) -> list[tuple[float, float, float]]:
    """Return the points of the visible line between entries i - 1 and i of a bar."""
    (z, y, x), (dz, dy, dx) = corner, lengths
    if along == 0:
        return [(z + i, y, x), (z + i, y, x + dx), (z + i, y + dy, x + dx)]
    if along == 1:
        return [(z, y + i, x), (z, y + i, x + dx), (z + dz, y + i, x + dx)]
    return [(z, y + dy, x + i), (z, y, x + i), (z + dz, y, x + i)]


def _name_edges(ax: "Axes", ends: Sequence[float], names: Sequence[str]) -> None:
    """Write the dims' names along the edges of the block."""
    depth, down, right = ends
    ax.text(right / 2, -down - 0.2, f"{names[2]} →", ha="center", va="top", fontsize=9)
    ax.text(-0.3, -down / 2, f"← {names[1]}", rotation=90, ha="right", va="center", fontsize=9)
    x, y = _project(depth / 2, down, right)
    ax.text(x + 0.1, y - 0.05, f"{names[0]} ↗", ha="left", va="top", fontsize=9)
