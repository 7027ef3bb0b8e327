import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons import plots


def test_a_ruler_has_a_tick_at_each_number_in_the_dtype_and_nowhere_else():
    ax = Figure().subplots()
    alt = plots.rule_values(ax, [torch.float8_e5m2, torch.bfloat16])
    float8, bfloat16 = (
        [segment[0][0] for segment in lines.get_segments()] for lines in ax.collections
    )
    assert float8 == [1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4]
    assert len(bfloat16) == 128 + 128 + 1
    assert bfloat16[1] == torch.nextafter(*torch.tensor([1, 2], dtype=torch.bfloat16)).item()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["float8_e5m2", "bfloat16"]
    assert "float8_e5m2 4 and 4; bfloat16 128 and 128" in alt


def test_an_error_is_drawn_as_a_bar_in_percent_with_its_number():
    ax = Figure().subplots()
    alt = plots.bar_errors(ax, ["subtract", "divide"], [0.1331, 0.00391])
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([13.31, 0.391])
    assert [text.get_text() for text in ax.texts] == ["13%", "0.39%"]
    assert ax.get_xlim()[0] == 0
    assert "subtract 13%, divide 0.39%" in alt


def test_a_running_sum_is_drawn_as_the_dtype_adds_it():
    ax = Figure().subplots()
    alt = plots.plot_running_sums(ax, [torch.float32, torch.bfloat16], 300)
    float32, bfloat16 = (list(line.get_ydata()) for line in ax.lines[:2])
    assert float32 == list(range(301))
    assert bfloat16 == [min(n, 256) for n in range(301)]
    assert "300 ones: float32 up to 300; bfloat16 stays at 256" in alt
    assert len({line.get_linestyle() for line in ax.lines}) == 3


def test_lines_that_end_together_share_a_label():
    ax = Figure().subplots()
    plots.plot_running_sums(ax, [torch.float32, torch.float16, torch.bfloat16], 300)
    labels = {text.get_text(): text.xy[1] for text in ax.texts}
    assert labels == {"float32 and float16\nup to 300": 300, "bfloat16\nstays at 256": 256}


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plots.rule_values(ax, []),
        lambda ax: plots.rule_values(ax, [torch.bfloat16, torch.float16]),
        lambda ax: plots.bar_errors(ax, ["a"], []),
        lambda ax: plots.bar_errors(ax, [], []),
        lambda ax: plots.bar_errors(ax, ["a"], [-1.0]),
        lambda ax: plots.bar_errors(ax, ["a"], [float("inf")]),
        lambda ax: plots.plot_running_sums(ax, [], 3),
        lambda ax: plots.plot_running_sums(ax, 5 * [torch.float32], 3),
        lambda ax: plots.plot_running_sums(ax, [torch.float32], 0),
    ],
)
def test_bad_input_is_refused_with_an_explanation(draw):
    with pytest.raises(ValueError, match=r"needs .*got"):
        draw(Figure().subplots())
