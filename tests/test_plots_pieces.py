import math

import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons import plots


def draw(row):
    axes = Figure().subplots(2, 1)
    return axes, plots.plot_stream(axes, torch.tensor(row))


def test_the_bars_of_a_stream_end_at_the_running_sum_and_the_line_at_the_maximum():
    row = [1.0, 3.0, 2.0, 5.0]
    (upper, lower), alt = draw(row)
    assert list(upper.lines[0].get_ydata()) == [1, 3, 3, 5]
    assert list(upper.lines[1].get_ydata()) == row
    tops = {}
    for bar in lower.patches:
        if bar.get_hatch():  # the new part, on top of what was there
            place = round(bar.get_x() + bar.get_width() / 2)
            tops[place] = max(tops.get(place, 0), bar.get_y() + bar.get_height())
    for place in range(1, 5):
        seen = torch.tensor(row[:place], dtype=torch.float64)
        assert tops[place] == pytest.approx((seen - seen.max()).exp().sum().item())
    assert "Largest so far: 1, 3, 3, 5. Sum so far: 1.0000, 1.1353, 1.5032, 1.2034" in alt


def test_a_rescale_is_drawn_where_there_is_a_new_maximum_only():
    (_, lower), alt = draw([1.0, 3.0, 3.0, 4.0])
    assert alt.endswith("rescaled by 0.1353 at entry 2, by 0.3679 at entry 4.")
    dashed = [bar for bar in lower.patches if bar.get_linestyle() == "--" and bar.get_height()]
    assert [bar.get_height() for bar in dashed] == pytest.approx([1, 2 + math.exp(-2)])
    assert [text.get_text()[-6:] for text in lower.texts] == ["0.1353", "0.3679"]
    (_, lower), alt = draw([3.0, 2.0, 1.0])
    assert "never rescaled" in alt
    assert not lower.texts


def test_the_shards_send_their_maximum_and_their_sum_and_get_those_of_all():
    ax = Figure().subplots()
    row = torch.tensor([2.0, 1.0, 0.1, 3.0, 0.5, 2.5])
    alt = plots.flow_shards(ax, row.chunk(2))
    assert "process 0 has logits 2, 1, 0.1, sends maximum 2 and sum 0.558;" in alt
    assert alt.endswith("All receive the maximum 3 and the sum 2.247.")
    written = [text.get_text() for text in ax.texts]
    assert written.count("2") == 1  # sent
    assert written.count("3") == 3  # sent once, received twice
    assert written.count("2.247") == 2
    assert {"0.558", "1.689"} <= set(written)
    for y, part in enumerate(torch.softmax(row, dim=0).chunk(2)):
        (box,) = (
            t for t in ax.texts if t.get_text().startswith("probs") and t.get_position()[1] == y
        )
        assert box.get_text() == "probs\n" + ", ".join(f"{value:.3f}" for value in part)


@pytest.mark.parametrize(
    ("count", "stream", "says"),
    [
        (1, torch.zeros(3), "needs 2 axes, one above the other, got 1"),
        (2, torch.zeros(2, 3), r"got shape \(2, 3\)"),
        (2, torch.zeros(0), r"got shape \(0,\)"),
        (2, torch.zeros(13), r"1 to 12 of them.* got shape \(13,\)"),
        (2, torch.tensor([1.0, -math.inf]), r"all finite, .*: \[1.0, -inf\]"),
    ],
)
def test_a_stream_that_cannot_be_drawn_is_refused(count, stream, says):
    with pytest.raises(ValueError, match=says):
        plots.plot_stream([Figure().subplots() for _ in range(count)], stream)


@pytest.mark.parametrize(
    "shards",
    [
        [torch.ones(2)],
        [torch.ones(2)] * 5,
        [torch.ones(1, 2)] * 2,
        [torch.ones(2), torch.ones(0)],
        [torch.ones(2), torch.ones(4)],
        [torch.ones(2), torch.tensor([math.nan])],
    ],
)
def test_shards_that_cannot_be_drawn_are_refused(shards):
    with pytest.raises(ValueError, match=r"needs 2 to 4 shards of shape \(columns,\).* got \["):
        plots.flow_shards(Figure().subplots(), shards)
