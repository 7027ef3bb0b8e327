"""Pictures of gradients: how softmax passes them on, and how hard a loss pulls."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from softmax_lessons.plots.display import BLUE, GREEN, ORANGE, VERMILION, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = ((BLUE, "-", "o"), (VERMILION, "--", "s"), (GREEN, ":", "^"))


def map_jacobian(ax: "Axes", jacobian: Tensor, labels: Sequence[str]) -> str:
    """Draw a Jacobian as a grid of coloured numbers, with the sums of its rows and columns.

    Args:
        ax: axes to draw on.
        jacobian: shape (classes, classes): row i is the probability of class i, column j the logit
            of class j.
        labels: one name per class.

    Returns:
        What the picture shows, with each row and the sums.

    Raises:
        ValueError: if `jacobian` doesn't have one row and one column per label.
    """
    from matplotlib.colors import LinearSegmentedColormap

    count = len(labels)
    if tuple(jacobian.shape) != (count, count):
        raise ValueError(
            f"map_jacobian needs a tensor of shape {(count, count)}, one row and one column for "
            f"each of {list(labels)}, got shape {tuple(jacobian.shape)}"
        )
    strongest = jacobian.abs().max().item() * 1.6  # keeps black numbers readable
    colors = LinearSegmentedColormap.from_list("gradient", [BLUE, "white", ORANGE])
    ax.imshow(jacobian.tolist(), cmap=colors, vmin=-strongest, vmax=strongest, aspect="auto")
    row_sums, column_sums = (_rounded(jacobian.sum(dim=dim)) for dim in (1, 0))
    rows = [_rounded(row) for row in jacobian]
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            ax.text(j, i, f"{value:+.4f}", ha="center", va="center")
        ax.text(count - 0.35, i, f"{row_sums[i]:.4f}", va="center", color="#555555")
    for j, value in enumerate(column_sums):
        ax.text(j, count - 0.35, f"{value:.4f}", ha="center", va="top", color="#555555")
    ax.text(count - 0.35, -0.7, "sum", va="center", color="#555555")
    ax.text(-0.6, count - 0.35, "sum", ha="right", va="top", color="#555555")
    ax.set_xticks(range(count), [f"logit of {label}" for label in labels])
    ax.set_yticks(range(count), [f"p of {label}" for label in labels])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    told = [f"{name}: {listed(list(labels), row)}" for name, row in zip(labels, rows, strict=True)]
    return (
        "Grid of how fast each probability (row) grows with each logit (column). "
        f"{'; '.join(told)}. Sums of the rows: {listed(list(labels), row_sums)}. "
        f"Sums of the columns: {listed(list(labels), column_sums)}."
    )


def line_pulls(ax: "Axes", leads: Tensor, pulls: Mapping[str, Tensor]) -> str:
    """Draw how hard each loss pulls on the target's logit, against another logit's lead.

    Args:
        ax: axes to draw on.
        leads: shape (points,), increasing: how far another logit is above the target's.
        pulls: the pulls of up to three losses, each of shape (points,); positive means up.

    Returns:
        What the picture shows, with each loss's pulls at both ends and in the middle, and its
        largest pull.

    Raises:
        ValueError: if the shapes aren't (points,), or there are more than three losses.
    """
    shapes = {name: tuple(pull.shape) for name, pull in pulls.items()}
    if leads.dim() != 1 or any(shape != tuple(leads.shape) for shape in shapes.values()):
        raise ValueError(
            "line_pulls needs leads of shape (points,) and pulls of the same, "
            f"got {tuple(leads.shape)} and {shapes}"
        )
    if len(pulls) > len(STYLES):
        raise ValueError(f"line_pulls can tell {len(STYLES)} losses apart, got {len(pulls)}")
    every = max(1, len(leads) // 10)
    told = []
    for (name, pull), (color, line, marker) in zip(pulls.items(), STYLES, strict=False):
        ax.plot(leads, pull, line, color=color, marker=marker, markevery=every, label=name)
        at = [
            f"{pull[i].item():.4f} at {leads[i].item():g}"
            for i in (0, len(leads) // 2, len(leads) - 1)
        ]
        told.append(f"{name}: {', '.join(at)}, at most {pull.max().item():.4f}")
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xlabel("lead of the other logit (above 0, the model is wrong)")
    ax.set_ylabel("pull on the target")
    ax.legend(frameon=False, loc="best")
    ax.spines[["top", "right"]].set_visible(False)
    return (
        "Line chart of the pull on the logit of the target against the lead of the other. "
        f"{'; '.join(told)}."
    )


def _rounded(values: Tensor) -> list[float]:
    return [round(value, 4) + 0.0 for value in values.tolist()]  # + 0.0: no "-0.0000"
