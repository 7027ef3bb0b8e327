"""Pictures of losses: how they change in training, and their mean."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from softmax_lessons.plots.display import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    listed,
    write_beside,
)

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
GREY = "#999999"
# as shares of the axes' height: how close lines must end to share a label, and how far apart labels
# are
SAME, APART = 0.01, 0.06


def line_training(
    axes: "Sequence[Axes]",
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    marks: Mapping[str, float] = MappingProxyType({}),
) -> str:
    """Draw losses on the left and accuracies on the right, with a line for each run.

    Args:
        axes: two axes to draw on.
        curves: the losses and accuracies of up to six runs, by name, one of each per step.
        marks: losses to mark with a horizontal line, by name.

    Returns:
        A description with the first and last loss and the last accuracy of each run.

    Raises:
        ValueError: if there aren't two axes, or there are no runs or more than six.
    """
    if len(axes) != 2:
        raise ValueError(f"line_training needs 2 axes, for losses and accuracies, got {len(axes)}")
    if not 1 <= len(curves) <= len(STYLES):
        raise ValueError(f"line_training can tell 1 to {len(STYLES)} runs apart, got {len(curves)}")
    for ax, part, title in zip(axes, (0, 1), ("loss", "accuracy"), strict=True):
        for (name, run), (color, style) in zip(curves.items(), STYLES, strict=False):
            ax.plot(run[part], style, color=color, label=name, linewidth=1.8)
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("step")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].axhline(0, color=GREY, linewidth=0.8)
    axes[1].set_ylim(0, 1.02)
    for ax, part in zip(axes, (0, 1), strict=True):
        _label_ends(ax, {name: run[part][-1] for name, run in curves.items()})
    steps = len(next(iter(curves.values()))[0])
    for name, loss in marks.items():
        axes[0].axhline(loss, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
        axes[0].annotate(
            f"{name} = {loss:.2f}",
            (steps, loss),
            xytext=(0, -2),
            textcoords="offset points",
            fontsize=8,
            color="#555555",
            ha="right",
            va="top",
        )
    told = [
        f"{name} {losses[0]:.2f} to {losses[-1]:.2f}, {accuracies[-1]:.2f}"
        for name, (losses, accuracies) in curves.items()
    ]
    marked = "".join(f" A line marks {name}, {loss:.2f}." for name, loss in marks.items())
    return (
        f"Two line charts over {steps} steps. First to last loss, and last accuracy: "
        f"{'; '.join(told)}.{marked}"
    )


def _label_ends(ax: "Axes", ends: Mapping[str, float]) -> None:
    """Write each name at the end of its line, stacked if lines end close together."""
    low, high = ax.get_ylim()
    groups: list[tuple[float, list[str]]] = []
    for name, end in sorted(ends.items(), key=lambda item: item[1]):
        if groups and end - groups[-1][0] < SAME * (high - low):
            groups[-1][1].append(name)
        else:
            groups.append((end, [name]))
    place = low
    for end, names in groups:
        place = max(end, place)
        write_beside(ax, ", ".join(sorted(names, key=list(ends).index)), place)
        place += APART * (high - low)


def bar_micro_batches(ax: "Axes", means: Sequence[float], counts: Sequence[int]) -> str:
    """Draw each micro-batch's mean loss as a bar, one unit wide per target, and two overall means.

    Args:
        ax: the axes to draw on.
        means: the mean loss of each micro-batch.
        counts: how many targets count in each.

    Returns:
        A description with the numbers of the micro-batches and both means.

    Raises:
        ValueError: if there are no micro-batches, or there isn't one count per mean.
    """
    if not means or len(means) != len(counts):
        raise ValueError(
            f"bar_micro_batches needs one count per mean, got {len(counts)} for {len(means)}"
        )
    total = sum(counts)
    start, told = 0, []
    for i, (mean, count) in enumerate(zip(means, counts, strict=True)):
        ax.bar(start, mean, count, align="edge", color=SKY, edgecolor=BLACK, alpha=0.6)
        targets = "target" if count == 1 else "targets"
        says = f"micro-batch {i}\n{count} {targets}\n{mean:.4f}"
        ax.text(start + count / 2, 0.4 * mean, says, ha="center", va="center")
        told.append(f"micro-batch {i} has {count} {targets} and the mean {mean:.4f}")
        start += count
    whole = sum(m * n for m, n in zip(means, counts, strict=True)) / total
    for name, value, color, style in (
        ("mean of means", sum(means) / len(means), VERMILION, "--"),
        ("whole batch", whole, BLACK, "-"),
    ):
        ax.axhline(value, color=color, linestyle=style, linewidth=1.8)
        write_beside(ax, f"{name} {value:.4f}", value)
        told.append(f"{name} {value:.4f}")
    ax.set_xlim(0, total)
    ax.set_xticks(range(total + 1))
    ax.set_xlabel("targets that count")
    ax.set_ylabel("mean loss")
    ax.spines[["top", "right"]].set_visible(False)
    return f"Bars, one unit wide per target: {'; '.join(told)}."


def show_segments(axes: "Sequence[Axes]", photos: object, titles: Sequence[str]) -> str:
    """Draw seven-segment displays; the larger a segment's number, the darker it is.

    Args:
        axes: one per display.
        photos: shape (displays, 7), the segments a to g; 0 is off and 1 is on, and what lies
            beyond is drawn like them.
        titles: one per display.

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
        told.append(f"{title}: {listed(list(ends), photo, digits=2)}")
    return f"Displays of seven segments, a to g; 0 is off and 1 is on: {'; '.join(told)}."
