import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons.plots import bar_reliability

CONFIDENCE = torch.tensor([0.3, 0.5, 0.9, 0.9, 1.0, 0.9])
RIGHT = torch.tensor([True, False, True, True, False, False])


@pytest.fixture
def ax():
    return Figure().subplots()


def test_each_bin_with_examples_has_a_bar_a_mark_and_a_description(ax):
    alt = bar_reliability(ax, CONFIDENCE, RIGHT, bins=4)
    heights = [
        (round(bar.get_x() + bar.get_width() / 2, 3), bar.get_height()) for bar in ax.patches
    ]
    assert heights == [(0.375, 1.0), (0.625, 0.0), (0.875, 0.5)]
    marks = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert marks == pytest.approx([0.3, 0.5, 0.925])
    counts = [(text.get_position()[0], text.get_text(), text.get_color()) for text in ax.texts]
    # on its bar, or on the background where the bar is too low to write on
    assert counts == [(0.375, "1", "white"), (0.625, "1", "#000000"), (0.875, "4", "white")]
    # (0.7 * 1 + 0.5 * 1 + 0.425 * 4) / 6
    assert alt == (
        "Reliability diagram of 6 examples: says 0.3000, right 1.0000 of 1; says 0.5000, right "
        "0.0000 of 1; says 0.9250, right 0.5000 of 4. Expected calibration error 0.4833."
    )


def test_a_model_that_is_right_as_often_as_it_says_has_no_error(ax):
    right = torch.tensor([True, False, False, False])
    alt = bar_reliability(ax, torch.full((4,), 0.25), right)
    assert alt.endswith("Expected calibration error 0.0000.")
    labels = ax.get_legend_handles_labels()[1]
    assert sorted(labels) == ["mean confidence", "share that is right"]


@pytest.mark.parametrize(
    ("confidence", "right"),
    [
        (CONFIDENCE[None], RIGHT[None]),
        (CONFIDENCE, RIGHT[:2]),
        (CONFIDENCE[:0], RIGHT[:0]),
        (CONFIDENCE, RIGHT.float()),
        (CONFIDENCE + 0.1, RIGHT),
        (CONFIDENCE - 0.5, RIGHT),
    ],
)
def test_bad_input_is_refused_with_an_explanation(ax, confidence, right):
    with pytest.raises(ValueError, match=r"bar_reliability needs.*got"):
        bar_reliability(ax, confidence, right)
