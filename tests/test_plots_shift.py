import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons import limits, plots


def test_the_points_are_at_the_logits_and_the_sentence_counts_what_is_lost():
    ax = Figure().subplots()
    rows = [torch.tensor([98.0, 99.0, 100.0]), torch.tensor([-2.0, -1.0, 0.0])]
    alt = plots.number_line(ax, rows, ["before", "after"])
    points = [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in ax.lines
        if line.get_marker() != "None"
    ]
    assert points == [(98, 0), (99, 0), (100, 0), (-2, 1), (-1, 1), (0, 1)]
    assert "exp fits from -103.97 to 88.72" in alt
    assert "before: 98, 99, 100 (3 overflow); after: -2, -1, 0 (all in range)" in alt


def test_underflow_is_counted_too_and_the_limits_follow_the_dtype():
    ax = Figure().subplots()
    row = torch.tensor([-20.0, 12.0, -12.0])
    alt = plots.number_line(ax, [row], ["row"], torch.float16)
    assert "row: -20, 12, -12 (1 overflow and 1 underflow and 1 with few digits)" in alt
    found = limits(torch.float16)
    drawn = {line.get_xdata()[0] for line in ax.lines}
    assert {found.exp_finite_up_to, found.exp_positive_down_to} <= drawn
    assert ax.get_xlabel() == "logit, in float16"


@pytest.mark.parametrize(("rows", "names"), [([torch.ones(2)], []), ([torch.ones(1, 2)], ["a"])])
def test_bad_shapes_are_refused_with_an_explanation(rows, names):
    with pytest.raises(ValueError, match=r"needs rows of shape \(classes,\).*got shapes"):
        plots.number_line(Figure().subplots(), rows, names)
