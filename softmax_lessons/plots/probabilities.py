"""Pictures of scores and of the probabilities made from them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from softmax_lessons.plots.display import BLUE, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def bar_probs(ax: "Axes", probs: Tensor, labels: Sequence[str]) -> str:
    """Draw one bar per class, with its number, and return a description of the picture.

    Args:
        ax: axes to draw on.
        probs: shape (classes,), each from 0 to 1.
        labels: one name per class.

    Raises:
        ValueError: if `probs` is not one-dimensional, or has another number of entries than
            `labels`.
    """
    if probs.dim() != 1 or len(probs) != len(labels):
        raise ValueError(
            f"bar_probs needs probs of shape ({len(labels)},), one for each of the labels "
            f"{list(labels)}, got shape {tuple(probs.shape)}"
        )
    bars = ax.bar(list(labels), probs.tolist(), color=BLUE)
    ax.bar_label(bars, fmt="%.4f")
    ax.set_ylim(0, 1.1)
    ax.set_ylabel("probability")
    ax.spines[["top", "right"]].set_visible(False)
    return f"Bar chart of probabilities: {listed(labels, probs)}."
