import math

import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons import plots


def draw(row):
    ax = Figure().subplots()
    return ax, plots.plot_stream(ax, torch.tensor(row))


def test_the_bars_of_a_stream_end_at_the_running_sum():
    row = [1.0, 3.0, 2.0, 5.0]
    ax, alt = draw(row)
    tops = {}
    for bar in ax.patches:
        if bar.get_hatch():  # the new part, on top of what was there
            place = round(bar.get_x() + bar.get_width() / 2)
            tops[place] = max(tops.get(place, 0), bar.get_y() + bar.get_height())
    for place in range(4):
        seen = torch.tensor(row[: place + 1], dtype=torch.float64)
        assert tops[place] == pytest.approx((seen - seen.max()).exp().sum().item())
    assert "logits 1, 3, 2, 5: 1.0000, 1.1353, 1.5032, 1.2034" in alt


def test_a_rescale_is_shown_only_where_there_is_a_new_maximum():
    ax, alt = draw([1.0, 3.0, 3.0, 4.0])
    assert alt.endswith("rescaled by 0.1353 at the logit 3, by 0.3679 at the logit 4.")
    kept = [bar.get_height() for bar in ax.patches if not bar.get_hatch()][:4]
    first, last = math.exp(-2), (2 + math.exp(-2)) * math.exp(-1)
    assert kept == pytest.approx([0, first, 1 + first, last])
    texts = [text.get_text() for text in ax.texts]
    assert texts == [f"old sum\n$\\times$ {factor}" for factor in ("0.1353", "0.3679")]
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["1", "3\nnew max", "3", "4\nnew max"]
    ax, alt = draw([3.0, 2.0, 1.0])
    assert "never rescaled" in alt
    assert not ax.texts


def test_the_shards_send_their_maximum_and_sum_and_receive_the_overall_ones():
    ax = Figure().subplots()
    row = torch.tensor([2.0, 1.0, 0.1, 3.0, 0.5, 2.5])
    alt = plots.flow_shards(ax, row.chunk(2))
    assert "process 0 has logits 2, 1, 0.1 and sends the maximum 2 and the sum 0.558;" in alt
    assert alt.endswith("All processes receive the maximum 3 and the sum 2.247.")
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
    ("stream", "says"),
    [
        (torch.zeros(2, 3), r"got shape \(2, 3\)"),
        (torch.zeros(0), r"got shape \(0,\)"),
        (torch.zeros(13), r"1 to 12 of them.* got shape \(13,\)"),
        (torch.tensor([1.0, -math.inf]), r"all finite, .*: \[1.0, -inf\]"),
    ],
)
def test_a_stream_that_cannot_be_drawn_is_refused(stream, says):
    with pytest.raises(ValueError, match=says):
        plots.plot_stream(Figure().subplots(), stream)


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
