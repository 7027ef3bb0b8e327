import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons.plots import line_pulls, map_jacobian

PROBS = torch.tensor([0.5, 0.3, 0.2])
JACOBIAN = torch.diag(PROBS) - PROBS[:, None] * PROBS
LABELS = ["cat", "dog", "owl"]
LEADS = torch.tensor([-1.0, 0.0, 4.0])


@pytest.fixture
def ax():
    return Figure().subplots()


def numbers_at(ax):
    return {
        (round(x), round(y)): text.get_text() for text in ax.texts for x, y in [text.get_position()]
    }


def test_each_number_is_in_its_cell_and_the_sums_are_at_the_edges(ax):
    lopsided = JACOBIAN + torch.tensor([[0.0, 0, 1], [0, 0, 0], [0, 0, 0]])
    alt = map_jacobian(ax, lopsided, LABELS)
    drawn = numbers_at(ax)
    assert drawn[0, 0] == "+0.2500"
    assert drawn[2, 0] == "+0.9000"  # row 0, column 2
    assert drawn[0, 2] == "-0.1000"
    assert (drawn[3, 0], drawn[3, 1]) == ("1.0000", "0.0000")
    assert (drawn[0, 3], drawn[2, 3]) == ("0.0000", "1.0000")
    assert "cat: cat 0.2500, dog -0.1500, owl 0.9000" in alt
    assert "Sums of the rows: cat 1.0000, dog 0.0000, owl 0.0000" in alt
    assert "Sums of the columns: cat 0.0000, dog 0.0000, owl 1.0000" in alt
    assert [label.get_text() for label in ax.get_yticklabels()] == [f"p of {n}" for n in LABELS]


def test_the_colours_follow_the_numbers_and_white_is_zero(ax):
    map_jacobian(ax, JACOBIAN, LABELS)
    (image,) = ax.images
    assert torch.allclose(torch.tensor(image.get_array().data), JACOBIAN.double())
    assert image.norm.vmin == -image.norm.vmax
    assert image.cmap(image.norm(0.0))[:3] == pytest.approx((1, 1, 1), abs=0.01)
    negative, positive = image.cmap(image.norm(-0.2)), image.cmap(image.norm(0.2))
    assert negative[2] > negative[0]  # blue
    assert positive[2] < positive[0]  # orange


def test_a_sum_that_rounds_to_zero_has_no_sign(ax):
    noise = JACOBIAN - 1e-8 * torch.eye(3)
    assert "-0.0000" not in map_jacobian(ax, noise, LABELS)
    assert "-0.0000" not in numbers_at(ax).values()


def test_each_loss_has_its_line_and_its_numbers(ax):
    pulls = {"steady": torch.tensor([0.25, 0.5, 1.0]), "MSE": torch.tensor([0.125, 0.5, 0.0])}
    alt = line_pulls(ax, LEADS, pulls)
    for line, (name, pull) in zip(ax.lines, pulls.items(), strict=False):
        assert line.get_label() == name
        assert line.get_xdata().tolist() == LEADS.tolist()
        assert line.get_ydata().tolist() == pull.tolist()
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert "steady: 0.2500 at -1, 0.5000 at 0, 1.0000 at 4, at most 1.0000" in alt
    assert "MSE: 0.1250 at -1, 0.5000 at 0, 0.0000 at 4, at most 0.5000" in alt


def test_bad_input_is_refused_with_an_explanation(ax):
    with pytest.raises(ValueError, match=r"map_jacobian needs .* \(3, 3\).*got shape \(2, 3\)"):
        map_jacobian(ax, JACOBIAN[:2], LABELS)
    with pytest.raises(ValueError, match=r"line_pulls needs .*got \(3,\) and \{'MSE': \(2,\)\}"):
        line_pulls(ax, LEADS, {"MSE": LEADS[:2]})
    with pytest.raises(ValueError, match=r"line_pulls needs .*got \(1, 3\)"):
        line_pulls(ax, LEADS[None], {"MSE": LEADS[None]})
    with pytest.raises(ValueError, match="3 losses apart, got 4"):
        line_pulls(ax, LEADS, dict.fromkeys("abcd", LEADS))
