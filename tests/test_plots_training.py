import pytest
import torch
from matplotlib import pyplot as plt

from softmax_lessons import plots


@pytest.fixture
def axes():
    fig, axes = plt.subplots(1, 2)
    yield axes
    plt.close(fig)


def test_line_training_draws_both_curves_and_tells_where_they_end(axes):
    alt = plots.line_training(axes, {"right": ([2.3, 0.25], [0.1, 0.9]), "odd": ([1, -1], [0, 0])})
    assert [list(line.get_ydata()) for line in axes[0].get_lines()[:2]] == [[2.3, 0.25], [1, -1]]
    assert [list(line.get_ydata()) for line in axes[1].get_lines()] == [[0.1, 0.9], [0, 0]]
    assert "over 2 steps" in alt
    assert "right 0.25 and 0.90; odd -1.00 and 0.00" in alt
    assert [text.get_text() for text in axes[1].get_legend().get_texts()] == ["right", "odd"]


def test_no_two_runs_look_the_same(axes):
    plots.line_training(axes, {str(i): ([0], [0]) for i in range(6)})
    assert len({(line.get_color(), line.get_linestyle()) for line in axes[1].get_lines()}) == 6


def test_show_segments_draws_what_is_on_darker(axes):
    photos = torch.tensor([[0.0, 1, 0.5, 0, 0, 0, 0], [2.0, -1, 1, 1, 1, 1, 1]])
    alt = plots.show_segments(axes, photos, ["a", "b"])
    first, second = ([line.get_color()[0] for line in ax.get_lines()] for ax in axes)
    assert first[:3] == pytest.approx([0.92, 0, 0.46])
    assert second[:2] == pytest.approx([0, 0.92])
    assert "a 0.00 1.00 0.50" in alt
    assert axes[1].get_title() == "b"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda axes: plots.line_training(axes[:1], {"a": ([1], [1])}), "2 axes"),
        (lambda axes: plots.line_training(axes, {}), "1 to 6 runs"),
        (lambda axes: plots.show_segments(axes, torch.zeros(1, 7), ["a", "b"]), "2, 1 and 2"),
    ],
)
def test_bad_input_is_told_what_came(axes, call, says):
    with pytest.raises(ValueError, match=says):
        call(axes)
