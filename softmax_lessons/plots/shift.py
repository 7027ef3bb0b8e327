"""Pictures of what subtracting a maximum does to logits, to exp and to rounding."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from softmax_lessons.dtypes import limits
from softmax_lessons.plots.display import BLACK, BLUE, ORANGE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_shift(ax: "Axes", logits: Tensor) -> str:
    """Draw logits on the curve of exp before and after their maximum is subtracted.

    The scale of exp is logarithmic, so the curve is a straight line, and equal steps up are
    equal ratios.

    Args:
        ax: axes to draw on.
        logits: shape (n,), finite, at least two; their dtype says where exp overflows.

    Returns:
        A description of the picture.

    Raises:
        ValueError: if `logits` is not one-dimensional, floating-point and finite, with at
            least 2 entries.
    """
    if logits.dim() != 1 or len(logits) < 2 or not _finite(logits):
        raise ValueError(
            "plot_shift needs finite floating-point logits of shape (n,), at least 2 of them, got "
            f"{logits.dtype} of shape {tuple(logits.shape)}: {logits.tolist()}"
        )
    before = logits.double()
    after = before - before.max()
    ceiling = limits(logits.dtype).largest
    both = torch.cat([before, after])
    room = 0.08 * (both.max() - both.min()).item()
    x = torch.tensor([both.min().item() - room, both.max().item() + 2 * room], dtype=torch.float64)
    top = x[1].exp().item()

    ax.plot(x.tolist(), x.exp().tolist(), color=BLACK, linewidth=1, zorder=1)
    if top > ceiling:
        ax.axhspan(ceiling, top, facecolor="white", edgecolor=VERMILION, hatch="///", linewidth=0)
        ax.axhline(ceiling, color=VERMILION, linewidth=1)
        note = f"too large for {_name(logits.dtype)}: exp is inf"
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        middle = (ceiling * top) ** 0.5 if ceiling < 1e150 else ceiling
        ax.text(x[0].item() + room / 2, middle, note, va="center", bbox=box)
    for points, colour, marker, label in (
        (before, ORANGE, "s", "before"),
        (after, BLUE, "o", "after"),
    ):
        style = {"color": colour, "marker": marker, "markersize": 7, "markeredgecolor": BLACK}
        ax.plot(points.tolist(), points.exp().tolist(), linestyle="none", label=label, **style)
        for point in points.tolist():
            where = (point, torch.tensor(point, dtype=torch.float64).exp().item())
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            ax.annotate(
                f"{point:g}", where, (9, -4), textcoords="offset points", va="top", bbox=box
            )
    # in parts of the axes, of which the line of exp is the diagonal
    ax.annotate("", (0.36, 0.3), (0.87, 0.3), xycoords="axes fraction", arrowprops={"width": 1})
    ax.text(0.62, 0.34, f"subtract {before.max():g}", transform=ax.transAxes, ha="center")
    ax.set_yscale("log")
    ax.set_xlim(*x.tolist())
    ax.set_ylim(x[0].exp().item(), top)
    ax.set_xlabel("logit x")
    ax.set_ylabel("exp(x), log scale")
    ax.legend(loc="lower right")
    ax.spines[["top", "right"]].set_visible(False)
    above = int((before.exp() > ceiling).sum())
    return (
        f"The line of exp on a logarithmic scale. The logits {_row(before)} sit at "
        f"{_row(before.exp(), '.1e')}; {above} of the {len(before)} lie above {ceiling:.1e}, the "
        f"largest {_name(logits.dtype)}. Slid left by {before.max():g} they are {_row(after)} and "
        f"sit at {_row(after.exp(), '.1e')}, as far apart as before."
    )


def plot_shifted_rows(ax: "Axes", logits: Tensor, shift: Tensor) -> str:
    """Draw each row of `logits - shift` on a number line, beside the softmax made of it.

    Marked are the zones where exp keeps too few digits, or is 0. The softmax is computed in the
    dtype of the logits, as exp over sum.

    Args:
        ax: axes to draw on.
        logits: shape (rows, classes), finite.
        shift: shape () for one shift, or (rows, 1) for one a row.

    Returns:
        A description of the picture.

    Raises:
        ValueError: if `logits` is not two-dimensional, floating-point and finite, or `shift`
            has neither of the two shapes.
    """
    if logits.dim() != 2 or not logits.numel() or not _finite(logits):
        raise ValueError(
            "plot_shifted_rows needs finite floating-point logits of shape (rows, classes), got "
            f"{logits.dtype} of shape {tuple(logits.shape)}: {logits.tolist()}"
        )
    if tuple(shift.shape) not in {(), (len(logits), 1)}:
        raise ValueError(
            f"plot_shifted_rows needs a shift of shape () or ({len(logits)}, 1), got "
            f"{tuple(shift.shape)}"
        )
    shifted = logits - shift
    exps = shifted.exp()
    probs = exps / exps.sum(1, keepdim=True)
    vanishes = limits(logits.dtype).exp_positive_down_to
    fades = torch.tensor(torch.finfo(logits.dtype).smallest_normal).double().log().item()
    left = min(shifted.min().item(), vanishes) - 18

    ax.axvspan(left, vanishes, facecolor="white", edgecolor=VERMILION, hatch="xxx", linewidth=0)
    ax.axvspan(vanishes, fades, facecolor="white", edgecolor=ORANGE, hatch="...", linewidth=0)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    for start, end, text in ((left, vanishes, "exp is 0"), (vanishes, fades, "few digits")):
        ax.text((start + end) / 2, -0.72, text, ha="center", va="center", fontsize=8, bbox=box)
    said = []
    for row, (place, result) in enumerate(zip(shifted, probs, strict=True)):
        style = {"color": BLUE, "marker": "|", "markersize": 15, "markeredgewidth": 1.5}
        ax.plot(place.tolist(), [row] * len(place), linestyle="none", **style)
        answer = "nan" if result.isnan().any() else "  ".join(f"{p:.4f}" for p in result.tolist())
        ax.annotate(
            answer,
            (1.02, row),
            xycoords=("axes fraction", "data"),
            va="center",
            annotation_clip=False,
        )
        said.append(f"row {row} at {_row(place)} becomes {answer.replace('  ', ', ')}")
    ax.set_xlim(left, max(shifted.max().item(), 0) + 4)
    ax.set_ylim(len(logits) - 0.4, -1.1)
    ax.set_yticks(range(len(logits)), [f"row {row}" for row in range(len(logits))])
    ax.set_xlabel("logit after the shift")
    ax.spines[["top", "right"]].set_visible(False)
    return (
        f"A number line in {_name(logits.dtype)}, where exp is 0 below {vanishes:.2f} and has few "
        f"digits below {fades:.2f}: {'; '.join(said)}."
    )


def plot_rounding_error(ax: "Axes", logits: Tensor) -> str:
    """Draw how far `torch.softmax` is off, with and without a maximum subtracted first.

    The error is relative to softmax in float64. It is drawn against the distance of a logit from
    its row's maximum: of all the entries at the same distance, rounded down to a whole number,
    the largest error.

    Args:
        ax: axes to draw on.
        logits: shape (batch, classes), finite, in the dtype to try; no row may span more than
            700, where float64 itself comes to its end.

    Returns:
        A description of the picture.

    Raises:
        ValueError: if `logits` is not two-dimensional, floating-point and finite, or spans more
            than 700 in a row.
    """
    if logits.dim() != 2 or not logits.numel() or not _finite(logits):
        raise ValueError(
            "plot_rounding_error needs finite floating-point logits of shape (batch, classes), "
            f"got {logits.dtype} of shape {tuple(logits.shape)}"
        )
    largest = logits.amax(dim=1, keepdim=True)
    distance = (largest.double() - logits.double()).flatten()
    if distance.max() > 700:
        raise ValueError(
            f"plot_rounding_error needs rows that span at most 700, got {distance.max():g}"
        )
    right = torch.softmax(logits.double(), dim=1)
    bins = distance.floor().long()
    where = bins.unique()
    told = []
    for given, colour, line, label in (
        (logits - largest, VERMILION, "-", "maximum subtracted first"),
        (logits, BLUE, "--", "torch.softmax alone"),
    ):
        errors = ((torch.softmax(given, dim=1).double() - right).abs() / right).flatten()
        worst = torch.zeros(int(bins.max()) + 1, dtype=torch.float64)
        worst.scatter_reduce_(0, bins, errors, "amax")
        style = {"color": colour, "linestyle": line, "linewidth": 2, "label": label}
        ax.plot(where.tolist(), worst[where].tolist(), **style)
        told.append(f"{label}, {_percent(errors.max().item())}")
    ax.set_xlim(0, where.max().item())
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    ax.set_xlabel("distance below the row's maximum")
    ax.set_ylabel("largest relative error")
    ax.legend(loc="upper left")
    ax.spines[["top", "right"]].set_visible(False)
    return (
        f"Line chart of the largest relative error of softmax in {_name(logits.dtype)} against the "
        f"distance below the row's maximum, from 0 to {where.max().item()}. At its worst: "
        f"{'; '.join(told)}."
    )


def _finite(logits: Tensor) -> bool:
    return logits.is_floating_point() and bool(logits.isfinite().all())


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _percent(share: float) -> str:
    """Write two digits at most: the last bits differ between machines."""
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def _row(values: Tensor, form: str = "g") -> str:
    return ", ".join(format(value, form) for value in values.tolist())
