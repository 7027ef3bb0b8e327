"""The figures of speed.py."""

from pathlib import Path

import matplotlib.pyplot as plt

from softmax_lessons import plots

Pair = tuple[dict[str, float], dict[str, float]]  # seconds by method: kept and fresh memory


def draw_roofline(path: Path, titles: list[str], pairs: list[Pair]) -> None:
    """Draw what share of the speed of a copy each method reaches."""
    fig, panels = plt.subplots(1, len(pairs), figsize=(8, 4), sharex=True, sharey=True)
    styles = [("kept memory", plots.BLUE, ""), ("fresh memory", plots.ORANGE, "//")]
    for ax, title, pair in zip(panels, titles, pairs, strict=True):
        copy = pair[0]["copy into out"]
        names = [name for name in pair[0] if name != "copy into out"]
        for offset, times, (label, color, hatch) in zip((-0.2, 0.2), pair, styles, strict=True):
            rows = [row + offset for row in range(len(names))]
            shares = [copy / times[name] for name in names]
            ax.barh(rows, shares, 0.4, color=color, hatch=hatch, edgecolor="white", label=label)
        ax.axvline(1, color=plots.BLACK, linestyle="--", label="copy into kept memory")
        ax.set_title(title, fontsize=9)
        ax.set_yticks(range(len(names)), names)
        ax.spines[["top", "right"]].set_visible(False)
    panels[0].invert_yaxis()
    fig.supxlabel("share of the speed of a copy, float32", fontsize=10)
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    fig.set_layout_engine("constrained")
    fig.savefig(path, dpi=110)


def draw_cost(path: Path, lengths: list[int], pairs: list[Pair]) -> None:
    """Draw what an element costs, against the length of a row."""
    fig, panels = plt.subplots(1, 2, figsize=(8, 4), sharey=True)
    colors = (plots.BLUE, plots.ORANGE, plots.GREEN, plots.VERMILION, plots.PURPLE, plots.SKY)
    names = ["torch.softmax", "naive_softmax", "stable_softmax", "online, by 8192", "numpy"]
    for ax, which, title in zip(panels, (0, 1), ("kept memory", "fresh memory"), strict=True):
        for name, color, marker in zip(names, colors, "os^Dv", strict=False):
            if name in pairs[0][which]:
                costs = [
                    pair[which][name] / length * 1e9
                    for pair, length in zip(pairs, lengths, strict=True)
                ]
                ax.loglog(lengths, costs, color=color, marker=marker, markersize=5, label=name)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("elements n, one row of float32")
        ax.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("ns an element")
    panels[0].legend(fontsize=9, frameon=False)
    fig.set_layout_engine("constrained")
    fig.savefig(path, dpi=110)
