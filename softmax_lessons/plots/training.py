"""Pictures of how a loss and an accuracy develop in training."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from softmax_lessons.plots.display import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = (
    (BLACK, "-"),
    (VERMILION, "--"),
    (BLUE, "-."),
    (ORANGE, ":"),
    (GREEN, "--"),
    (PURPLE, "-"),
)


def line_training(
    axes: "Sequence[Axes]", curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]
) -> str:
    """Draw losses on the left and accuracies on the right, a line for each run.

    Args:
        axes: two axes to draw on.
        curves: by name, the losses and the accuracies, one of each per step; up to six runs.

    Returns:
        A description with the last loss and accuracy of each run.

    Raises:
        ValueError: if there are not two axes, or no run or more than six.
    """
    if len(axes) != 2:
        raise ValueError(f"line_training needs 2 axes, for losses and accuracies, got {len(axes)}")
    if not 1 <= len(curves) <= len(STYLES):
        raise ValueError(f"line_training can tell 1 to {len(STYLES)} runs apart, got {len(curves)}")
    told = []
    for (name, (losses, accuracies)), (color, style) in zip(curves.items(), STYLES, strict=False):
        for ax, values in zip(axes, (losses, accuracies), strict=True):
            ax.plot(values, style, color=color, label=name, linewidth=1.8)
        told.append(f"{name} {losses[-1]:.2f} and {accuracies[-1]:.2f}")
    axes[0].set_title("loss", fontsize=11)
    axes[1].set_title("accuracy", fontsize=11)
    axes[0].axhline(0, color="#999999", linewidth=0.8)
    axes[1].set_ylim(0, 1.02)
    for ax in axes:
        ax.set_xlabel("step")
        ax.spines[["top", "right"]].set_visible(False)
    axes[1].legend(frameon=False, fontsize=9, loc="center right", bbox_to_anchor=(1, 0.42))
    steps = len(next(iter(curves.values()))[0])
    return f"Two line charts over {steps} steps. Last loss and accuracy: {'; '.join(told)}."


def show_segments(axes: "Sequence[Axes]", photos: object, titles: Sequence[str]) -> str:
    """Draw seven-segment displays, each segment as dark as its number is large.

    Args:
        axes: one for each display.
        photos: shape (displays, 7), the segments a to g; 0 is off and 1 is on.
        titles: one for each display.

    Raises:
        ValueError: if the numbers of axes, displays and titles differ.
    """
    if not len(axes) == len(photos) == len(titles):
        raise ValueError(
            f"show_segments needs as many axes as displays and titles, got {len(axes)}, "
            f"{len(photos)} and {len(titles)}"
        )
    ends = {
        "a": ((0, 1), (2, 2)),
        "b": ((1, 1), (1, 2)),
        "c": ((1, 1), (0, 1)),
        "d": ((0, 1), (0, 0)),
        "e": ((0, 0), (0, 1)),
        "f": ((0, 0), (1, 2)),
        "g": ((0, 1), (1, 1)),
    }
    told = []
    for ax, photo, title in zip(axes, photos, titles, strict=True):
        for value, (x, y) in zip(photo.tolist(), ends.values(), strict=True):
            shade = 0.92 * (1 - min(max(value, 0), 1))
            ax.plot(x, y, color=(shade, shade, shade), linewidth=5, solid_capstyle="round")
        ax.set_title(title, fontsize=10)
        ax.set_xlim(-0.4, 1.4)
        ax.set_ylim(-0.3, 2.3)
        ax.set_aspect("equal")
        ax.axis("off")
        told.append(f"{title} " + " ".join(f"{value:.2f}" for value in photo.tolist()))
    return f"Displays of seven segments, a to g from 0 to 1: {'; '.join(told)}."
