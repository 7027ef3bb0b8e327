import base64
import html

import pytest
from matplotlib import pyplot as plt

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
