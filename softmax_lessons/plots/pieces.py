"""Pictures of a softmax that gets its row in pieces: one after another, or side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from softmax_lessons.plots.display import BLUE, ORANGE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ENTRIES, _MOST_SHARDS, _MOST_COLUMNS = 12, 4, 3


def plot_stream(ax: "Axes", stream: Tensor) -> str:
    """Draw the running sum of a row, one entry at a time, and where it's rescaled.

    Args:
        ax: axes to draw on.
        stream: logits of shape (entries,), all finite, at most 12.

    Raises:
        ValueError: if the stream has a different shape, too many entries, or an entry that isn't
            finite.
    """
    if stream.dim() != 1 or not 0 < len(stream) <= _MOST_ENTRIES or not stream.isfinite().all():
        raise ValueError(
            f"plot_stream needs a stream of shape (entries,), 1 to {_MOST_ENTRIES} of them, all "
            f"finite, got shape {tuple(stream.shape)}: {stream.tolist()}"
        )
    x = stream.double()
    largest = x.cummax(dim=0).values
    total, before = 0.0, largest[0]
    told, totals, labels = [], [], []
    for place, (value, now) in enumerate(zip(x, largest, strict=True)):
        factor, new = (before - now).exp().item(), (value - now).exp().item()
        kept = total * factor
        ax.bar(place, kept, color=SKY, edgecolor=BLUE)
        ax.bar(place, new, bottom=kept, color="white", edgecolor=VERMILION, hatch="//")
        labels.append(f"{value:g}")
        if now > before:
            scaled = f"old sum\n$\\times$ {factor:.4f}"
            ax.annotate(scaled, (place, kept + new), (0, 3), **_ABOVE)
            labels[-1] += "\nnew max"
            told.append(f"by {factor:.4f} at the logit {value:g}")
        total, before = kept + new, now
        totals.append(total)
    for label, colour, edge, hatch in (
        ("exp(new logit - largest so far)", "white", VERMILION, "//"),
        ("sum so far, rescaled", SKY, BLUE, ""),
    ):
        ax.bar(0, 0, color=colour, edgecolor=edge, hatch=hatch, label=label)
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    ax.set_ylim(0, 1.2 * max(totals))
    ax.set_ylabel("sum")
    ax.set_xlabel("logits, in order of arrival")
    ax.set_xticks(range(len(labels)), labels)
    ax.spines[["top", "right"]].set_visible(False)
    rescaled = f"rescaled {', '.join(told)}" if told else "never rescaled"
    return (
        f"Bars of the running sum of a stream of logits {_numbers(x)}: "
        f"{_numbers(totals, 4)}; {rescaled}."
    )


def flow_shards(ax: "Axes", shards: Sequence[Tensor]) -> str:
    """Draw what the processes of a sharded softmax send each other for one row.

    Args:
        ax: axes to draw on.
        shards: one tensor of 1 to 3 finite logits, shape (columns,), for each of 2 to 4 processes.

    Raises:
        ValueError: if there are too few or too many shards, or one isn't a non-empty row of finite
            numbers.
    """
    good = all(s.dim() == 1 and 0 < len(s) <= _MOST_COLUMNS and s.isfinite().all() for s in shards)
    if not 2 <= len(shards) <= _MOST_SHARDS or not good:
        raise ValueError(
            f"flow_shards needs 2 to {_MOST_SHARDS} shards of shape (columns,), 1 to "
            f"{_MOST_COLUMNS} of them, all finite, got {[shard.tolist() for shard in shards]}"
        )
    maxima = [shard.max().item() for shard in shards]
    largest = max(maxima)
    exps = [(shard.double() - largest).exp() for shard in shards]
    sums = [part.sum().item() for part in exps]
    total, last = sum(sums), len(shards) - 1
    for x, name in ((2.45, "all-reduce\nMAX"), (7.05, "all-reduce\nSUM")):
        ax.axvspan(x - 0.6, x + 0.6, 0.03, 0.97, facecolor=_PALE, edgecolor=ORANGE)
        ax.text(x, last / 2, name, ha="center", va="center", fontsize=9)
    told = []
    for y, (shard, part) in enumerate(zip(shards, exps, strict=True)):
        boxes = {
            0.6: f"logits\n{_numbers(shard)}",
            4.7: f"exp(logit - {largest:g})\n{_numbers(part, 3)}",
            9.4: f"probs\n{_numbers(part / total, 3)}",
        }
        arrows = {
            (1.25, 1.85): f"{maxima[y]:g}",
            (3.05, 3.65): f"{largest:g}",
            (5.75, 6.45): f"{sums[y]:.3f}",
            (7.65, 8.35): f"{total:.3f}",
        }
        ax.text(-0.05, y, f"process {y}", ha="right", va="center", fontsize=10, weight="bold")
        for x, text in boxes.items():
            ax.text(x, y, text, ha="center", va="center", fontsize=9, bbox=_BOX)
        for (start, stop), text in arrows.items():
            ax.annotate("", (stop, y), (start, y), arrowprops={"arrowstyle": "->", "color": BLUE})
            ax.annotate(text, ((start + stop) / 2, y), (0, 4), **_ABOVE)
        told.append(
            f"process {y} has logits {_numbers(shard)} and sends the maximum {maxima[y]:g} and the "
            f"sum {sums[y]:.3f}"
        )
    ax.set_xlim(-1.25, 10.45)
    ax.set_ylim(last + 0.55, -0.55)
    ax.axis("off")
    return (
        f"Diagram: {'; '.join(told)}. All processes receive the maximum {largest:g} and the sum "
        f"{total:.3f}."
    )


_ABOVE = {"textcoords": "offset points", "ha": "center", "va": "bottom", "fontsize": 9}
_PALE = "#FFF3DC"  # orange, light enough to write on
_BOX = {"facecolor": "white", "edgecolor": BLUE, "boxstyle": "round"}


def _numbers(values: Tensor | Sequence[float], digits: int | None = None) -> str:
    """Write a row of numbers, with this many digits after the point, if given."""
    texts = (f"{v:g}" if digits is None else f"{v:.{digits}f}" for v in map(float, values))
    return ", ".join(texts)
