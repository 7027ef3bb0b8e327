import base64
import html
import io

import pytest
from matplotlib import pyplot as plt
from PIL import Image

from softmax_lessons.plots import display, show


@pytest.fixture
def shown(monkeypatch):
    """What is sent to the notebook: pairs of data and metadata."""
    sent = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, raw, metadata: sent.append((data, metadata))
    )
    return sent


def test_the_sentence_goes_with_the_picture_in_every_form(shown):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([0, 1])
    alt = 'A line from 0 to 1, "steep" & <thin>.'
    show(fig, alt)
    ((data, metadata),) = shown
    assert data["text/plain"] == alt
    assert f'alt="{html.escape(alt)}"' in data["text/html"]
    assert metadata["image/png"]["alt"] == alt
    assert data["image/png"] in data["text/html"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_the_picture_has_two_pixels_for_each_pixel_on_the_page(shown):
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.plot([0, 1])
    show(fig, "A line from 0 to 1.")
    ((data, metadata),) = shown
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    width = metadata["image/png"]["width"]
    assert picture.width == pytest.approx(2 * width, abs=1)
    assert 250 < width < 320  # 3 inches, with 100 pixels each, less the margins
    assert data["text/html"].endswith(f' width="{width}">')
    assert picture.info["dpi"] == pytest.approx((200, 200), abs=0.1)  # used for printing


def test_a_palette_keeps_the_colours(shown):
    fig, ax = plt.subplots(figsize=(4, 2))
    ours = [display.ORANGE, display.SKY, display.YELLOW, display.BLUE, display.VERMILION]
    ax.bar(range(5), range(1, 6), color=ours)
    show(fig, "Bars from 1 to 5.")
    ((data, _),) = shown
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.mode == "P"
    found = [colour for _, colour in picture.convert("RGB").getcolors()]
    for colour in (*ours, display.BLACK, "#FFFFFF"):
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        gaps = [max(abs(a - b) for a, b in zip(each, wanted, strict=True)) for each in found]
        assert min(gaps) <= 2, colour


def test_axes_write_a_minus_like_all_other_text(shown):
    fig, ax = plt.subplots()
    ax.plot([-2, 2])
    usual, written = ax.yaxis.get_major_formatter(), []
    ax.yaxis.set_major_formatter(lambda value, _: written.append(usual.fix_minus(f"{value:g}")))
    show(fig, "A line from -2 to 2.")
    assert "-2" in written
    assert usual.fix_minus("-2") == "\N{MINUS SIGN}2"  # unchanged elsewhere


def test_the_figure_is_closed_so_that_it_does_not_appear_twice(shown):
    fig, _ = plt.subplots()
    show(fig, "Empty axes from 0 to 1.")
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_picture_without_a_sentence_is_refused(shown, alt):
    fig, _ = plt.subplots()
    with pytest.raises(ValueError, match="sentence"):
        show(fig, alt)
    plt.close(fig)
    assert not shown


def test_listed_pairs_names_with_rounded_numbers():
    assert display.listed(["a", "b"], [0.12345, 2]) == "a 0.1235, b 2.0000"
    with pytest.raises(ValueError, match=r"shorter|longer"):
        display.listed(["a"], [1, 2])
