"""Pictures of temperature, of samples, and of the classes that top-p keeps."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.plots.display import BLACK, BLUE, SKY, VERMILION, listed
from softmax_lessons.plots.probabilities import STYLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND = "#D9D9D9"  # a grey: the sky of the bars is a probability
HIGH = 0.12  # a step in which a number has room


def line_temperatures(
    ax: "Axes", logits: Tensor, labels: Sequence[str], temperatures: Tensor
) -> str:
    """Draw the softmax of `logits / T` against the temperature T, and describe the picture.

    Args:
        ax: axes to draw on; T gets a logarithmic scale.
        logits: shape (classes,), up to six of them.
        labels: one name per class.
        temperatures: shape (points,), positive and increasing, at least two.

    Raises:
        ValueError: if `logits` isn't one-dimensional, the number of labels doesn't fit or is above
            six, or `temperatures` isn't one-dimensional, positive and increasing.
    """
    _require_one_each(logits, labels, "line_temperatures")
    if len(labels) > len(STYLES):
        raise ValueError(
            f"line_temperatures can tell {len(STYLES)} classes apart, got {len(labels)}"
        )
    if (
        temperatures.dim() != 1
        or len(temperatures) < 2
        or not bool((temperatures > 0).all())
        or not bool((temperatures.diff() > 0).all())
    ):
        raise ValueError(
            "line_temperatures needs at least two temperatures of shape (points,), positive and "
            f"increasing, got {temperatures}"
        )
    probs = torch.softmax(logits / temperatures[:, None], dim=1)
    every = max(1, len(temperatures) // 8)
    for i, (label, (color, line, marker)) in enumerate(zip(labels, STYLES, strict=False)):
        y = probs[:, i].tolist()
        ax.plot(
            temperatures.tolist(), y, line, color=color, marker=marker, markevery=every, label=label
        )
    ax.set_xscale("log")
    coldest, hottest = (float(f"{t:g}") for t in (temperatures[0], temperatures[-1]))
    ax.set_xlim(coldest, hottest)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("temperature T")
    ax.set_ylabel("probability")
    even = 1 / len(labels)
    ax.axhline(even, color=BLACK, linestyle=(0, (1, 3)), linewidth=1)
    at_the_left = ax.get_yaxis_transform()
    ax.text(0.02, even + 0.02, f"all equal: {even:.4f}", transform=at_the_left, fontsize=9)
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    told = [
        f"At {t:g}: {listed(labels, torch.softmax(logits / t, dim=0))}."
        for t in (coldest, 1.0, hottest)
    ]
    return f"Line chart of probabilities against the temperature. {' '.join(told)}"


def point_frequencies(ax: "Axes", probs: Tensor, draws: Tensor, labels: Sequence[str]) -> str:
    """Draw how often each class was drawn, with error bars, on bars of the probabilities.

    The error bars extend one standard error, sqrt(p (1 - p) / n), up and down.

    Args:
        ax: axes to draw on; the caller draws the legend, perhaps one for several axes.
        probs: shape (classes,), each from 0 to 1.
        draws: shape (n,), the drawn classes, as integers.
        labels: one name per class.

    Returns:
        What the picture shows: frequencies, standard errors and probabilities.

    Raises:
        ValueError: if `probs` isn't one-dimensional or doesn't have one entry per label, or `draws`
            isn't one-dimensional, is empty, or holds numbers that aren't classes.
    """
    _require_one_each(probs, labels, "point_frequencies")
    n = draws.numel()
    if (
        draws.dim() != 1
        or n == 0
        or draws.is_floating_point()
        or not 0 <= int(draws.min()) <= int(draws.max()) < len(labels)
    ):
        raise ValueError(
            f"point_frequencies needs draws of shape (n,), integers from 0 to {len(labels) - 1}, "
            f"got {draws.dtype} of shape {tuple(draws.shape)}: {draws}"
        )
    frequencies = (torch.bincount(draws, minlength=len(labels)) / n).tolist()
    errors = (probs * (1 - probs) / n).sqrt().tolist()
    ax.bar(list(labels), probs.tolist(), color=SKY, width=0.6, label="probability")
    ax.errorbar(
        list(labels),
        frequencies,
        yerr=errors,
        fmt="o",
        color=BLACK,
        markersize=4,
        capsize=6,
        label="frequency ± one standard error",
    )
    for i, (frequency, error) in enumerate(zip(frequencies, errors, strict=True)):
        top, bar = frequency + error, probs[i].item()
        place = top if bar > top + 0.1 else max(top, bar)  # clear of the bar's end
        ax.text(i, place + 0.03, f"{frequency:.4f}", ha="center", fontsize=9)
    ax.set_ylim(0, 1)
    ax.set_ylabel("probability or frequency")
    ax.set_title(f"{n} draws", fontsize=11)
    ax.spines[["top", "right"]].set_visible(False)
    told = [
        f"{label} {frequency:.4f} with a standard error of {error:.4f} (probability {p:.4f})"
        for label, frequency, error, p in zip(
            labels, frequencies, errors, probs.tolist(), strict=True
        )
    ]
    return f"Frequencies in {n} draws next to the probabilities: {', '.join(told)}."


def line_frequency(ax: "Axes", p: float, drawn: Tensor, label: str) -> str:
    """Draw how often a class came up in the first n draws, against n, with a band around `p`.

    The band extends one standard error, sqrt(p (1 - p) / n), up and down.

    Args:
        ax: axes to draw on; n gets a logarithmic scale.
        p: the probability of the class, between 0 and 1.
        drawn: shape (draws,), bool, at least ten draws: whether each was this class.
        label: the name of the class.

    Returns:
        What the picture shows: frequency and standard error after 10, 100, 1000, ... draws.

    Raises:
        ValueError: if `p` isn't between 0 and 1, or `drawn` isn't one-dimensional, isn't bool or is
            shorter than ten.
    """
    if not 0 < p < 1 or drawn.dim() != 1 or drawn.dtype != torch.bool or len(drawn) < 10:
        raise ValueError(
            "line_frequency needs p between 0 and 1, and at least ten draws of dtype bool, got "
            f"{p} and {drawn.dtype} of shape {tuple(drawn.shape)}"
        )
    n = torch.arange(1, len(drawn) + 1, dtype=torch.float64)
    frequency, error = drawn.double().cumsum(dim=0) / n, (p * (1 - p) / n).sqrt()
    # the same number of points per decade: a picture of them all would be large
    shown = torch.logspace(0, math.log10(len(drawn)), 300).round().long().unique() - 1
    at = n[shown].tolist()
    low, high = (p - error)[shown].tolist(), (p + error)[shown].tolist()
    ax.fill_between(at, low, high, color=BAND, label="± one standard error")
    ax.plot(at, frequency[shown].tolist(), "-", color=BLACK, linewidth=1.2, label="frequency")
    ax.axhline(p, color=BLUE, linestyle="--", linewidth=1.2, label="probability")
    ax.set_xscale("log")
    ax.set_xlim(1, len(drawn))
    ax.set_ylim(0, 1)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlabel("draws so far")
    ax.set_title(f"frequency of {label}", fontsize=11)
    ax.spines[["top", "right"]].set_visible(False)
    counts = [10**power for power in range(1, len(str(len(drawn)))) if 10**power <= len(drawn)]
    told = [
        f"{frequency[count - 1].item():.4f} after {count} (standard error "
        f"{error[count - 1].item():.4f})"
        for count in counts
    ]
    return (
        f"Line chart of the frequency of {label} against the number of draws, next to its "
        f"probability {p:.4f}: {', '.join(told)}."
    )


def bar_nucleus(ax: "Axes", probs: Tensor, labels: Sequence[str], top_p: float) -> str:
    """Draw probabilities from largest to smallest, stacked like stairs, up to a level `top_p`.

    Filled steps are kept: the fewest, from the largest down, that reach `top_p`. The others are
    hatched, with "out" under their names.

    Args:
        ax: axes to draw on.
        probs: shape (classes,), summing to 1.
        labels: one name per class.
        top_p: the level, above 0 and at most 1.

    Returns:
        What the picture shows: each step with the total so far, and which steps are kept.

    Raises:
        ValueError: if `probs` isn't one-dimensional or doesn't have one entry per label, or `top_p`
            isn't above 0 and at most 1.
    """
    _require_one_each(probs, labels, "bar_nucleus")
    if not 0 < top_p <= 1:
        raise ValueError(f"bar_nucleus needs a top_p above 0 and at most 1, got {top_p}")
    order = probs.argsort(descending=True, stable=True).tolist()
    names = [labels[i] for i in order]
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    before, kept, told = 0.0, 0, []
    for x, i in enumerate(order):
        total = before + probs[i].item()
        keep = before < top_p
        style = (
            {"color": BLUE} if keep else {"facecolor": "white", "edgecolor": BLUE, "hatch": "//"}
        )
        ax.bar(x, total - before, bottom=before, width=0.9, **style)
        # in a step that is high enough, where it hides nothing of the level
        inside = keep and total - before > HIGH
        place = total - 0.03 if inside else total + 0.035
        style = {"va": "top", "color": "white"} if inside else {"bbox": box}
        ax.text(x, place, f"{total:.4f}", ha="center", fontsize=9, **style)
        told.append(f"{names[x]} {probs[i].item():.4f} (total {total:.4f})")
        before, kept = total, kept + keep
    ax.axhline(top_p, color=VERMILION, linestyle="--", linewidth=1.2, zorder=0)
    ticks = [name if x < kept else f"{name}\nout" for x, name in enumerate(names)]
    ax.set_xticks(range(len(names)), ticks)
    ax.set_ylim(0, 1.15)
    ax.set_title(f"top-p {top_p:g} keeps {kept}", fontsize=11)
    ax.spines[["top", "right"]].set_visible(False)
    return (
        f"Stairs of probabilities from the largest down: {', '.join(told)}. Of {len(names)}, "
        f"top-p {top_p:g} keeps {kept}: {', '.join(names[:kept])}."
    )


def _require_one_each(values: Tensor, labels: Sequence[str], function: str) -> None:
    if values.dim() != 1 or len(values) != len(labels) or len(labels) == 0:
        raise ValueError(
            f"{function} needs a tensor of shape ({len(labels)},), one entry for each of the "
            f"labels {list(labels)}, at least one, got shape {tuple(values.shape)}"
        )
