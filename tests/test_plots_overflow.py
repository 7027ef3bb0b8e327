import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons import limits, naive_softmax, plots, stable_softmax


def test_bar_exp_range_draws_and_describes_the_limits():
    ax = Figure().subplots()
    alt = plots.bar_exp_range(ax, [torch.float16, torch.float32])
    for dtype, bar in zip((torch.float16, torch.float32), ax.patches, strict=True):
        found = limits(dtype)
        assert bar.get_x() == pytest.approx(found.exp_positive_down_to)
        assert bar.get_x() + bar.get_width() == pytest.approx(found.exp_finite_up_to)
    assert "-17.33 to 11.09 in float16, -103.97 to 88.72 in float32" in alt


def test_plot_drift_shows_that_a_naive_softmax_drifts_and_a_stable_one_does_not():
    tops = torch.linspace(-106, -94, 49)
    naive = plots.plot_drift(Figure().subplots(), naive_softmax, tops)
    stable = plots.plot_drift(Figure().subplots(), stable_softmax, tops)
    assert "The right answer is 0.7311" in naive
    assert "nan from -106 to -104" in naive
    assert "off by more than 2% only between x = -103.75 and -101, where it lies between" in naive
    assert "never off by more than 2%" in stable
    assert "nan" not in stable


def test_plot_drift_draws_what_the_function_returns():
    ax = Figure().subplots()
    tops = torch.linspace(-2, 2, 5)
    plots.plot_drift(ax, lambda x, dim: torch.full_like(x, 0.25), tops)
    drawn = ax.lines[1]
    assert list(drawn.get_xdata()) == tops.tolist()
    assert list(drawn.get_ydata()) == [0.25] * 5


def test_map_outcomes_names_all_four_outcomes():
    tops = torch.linspace(-120, 100, 441)
    alt = plots.map_outcomes(Figure().subplots(), naive_softmax, tops, [2, 512])
    assert "with 2 classes, nan from -120 to -104, subtly wrong from -103.5 to -101" in alt
    assert "right from -100.5 to 88, zeros at 88.5, nan from 89 to 100" in alt
    assert "with 512 classes" in alt
    assert "zeros from 83 to 88.5, nan from 89 to 100" in alt
    stable = plots.map_outcomes(Figure().subplots(), stable_softmax, tops, [2])
    assert "with 2 classes, right from -120 to 100" in stable


def test_map_outcomes_colours_are_hatched_as_well():
    ax = Figure().subplots()
    plots.map_outcomes(ax, naive_softmax, torch.linspace(-120, 100, 111), [2, 4])
    labels = [bars.get_label() for bars in ax.containers]
    assert labels == ["right", "subtly wrong", "zeros", "nan"]
    hatches = {bars[0].get_hatch() for bars in ax.containers if len(bars)}
    assert len(hatches) == len([bars for bars in ax.containers if len(bars)])


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plots.bar_exp_range(ax, []),
        lambda ax: plots.plot_drift(ax, naive_softmax, torch.ones(2, 2)),
        lambda ax: plots.plot_drift(ax, naive_softmax, torch.tensor([1, 2])),
        lambda ax: plots.plot_drift(ax, naive_softmax, torch.tensor([2.0, 1.0])),
        lambda ax: plots.map_outcomes(ax, naive_softmax, torch.tensor([1.0, 2.0]), []),
        lambda ax: plots.map_outcomes(ax, naive_softmax, torch.tensor([1.0, 2.0]), [3]),
    ],
)
def test_bad_input_is_refused_with_an_explanation(draw):
    with pytest.raises(ValueError, match=r"needs .*got"):
        draw(Figure().subplots())
