"""A picture of calibration: how often a model is right when it says how sure it is."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.plots.display import BLACK, BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def bar_reliability(ax: "Axes", confidence: Tensor, right: Tensor, bins: int = 10) -> str:
    """Draw a reliability diagram: the share of right answers against the confidence, in bins.

    A bar's height is the share of right answers in its bin, and at its foot is the number of
    examples; a mark shows the bin's mean confidence. The expected calibration error is the
    distance between the two, averaged over the bins and weighted by their share of the examples.

    Args:
        ax: axes to draw on.
        confidence: shape (examples,), each example's largest probability, from 0 to 1.
        right: shape (examples,), bool: whether that class was right.
        bins: how many bins, all of the same width; a bin without examples has no bar.

    Returns:
        What the picture shows: each bin's confidence, share and number of examples, and the
        expected calibration error.

    Raises:
        ValueError: if the shapes aren't (examples,), there are no examples, `right` isn't bool, or
            a confidence isn't from 0 to 1.
    """
    if (
        confidence.dim() != 1
        or confidence.shape != right.shape
        or not len(confidence)
        or right.dtype != torch.bool
        or not bool(((confidence >= 0) & (confidence <= 1)).all())
    ):
        raise ValueError(
            "bar_reliability needs confidence of shape (examples,) from 0 to 1, and right of the "
            f"same shape and dtype bool, got {tuple(confidence.shape)} and {right.dtype} of shape "
            f"{tuple(right.shape)}"
        )
    place = (confidence * bins).long().clamp(max=bins - 1)
    error, told = 0.0, []
    for i in range(bins):
        here = place == i
        count = int(here.sum())
        if not count:
            continue
        share, says = right[here].double().mean().item(), confidence[here].double().mean().item()
        error += count / len(right) * abs(share - says)
        first = not told
        ax.bar(
            (i + 0.5) / bins,
            share,
            width=0.9 / bins,
            color=BLUE,
            label="share that is right" if first else None,
        )
        ax.plot(
            [says, says],
            [share, says],
            color=VERMILION,
            linewidth=1.2,
        )
        ax.plot(
            says,
            says,
            "D",
            color=VERMILION,
            markersize=5,
            label="mean confidence" if first else None,
        )
        ax.text(
            (i + 0.5) / bins,
            0.015,
            str(count),
            ha="center",
            fontsize=8,
            color="white" if share > 0.1 else BLACK,
        )
        told.append(f"says {says:.4f}, right {share:.4f} of {count}")
    ax.plot([0, 1], [0, 1], "--", color=BLACK, linewidth=1)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_xlabel("confidence (number at the foot: examples)")
    ax.set_ylabel("share that is right")
    ax.spines[["top", "right"]].set_visible(False)
    return (
        f"Reliability diagram of {len(right)} examples: {'; '.join(told)}. "
        f"Expected calibration error {error:.4f}."
    )
