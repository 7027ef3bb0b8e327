import re

import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons import plots

LABELS = ["cat", "dog", "owl"]
LOGITS = torch.tensor([2.0, 1.0, 0.1])
PROBS = LOGITS.softmax(dim=0)
DRAWS = torch.tensor([0, 0, 1, 0])


def numbers(sentence):
    return [float(n) for n in re.findall(r"-?\d+\.\d{4}", sentence)]


def test_line_temperatures_draws_one_line_per_class_and_describes_its_ends_and_t_1():
    ax = Figure().subplots()
    temperatures = torch.logspace(-1, 2, 13)
    alt = plots.line_temperatures(ax, LOGITS, LABELS, temperatures)
    lines = [line for line in ax.lines if line.get_label() in LABELS]
    assert [line.get_label() for line in lines] == LABELS
    assert len({line.get_linestyle() for line in lines}) == 3
    for i, line in enumerate(lines):
        assert line.get_xdata() == pytest.approx(temperatures.tolist())
        assert line.get_ydata() == pytest.approx(
            [(LOGITS / t).softmax(dim=0)[i].item() for t in temperatures], abs=1e-6
        )
    assert ax.get_xscale() == "log"
    assert ax.get_xlim() == (0.1, 100)
    told = torch.stack([(LOGITS / t).softmax(dim=0) for t in (0.1, 1, 100)]).flatten()
    assert numbers(alt) == pytest.approx(told.tolist(), abs=5e-5)
    assert [float(t) for t in re.findall(r"At ([\d.]+):", alt)] == [0.1, 1, 100]
    assert "all equal: 0.3333" in [text.get_text() for text in ax.texts]


def test_point_frequencies_draws_bars_points_and_errors_and_describes_them():
    ax = Figure().subplots()
    alt = plots.point_frequencies(ax, PROBS, DRAWS, LABELS)
    bars, points = ax.containers
    assert [bar.get_height() for bar in bars] == pytest.approx(PROBS.tolist())
    frequencies = [0.75, 0.25, 0.0]
    assert points.lines[0].get_ydata().tolist() == frequencies
    errors = (PROBS * (1 - PROBS) / 4).sqrt().tolist()
    ends = [segment[:, 1].tolist() for segment in points.lines[2][0].get_segments()]
    expected = [(f - e, f + e) for f, e in zip(frequencies, errors, strict=True)]
    for drawn, wanted in zip(ends, expected, strict=True):
        assert drawn == pytest.approx(wanted)
    told = [n for trio in zip(frequencies, errors, PROBS.tolist(), strict=True) for n in trio]
    assert numbers(alt) == pytest.approx(told, abs=5e-5)
    assert "in 4 draws" in alt
    assert ax.get_title() == "4 draws"


def test_a_frequency_label_is_beside_its_point_and_not_across_the_end_of_the_bar():
    ax = Figure().subplots()
    probs = torch.tensor([0.9, 0.1])
    plots.point_frequencies(ax, probs, torch.tensor([0, 1] * 50), ["a", "b"])
    inside, above = [text.get_position()[1] for text in ax.texts]
    assert inside == pytest.approx(0.5 + 0.03 + 0.03)
    assert above == pytest.approx(0.5 + 0.03 + 0.03)
    ax = Figure().subplots()
    plots.point_frequencies(ax, probs, torch.tensor([0] * 88 + [1] * 12), ["a", "b"])
    assert ax.texts[0].get_position()[1] == pytest.approx(0.91 + 0.03)
    plots.point_frequencies(ax, probs, torch.tensor([0] * 84 + [1] * 16), ["a", "b"])
    assert ax.texts[2].get_position()[1] == pytest.approx(0.9 + 0.03)


def test_the_label_of_a_low_step_is_above_it():
    ax = Figure().subplots()
    plots.bar_nucleus(ax, torch.tensor([0.5, 0.4, 0.1]), ["a", "b", "c"], 1.0)
    assert [text.get_position()[1] > 1 for text in ax.texts] == [False, False, True]


