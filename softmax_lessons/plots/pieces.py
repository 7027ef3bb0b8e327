"""Pictures of a softmax that sees its row in pieces: one after the other, or side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from softmax_lessons.plots.display import BLUE, ORANGE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ENTRIES, _MOST_SHARDS, _MOST_COLUMNS = 12, 4, 3


def plot_stream(axes: "Sequence[Axes]", stream: Tensor) -> str:
    """Draw the running maximum and the running sum of a row seen one entry at a time.

    Args:
        axes: two axes, for the maximum and for the sum, that share their x.
        stream: logits of shape (entries,), all finite, at most 12.

    Raises:
        ValueError: if there are not two axes, or the stream has another shape, too many entries,
            or an entry that is not finite.
    """
    if len(axes) != 2:
        raise ValueError(f"plot_stream needs 2 axes, one above the other, got {len(axes)}")
    if stream.dim() != 1 or not 0 < len(stream) <= _MOST_ENTRIES or not stream.isfinite().all():
        raise ValueError(
            f"plot_stream needs a stream of shape (entries,), 1 to {_MOST_ENTRIES} of them, all "
            f"finite, got shape {tuple(stream.shape)}: {stream.tolist()}"
        )
    x = stream.double()
    largest = x.cummax(dim=0).values
    upper, lower = axes
    places = list(range(1, len(x) + 1))
    upper.step(places, largest.tolist(), where="post", color=ORANGE, label="largest so far")
    upper.plot(places, x.tolist(), "o", color=BLUE, label="logit")
    upper.set_ylabel("logit")
    upper.margins(y=0.15)
    upper.legend(frameon=False, fontsize=9, loc="upper left")

    total, before = 0.0, largest[0]
    told, totals, tallest = [], [], 0.0
    for place, value, now in zip(places, x, largest, strict=True):
        factor, new = (before - now).exp().item(), (value - now).exp().item()
        kept = total * factor
        lower.bar(place, kept, color=SKY, edgecolor=BLUE)
        lower.bar(place, new, bottom=kept, color="white", edgecolor=VERMILION, hatch="//")
        if now > before:
            lower.bar(place, total, color="none", edgecolor=BLUE, linestyle="--", linewidth=1.2)
            top = max(total, kept + new)
            lower.annotate(rf"$\times$ {factor:.4f}", (place, top), (0, 3), **_ABOVE)
            told.append(f"by {factor:.4f} at entry {place}")
        tallest = max(tallest, total, kept + new)
        total, before = kept + new, now
        totals.append(f"{total:.4f}")
    bars = [
        ("brought to the new maximum", SKY, BLUE, ""),
        ("exp of the new entry", "white", VERMILION, "//"),
    ]
    for label, colour, edge, hatch in bars:
        lower.bar(places[0], 0, color=colour, edgecolor=edge, hatch=hatch, label=label)
    lower.bar(places[0], 0, color="none", edgecolor=BLUE, linestyle="--", label="as it was")
    lower.legend(frameon=False, fontsize=9, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    lower.set_ylim(0, 1.2 * tallest)
    lower.set_ylabel("sum")
    lower.set_xlabel("entry")
    lower.set_xticks(places)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    rescaled = f"rescaled {', '.join(told)}" if told else "never rescaled"
    maxima = ", ".join(f"{value:g}" for value in largest.tolist())
    return (
        f"Two charts of a stream of logits {', '.join(f'{value:g}' for value in x.tolist())}. "
        f"Largest so far: {maxima}. Sum so far: {', '.join(totals)}; {rescaled}."
    )


def flow_shards(ax: "Axes", shards: Sequence[Tensor]) -> str:
    """Draw what the processes of a sharded softmax send to each other, for one row.

    Args:
        ax: axes to draw on.
        shards: one tensor of finite logits, shape (columns,), 1 to 3 of them, for each of 2
            to 4 processes.

    Raises:
        ValueError: if there are too few or too many shards, or one is not a filled row of finite
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
        ax.axvspan(x - 0.55, x + 0.55, 0.03, 0.97, facecolor=_PALE, edgecolor=ORANGE)
        ax.text(x, last / 2, name, ha="center", va="center", fontsize=10)
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
            f"process {y} has logits {_numbers(shard)}, sends maximum {maxima[y]:g} and sum "
            f"{sums[y]:.3f}"
        )
    ax.set_xlim(-1.25, 10.45)
    ax.set_ylim(last + 0.55, -0.55)
    ax.axis("off")
    return (
        f"Diagram: {'; '.join(told)}. All receive the maximum {largest:g} and the sum {total:.3f}."
    )


_ABOVE = {"textcoords": "offset points", "ha": "center", "va": "bottom", "fontsize": 9}
_PALE = "#FFF3DC"  # orange, light enough to write on
_BOX = {"facecolor": "white", "edgecolor": BLUE, "boxstyle": "round"}


def _numbers(values: Tensor, digits: int | None = None) -> str:
    """Write a row of numbers, with so many digits after the point if they are given."""
    texts = (f"{v:g}" if digits is None else f"{v:.{digits}f}" for v in values.tolist())
    return ", ".join(texts)
