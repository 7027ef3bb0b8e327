"""Pictures of scores and the probabilities they turn into."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor

from softmax_lessons.plots.display import (
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
    (BLUE, "-", "o"),
    (ORANGE, "--", "s"),
    (GREEN, ":", "^"),
    (VERMILION, "-.", "D"),
    (PURPLE, "-", "v"),
    (SKY, "--", "P"),
)


def bar_probs(ax: "Axes", probs: Tensor, labels: Sequence[str]) -> str:
    """Draw one bar per class, labelled with its number, and return a description of the picture.

    Args:
        ax: axes to draw on.
        probs: shape (classes,), each from 0 to 1.
        labels: one name per class.

    Raises:
        ValueError: if `probs` isn't one-dimensional, or doesn't have one entry per label.
    """
    _require_one_each(probs, labels, "bar_probs")
    bars = ax.bar(list(labels), probs.tolist(), color=BLUE)
    ax.bar_label(bars, fmt="%.4f")
    ax.set_ylim(0, 1.1)
    ax.set_ylabel("probability")
    ax.spines[["top", "right"]].set_visible(False)
    return f"Bar chart of probabilities: {listed(labels, probs)}."


def bar_steps(axes: "Sequence[Axes]", scores: Tensor, labels: Sequence[str]) -> str:
    """Draw the three steps of softmax side by side: scores, their exps, shares of the sum.

    Scores and exponentials share a scale; the shares are parts of a single bar of length 1.

    Args:
        axes: three axes to draw on.
        scores: shape (classes,), not too large for exp.
        labels: one name per class.

    Raises:
        ValueError: if there aren't three axes, or `scores` isn't one-dimensional or doesn't have
            one entry per label.
    """
    if len(axes) != 3:
        raise ValueError(f"bar_steps needs 3 axes, one for each step, got {len(axes)}")
    _require_one_each(scores, labels, "bar_steps")
    exps = scores.exp()
    steps = {"scores": scores, "exp(score)": exps, "share of the sum": exps / exps.sum()}
    low, high = min(0.0, scores.min().item()), max(scores.max().item(), exps.max().item())
    room = 0.12 * (high - low)
    for ax, values in zip(axes, (scores, exps), strict=False):
        bars = ax.bar(list(labels), values.tolist(), color=SKY, edgecolor=BLUE)
        ax.bar_label(bars, fmt="%.4f", padding=2)
        ax.set_ylim(low - room * (low < 0), high + room)
        ax.axhline(0, color="black", linewidth=0.8)
    bottom = 0.0
    for label, share in zip(labels, steps["share of the sum"].tolist(), strict=True):
        bar = axes[2].bar(["all"], [share], 0.6, bottom, color=SKY, edgecolor=BLUE)
        axes[2].bar_label(bar, [f"{label} {share:.4f}"], label_type="center")
        bottom += share
    axes[2].set_ylim(0, 1.1)  # as in `bar_probs`
    axes[2].set_xlim(-0.7, 0.7)
    axes[2].set_xticks([])
    told = []
    for ax, (title, values) in zip(axes, steps.items(), strict=True):
        ax.set_title(title, fontsize=11)
        ax.spines[["top", "right"]].set_visible(False)
        told.append(f"{title}: {listed(labels, values)}")
    return (
        f"Two bar charts with one scale, and a bar of length 1 cut into shares. {'; '.join(told)}. "
        f"The exponentials sum to {exps.sum():.4f}."
    )


def bar_surprises(ax: "Axes", log_probs: Tensor, words: Sequence[str]) -> str:
    """Draw minus the log-probability of each word after the first, and their mean as a line.

    Args:
        ax: axes to draw on.
        log_probs: shape (words - 1,), all finite and at most 0.
        words: the words of the text, in order; a word may appear twice.

    Raises:
        ValueError: if `log_probs` has a different shape, or an entry that isn't a log-probability.
    """
    pairs = [f"{word} after {before}" for before, word in pairwise(words)]
    _require_one_each(log_probs, pairs, "bar_surprises")
    if not bool(((log_probs <= 0) & log_probs.isfinite()).all()):
        raise ValueError(f"bar_surprises needs finite log-probabilities, got {log_probs.tolist()}")
    surprises = log_probs.abs()
    mean = surprises.mean().item()
    bars = ax.bar(range(len(pairs)), surprises.tolist(), color=BLUE)
    ax.bar_label(bars, fmt="%.4f", padding=2)
    ax.axhline(mean, color=VERMILION, linestyle="--")
    write_beside(ax, f"mean {mean:.4f}", mean)
    ax.set_xticks(range(len(pairs)), pairs)
    ax.set_ylabel("-log(probability)")
    ax.margins(y=0.18)
    ax.spines[["top", "right"]].set_visible(False)
    return (
        f"Bar chart of minus the log-probability of each word: {listed(pairs, surprises)}. "
        f"The mean is {mean:.4f}, so the perplexity is {math.exp(mean):.4f}."
    )


def line_scales(ax: "Axes", scores: Tensor, labels: Sequence[str], scales: Tensor) -> str:
    """Draw the probabilities of `scale * scores` against the scale.

    Args:
        ax: axes to draw on.
        scores: shape (classes,), up to six of them.
        labels: one name per class.
        scales: shape (points,), increasing.

    Raises:
        ValueError: if `scores` or `scales` isn't one-dimensional, or the number of labels doesn't
            fit or is above six.
    """
    _require_one_each(scores, labels, "line_scales")
    if len(labels) > len(STYLES):
        raise ValueError(f"line_scales can tell {len(STYLES)} classes apart, got {len(labels)}")
    if scales.dim() != 1:
        raise ValueError(f"line_scales needs scales of shape (points,), got {tuple(scales.shape)}")
    probs = (scales[:, None] * scores).softmax(dim=1)
    for i, (label, (color, line, marker)) in enumerate(zip(labels, STYLES, strict=False)):
        every = max(1, len(scales) // 8)
        ax.plot(scales, probs[:, i], line, color=color, marker=marker, markevery=every, label=label)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("scale of the scores")
    ax.set_ylabel("probability")
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    first, last = listed(labels, probs[0]), listed(labels, probs[-1])
    return (
        f"Line chart of probabilities against the scale of the scores. At {scales[0]:g}: {first}. "
        f"At {scales[-1]:g}: {last}."
    )


def _require_one_each(values: Tensor, labels: Sequence[str], function: str) -> None:
    if values.dim() != 1 or len(values) != len(labels):
        raise ValueError(
            f"{function} needs a tensor of shape ({len(labels)},), one entry for each of the "
            f"labels {list(labels)}, got shape {tuple(values.shape)}"
        )
