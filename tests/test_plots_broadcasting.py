import re

import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from softmax_lessons.plots import VERMILION, align_shapes, divisor_grid

EXPS = torch.tensor([[1.0, 2, 3], [1, 2, 1], [4, 3, 2]]).exp()
BATCH = {"rows": 2, "columns": 3}


@pytest.fixture
def ax():
    return Figure().subplots()


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize(
    ("upper", "lower", "fits"),
    [
        (BATCH, {"rows": 2, "columns": 1}, True),
        (BATCH, {"rows": 2}, False),
        (BATCH, {"columns": 3}, True),
        ({"rows": 3, "columns": 3}, {"rows": 3}, True),
        ({"rows": 2, "columns": 1}, {"columns": 3}, True),
        ({"a": 2, "b": 3, "c": 4}, {"b": 3, "c": 1}, True),
        ({"a": 2, "b": 3, "c": 4}, {"a": 2, "c": 4}, False),
        (BATCH, {}, True),
    ],
)
def test_shapes_are_drawn_as_fitting_exactly_when_torch_broadcasts_them(ax, upper, lower, fits):
    shapes = tuple(upper.values()), tuple(lower.values())
    try:
        torch.broadcast_shapes(*shapes)
    except RuntimeError:
        assert not fits
    else:
        assert fits
    alt = align_shapes(ax, upper, lower)
    assert bool(re.search(r"they fit[.,]", alt)) == fits
    mixed = list(upper)[len(upper) - len(lower) :] != list(lower)
    verdict = ("runs, but wrong" if mixed else "fits") if fits else "error"
    assert ax.get_title() == f"{shapes[0]} / {shapes[1]}: {verdict}"
    assert ("dims with different names meet" in alt) == (fits and mixed)
    assert any("≠" in text for text in texts(ax)) != fits
    wrong = to_rgba(VERMILION)
    assert (ax.title.get_color() == VERMILION) == (verdict != "fits")
    assert any(box.get_edgecolor() == wrong for box in ax.patches) == mixed


def test_shapes_are_lined_up_from_the_right(ax):
    alt = align_shapes(ax, {"rows": 3, "columns": 3}, {"rows": 3})
    assert "3 rows under 3 columns (equal), nothing under 3 rows (stretched to 3)" in alt
    at = {(round(t.get_position()[0]), round(t.get_position()[1])): t.get_text() for t in ax.texts}
    assert at[0, 1] == "rows"  # below the columns
    assert (-1, 1) not in at
    assert "rows under columns" in texts(ax)
    assert len(ax.patches) == 4
    assert [box.get_linestyle() for box in ax.patches].count("--") == 1


def test_the_grid_has_each_divisor_and_the_row_sums(ax):
    alt = divisor_grid(ax, EXPS, EXPS.sum(dim=1))
    sums = (EXPS / EXPS.sum(dim=1)).sum(dim=1)
    for i in range(3):
        assert f"row {i} is divided by 30.19, 12.83, 82.07 and sums to {sums[i]:.4f}" in alt
        assert f"{sums[i]:.4f}" in texts(ax)
    assert "Of 9 entries, 6 are not" in alt
    assert [box.get_linestyle() for box in ax.patches].count("--") == 6
    assert texts(ax).count("12.83") == 3
    assert {text.get_text(): text.get_fontweight() for text in ax.texts}["0.9109"] == "bold"


def test_the_grid_marks_nothing_if_each_row_gets_its_own_sum(ax):
    alt = divisor_grid(ax, EXPS[:2], EXPS[:2].sum(dim=1, keepdim=True))
    assert "row 0 is divided by 30.19, 30.19, 30.19 and sums to 1.0000" in alt
    assert "Of 6 entries, 0 are not" in alt
    assert all(box.get_linestyle() == "-" for box in ax.patches)
    assert {text.get_fontweight() for text in ax.texts} == {"normal"}


def test_shapes_that_cannot_be_drawn_are_refused(ax):
    with pytest.raises(ValueError, match=r"at least as many dims.*over \{'a': 2, 'b': 3\}"):
        align_shapes(ax, {"b": 3}, {"a": 2, "b": 3})
    with pytest.raises(ValueError, match=r"at least one, got \{\} over \{\}"):
        align_shapes(ax, {}, {})
    with pytest.raises(ValueError, match=r"\(rows, columns\), got \(3,\) and \(3,\)"):
        divisor_grid(ax, EXPS[0], EXPS[0])
    with pytest.raises(ValueError, match=r"broadcast.*got \(2, 3\) and \(2,\)"):
        divisor_grid(ax, EXPS[:2], EXPS[:2].sum(dim=1))
