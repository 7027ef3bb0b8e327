import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon

from softmax_lessons import plots

PHOTOS, CLASSES = ["photo 0", "photo 1"], ["cat", "dog", "owl"]
NAMES = ["batch", "time", "classes"]
TABLE = torch.tensor([[1.0, 2.0, 3.0], [4.0, 3.0, 1.0]])
BLOCK = (torch.arange(24.0) * 7 % 5).reshape(2, 3, 4)


@pytest.fixture
def ax():
    return Figure(figsize=(4, 3)).subplots()


def written(ax):
    return [text.get_text() for text in ax.texts]


def bold(ax):
    return [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]


@pytest.mark.parametrize(
    ("dim", "outlines"),
    [
        (1, [(0, 0, 6, 1), (0, 1, 6, 1)]),
        (-1, [(0, 0, 6, 1), (0, 1, 6, 1)]),
        (0, [(0, 0, 2, 2), (2, 0, 2, 2), (4, 0, 2, 2)]),
    ],
)
def test_a_table_has_an_outline_around_each_slice(ax, dim, outlines):
    plots.grid_slices(ax, torch.softmax(TABLE, dim=dim), dim=dim, rows=PHOTOS, columns=CLASSES)
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    drawn = [(box.get_x(), box.get_y(), box.get_width(), box.get_height()) for box in boxes]
    assert drawn == [pytest.approx(outline, abs=0.3) for outline in outlines]


def test_a_table_shows_every_number_and_every_sum(ax):
    probs = torch.softmax(TABLE, dim=0)
    alt = plots.grid_slices(ax, probs, dim=0, rows=PHOTOS, columns=CLASSES)
    rows, columns = probs.sum(dim=1).tolist(), probs.sum(dim=0).tolist()
    for number in [*probs.flatten().tolist(), *rows, *columns]:
        assert f"{number:.4f}" in written(ax)
    assert bold(ax) == ["1.0000", "1.0000", "1.0000", "sum"]  # only where a slice ends
    assert "dim=0, its columns outlined" in alt
    assert "columns: cat 1.0000, dog 1.0000, owl 1.0000." in alt
    assert f"rows: photo 0 {rows[0]:.4f}, photo 1 {rows[1]:.4f}." in alt


def test_the_sentence_of_a_table_follows_its_numbers(ax):
    alt = plots.grid_slices(ax, TABLE, dim=1, rows=PHOTOS, columns=CLASSES)
    assert "rows: photo 0 6.0000, photo 1 8.0000." in alt
    assert "columns: cat 5.0000, dog 5.0000, owl 4.0000." in alt


@pytest.mark.parametrize(
    ("probs", "dim", "match"),
    [
        (torch.ones(3, 2), 1, r"\(2, 3\).*got shape \(3, 2\)"),
        (torch.ones(6), 0, r"\(2, 3\).*got shape \(6,\)"),
        (torch.ones(2, 3), 2, "from -2 to 1, got 2"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(ax, probs, dim, match):
    with pytest.raises(ValueError, match=match):
        plots.grid_slices(ax, probs, dim=dim, rows=PHOTOS, columns=CLASSES)


@pytest.mark.parametrize(("dim", "shape"), [(0, (3, 4)), (1, (2, 4)), (2, (2, 3)), (-1, (2, 3))])
def test_a_block_is_cut_into_as_many_bars_as_there_are_sums(ax, dim, shape):
    probs = torch.softmax(BLOCK, dim=dim)
    alt = plots.block_slices(ax, probs, dim=dim, names=NAMES)
    slices, length = shape[0] * shape[1], BLOCK.size(dim)
    faces = [patch for patch in ax.patches if isinstance(patch, Polygon)]
    assert len(faces) == 3 * slices
    assert len(ax.lines) == (length - 1) * slices  # the lines between the entries of a bar
    assert f"dim={dim} ({NAMES[dim]}) into {slices} slices of {length} entries" in alt
    assert f"sums of shape {shape}, each 1.0000." in alt
    assert f"{slices} slices, sums of\nshape {shape}" in written(ax)


def test_the_marked_bar_shows_its_own_sum(ax):
    alt = plots.block_slices(ax, BLOCK, dim=2, names=NAMES)
    sums = BLOCK.sum(dim=2)
    assert f"sum {sums[0, 0].item():.4f}" in written(ax)
    assert f"from {sums.min().item():.4f} to {sums.max().item():.4f}." in alt


def test_nearer_bars_cover_those_behind(ax):
    plots.block_slices(ax, BLOCK, dim=2, names=NAMES)
    marked = [patch.zorder for patch in ax.patches if patch.get_linewidth() > 1]
    assert len(marked) == 3
    assert set(marked) == {max(patch.zorder for patch in ax.patches)}  # the front bar


@pytest.mark.parametrize(
    ("probs", "dim", "names", "match"),
    [
        (torch.ones(2, 3), 1, NAMES, r"three dims.*got shape \(2, 3\)"),
        (torch.ones(2, 0, 3), 1, NAMES, r"size 0.*got shape \(2, 0, 3\)"),
        (torch.ones(2, 3, 4), 1, NAMES[:2], r"three names.*\['batch', 'time'\]"),
        (torch.ones(2, 3, 4), 3, NAMES, "from -3 to 2, got 3"),
    ],
)
def test_a_block_that_does_not_fit_is_refused(ax, probs, dim, names, match):
    with pytest.raises(ValueError, match=match):
        plots.block_slices(ax, probs, dim=dim, names=names)
