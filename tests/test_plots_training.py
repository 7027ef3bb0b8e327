import pytest
import torch
from matplotlib import pyplot as plt

from softmax_lessons import plots


@pytest.fixture
def axes():
    fig, axes = plt.subplots(1, 2)
    yield axes
    plt.close(fig)


def labels(ax):
    return {text.get_text(): text.xy[1] for text in ax.texts}


def test_line_training_draws_both_curves_and_describes_where_they_begin_and_end(axes):
    alt = plots.line_training(axes, {"right": ([2.3, 0.25], [0.1, 0.9]), "odd": ([1, -1], [0, 0])})
    assert [list(line.get_ydata()) for line in axes[0].get_lines()[:2]] == [[2.3, 0.25], [1, -1]]
    assert [list(line.get_ydata()) for line in axes[1].get_lines()] == [[0.1, 0.9], [0, 0]]
    assert "over 2 steps" in alt
    assert "right 2.30 to 0.25, 0.90; odd 1.00 to -1.00, 0.00." in alt
    assert labels(axes[0]) == {"right": 0.25, "odd": -1}
    assert labels(axes[1]) == {"right": 0.9, "odd": 0}


def test_a_loss_can_be_marked(axes):
    alt = plots.line_training(axes, {"right": ([2.3, 0.25], [0, 0])}, {"log 10": 2.303})
    assert list(axes[0].get_lines()[-1].get_ydata()) == [2.303, 2.303]
    assert labels(axes[0])["log 10 = 2.30"] == 2.303
    assert alt.endswith("A line marks log 10, 2.30.")


def test_labels_of_lines_that_end_together_do_not_overlap(axes):
    ends = {"a": 1, "b": 1, "c": 1.3}
    plots.line_training(axes, {name: ([10, end], [0, 0]) for name, end in ends.items()})
    places = labels(axes[0])
    assert places["a, b"] == 1
    low, high = axes[0].get_ylim()
    assert (places["c"] - places["a, b"]) / (high - low) == pytest.approx(0.06, abs=1e-6)
    assert labels(axes[1]) == {"a, b, c": 0}


def test_no_two_runs_look_the_same(axes):
    plots.line_training(axes, {str(i): ([0], [0]) for i in range(6)})
    assert len({(line.get_color(), line.get_linestyle()) for line in axes[1].get_lines()}) == 6


def test_micro_batch_bars_are_as_wide_as_their_number_of_targets(axes):
    alt = plots.bar_micro_batches(axes[0], [0.5, 2.0], [3, 1])
    bars = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in axes[0].patches]
    assert bars == [(0, 3, 0.5), (3, 1, 2.0)]
    texts = [text.get_text() for text in axes[0].texts]
    assert texts[:2] == ["micro-batch 0\n3 targets\n0.5000", "micro-batch 1\n1 target\n2.0000"]
    assert [line.get_ydata()[0] for line in axes[0].get_lines()] == [1.25, 0.875]
    assert "0 has 3 targets and the mean 0.5000; micro-batch 1 has 1 target and" in alt
    assert alt.endswith("mean of means 1.2500; whole batch 0.8750.")


def test_show_segments_draws_lit_segments_darker(axes):
    photos = torch.tensor([[0.0, 1, 0.5, 0, 0, 0, 0], [2.0, -1, 1, 1, 1, 1, 1]])
    alt = plots.show_segments(axes, photos, ["a", "b"])
    first, second = ([line.get_color()[0] for line in ax.get_lines()] for ax in axes)
    assert first[:3] == pytest.approx([0.92, 0, 0.46])
    assert second[:2] == pytest.approx([0, 0.92])
    assert (
        "on: a: a 0.00, b 1.00, c 0.50, d 0.00, e 0.00, f 0.00, g 0.00; b: a 2.00, b -1.00" in alt
    )
    assert axes[1].get_title() == "b"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda axes: plots.line_training(axes[:1], {"a": ([1], [1])}), "2 axes"),
        (lambda axes: plots.line_training(axes, {}), "1 to 6 runs"),
        (lambda axes: plots.bar_micro_batches(axes[0], [1.0, 2.0], [3]), "1 for 2"),
        (lambda axes: plots.bar_micro_batches(axes[0], [], []), "0 for 0"),
        (lambda axes: plots.show_segments(axes, torch.zeros(1, 7), ["a", "b"]), "2, 1 and 2"),
    ],
)
def test_bad_input_is_refused_with_an_explanation(axes, call, says):
    with pytest.raises(ValueError, match=says):
        call(axes)
