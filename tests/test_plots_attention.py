import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons import plots

WEIGHTS = torch.tensor([[1.0, 0.0, 0.0], [0.3, 0.7, 0.0]])
MASK = torch.tensor([[True, False, False], [True, True, False]])
QUERIES, KEYS = ["it", "is"], ["a", "b", "c"]


def draw(weights=WEIGHTS, mask=MASK, queries=QUERIES, keys=KEYS):
    ax = Figure().subplots()
    return ax, plots.grid_weights(ax, weights, mask, queries, keys)


def entries(ax):
    return {text.get_position(): text.get_text() for text in ax.texts}


def test_grid_weights_prints_visible_weights_in_place_and_hatches_hidden_ones():
    ax, alt = draw()
    assert entries(ax) == {(0.5, 0.5): "1.00", (0.5, 1.5): "0.30", (1.5, 1.5): "0.70"}
    hatched = {patch.get_xy() for patch in ax.patches if patch.get_hatch()}
    assert len(ax.patches) == 6
    assert hatched == {(1, 0), (2, 0), (2, 1)}
    assert ax.get_ylim() == (2, 0)  # query 0 on top
    assert [label.get_text() for label in ax.get_xticklabels()] == KEYS
    assert [label.get_text() for label in ax.get_yticklabels()] == QUERIES
    assert alt.endswith("it: a 1.00, b hidden, c hidden; is: a 0.30, b 0.70, c hidden.")


def test_grid_weights_is_darker_where_the_weight_is_larger():
    ax, _ = draw()
    light = {patch.get_xy(): sum(patch.get_facecolor()[:3]) for patch in ax.patches}
    assert light[0, 0] < light[1, 1] < light[0, 1]
    written = {text.get_text(): text.get_color() for text in ax.texts}
    assert written["1.00"] == "white"
    assert written["0.70"] == written["0.30"] == plots.BLACK


def test_grid_weights_shows_what_a_mask_lets_through():
    leak = torch.tensor([[0.5, 0.25, 0.25], [0.3, 0.7, 0.0]])
    ax, alt = draw(leak)
    assert entries(ax)[1.5, 0.5] == "0.25"
    assert (2.5, 1.5) not in entries(ax)
    assert "it: a 0.50, b hidden but 0.25, c hidden but 0.25;" in alt


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": WEIGHTS.T},
        {"mask": MASK.T},
        {"mask": MASK.float()},
        {"mask": MASK.int()},
        {"queries": KEYS},
        {"keys": QUERIES},
        {"weights": WEIGHTS * 1.1},
        {"weights": WEIGHTS - 0.1},
        {"weights": WEIGHTS / 0},
    ],
)
def test_bad_input_is_refused_with_an_explanation(wrong):
    with pytest.raises(ValueError, match=r"grid_weights needs .* got"):
        draw(**wrong)