@pytest.mark.parametrize(
    ("top_p", "kept"), [(0.5, ["b"]), (0.7, ["b", "c"]), (0.9, ["b", "c", "a"])]
)
def test_bar_nucleus_keeps_the_fewest_that_reach_the_level(top_p, kept):
    ax = Figure().subplots()
    alt = plots.bar_nucleus(ax, torch.tensor([0.125, 0.625, 0.25]), ["a", "b", "c"], top_p)
    assert [bar.get_y() for bar in ax.patches] == [0, 0.625, 0.875]
    assert [bar.get_height() for bar in ax.patches] == [0.625, 0.25, 0.125]
    hatched = [bool(bar.get_hatch()) for bar in ax.patches]
    assert hatched == [name not in kept for name in "bca"]
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks == [name if name in kept else f"{name}\nout" for name in "bca"]
    assert ax.lines[0].get_ydata() == [top_p, top_p]
    # in the filled steps, where it hides none of the line, and above those that are left out
    for text, bar, name in zip(ax.texts, ax.patches, "bca", strict=True):
        top = bar.get_y() + bar.get_height()
        assert (bar.get_y() < text.get_position()[1] < top) == (name in kept)
        assert (text.get_bbox_patch() is None) == (name in kept)
    assert numbers(alt) == [0.625, 0.625, 0.25, 0.875, 0.125, 1.0]
    assert alt.endswith(f"keeps {len(kept)}: {', '.join(kept)}.")
    assert ax.get_title().endswith(f"keeps {len(kept)}")


def test_line_frequency_counts_from_the_first_draw_and_describes_each_power_of_ten():
    ax = Figure().subplots()
    drawn = torch.tensor([True, False, False, False] * 30)
    alt = plots.line_frequency(ax, 0.25, drawn, "cat")
    frequency, level = ax.lines
    x, y = frequency.get_xdata(), frequency.get_ydata()
    assert (x[0], y[0]) == (1, 1)
    assert y[list(x).index(10)] == pytest.approx(0.3)
    assert (x[-1], y[-1]) == (120, 0.25)
    assert list(level.get_ydata()) == [0.25, 0.25]
    (band,) = ax.collections
    (path,) = band.get_paths()
    at_ten = sorted(v for n, v in path.vertices.tolist() if n == 10)
    error = (0.25 * 0.75 / 10) ** 0.5
    assert (at_ten[0], at_ten[-1]) == pytest.approx((0.25 - error, 0.25 + error))
    assert numbers(alt) == [0.25, 0.3, round(error, 4), 0.25, 0.0433]
    assert "after 100 " in alt


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plots.line_temperatures(ax, torch.ones(2), LABELS, torch.arange(1, 4)),
        lambda ax: plots.line_temperatures(ax, torch.ones(7), list("abcdefg"), torch.arange(1, 4)),
        lambda ax: plots.line_temperatures(ax, LOGITS, LABELS, torch.ones(2, 2)),
        lambda ax: plots.line_temperatures(ax, LOGITS, LABELS, torch.ones(1)),
        lambda ax: plots.line_temperatures(ax, LOGITS, LABELS, torch.tensor([0.0, 1.0])),
        lambda ax: plots.line_temperatures(ax, LOGITS, LABELS, torch.tensor([1.0, 1.0])),
        lambda ax: plots.point_frequencies(ax, PROBS[:2], DRAWS, LABELS),
        lambda ax: plots.point_frequencies(ax, PROBS, DRAWS[None], LABELS),
        lambda ax: plots.point_frequencies(ax, PROBS, DRAWS[:0], LABELS),
        lambda ax: plots.point_frequencies(ax, PROBS, DRAWS.float(), LABELS),
        lambda ax: plots.point_frequencies(ax, PROBS, DRAWS + 2, LABELS),
        lambda ax: plots.point_frequencies(ax, PROBS, DRAWS - 1, LABELS),
        lambda ax: plots.line_frequency(ax, 1.0, DRAWS.repeat(3) == 0, "cat"),
        lambda ax: plots.line_frequency(ax, 0.5, DRAWS.repeat(3), "cat"),
        lambda ax: plots.line_frequency(ax, 0.5, DRAWS == 0, "cat"),
        lambda ax: plots.line_frequency(ax, 0.5, DRAWS.repeat(3)[None] == 0, "cat"),
        lambda ax: plots.bar_nucleus(ax, PROBS[None], LABELS, 0.9),
        lambda ax: plots.bar_nucleus(ax, PROBS[:0], [], 0.9),
        lambda ax: plots.bar_nucleus(ax, PROBS, LABELS, 0.0),
        lambda ax: plots.bar_nucleus(ax, PROBS, LABELS, 1.1),
    ],
)
def test_bad_input_is_refused_with_an_explanation(draw):
    with pytest.raises(ValueError, match=r"(?s)(needs|apart).*got"):
        draw(Figure().subplots())
