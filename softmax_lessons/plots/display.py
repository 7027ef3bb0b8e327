"""Show a figure together with a sentence that says what it shows."""

import base64
import html
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which people with any kind of colour vision can tell apart.
BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"

# Pixels for each inch of a figure: in the picture, and where a page shows it.
DENSITY, PAGE = 200, 100


def show(fig: "Figure", alt: str) -> None:
    """Display a figure in a notebook, with `alt` for people who can't see it.

    The output is an HTML image with the alt text (for JupyterLab and the web), a PNG with the same
    alt text (for print), and `alt` alone as plain text (for terminals, and for tests, which can't
    compare pictures but do compare the numbers in this sentence).

    Args:
        fig: the figure; it is closed afterwards.
        alt: what the figure shows, with its numbers; the functions in `plots` return it.

    Raises:
        TypeError: if `fig` isn't a figure, or `alt` isn't a string.
        ValueError: if `alt` is empty.
    """
    # loaded here, so that importing the package stays as light as importing torch
    from IPython.display import display
    from matplotlib import pyplot as plt

    if not isinstance(fig, plt.Figure):
        raise TypeError(
            f"show needs a matplotlib figure, got {type(fig).__name__}; fig, ax = plt.subplots() "
            "makes one"
        )
    if not isinstance(alt, str):
        raise TypeError(f"show needs a sentence as a string, got {type(alt).__name__}")
    if not alt.strip():
        raise ValueError(f"show needs a sentence that says what the figure shows, got {alt!r}")
    png, width = _png(fig)
    plt.close(fig)
    display(
        {"text/plain": alt, "text/html": _image(png, width, alt), "image/png": png},
        metadata={"image/png": {"alt": alt, "width": width}},
        raw=True,
    )


def as_html(fig: "Figure", alt: str) -> str:
    """Return a figure as an HTML image, with `alt` for people who can't see it."""
    png, width = _png(fig)
    return _image(png, width, alt)


def _png(fig: "Figure") -> tuple[str, int]:
    """Return a figure as a PNG in base64, and how many pixels wide a page shows it.

    The picture has twice as many, for fine screens, and for slides, which enlarge it; a palette
    makes up for the bytes.
    """
    import matplotlib as mpl
    from PIL import Image  # Pillow, which comes with matplotlib

    drawn, small = io.BytesIO(), io.BytesIO()
    with mpl.rc_context({"axes.unicode_minus": False}):  # on axes "-5", as in all other texts
        fig.savefig(drawn, format="png", dpi=DENSITY, bbox_inches="tight", facecolor="white")
    with Image.open(drawn) as picture:
        colours = picture.convert("RGB").quantize(128)  # the nearest of 128, not dithered
    colours.save(small, format="PNG", dpi=(DENSITY, DENSITY), optimize=True)
    return base64.b64encode(small.getvalue()).decode(), round(colours.width * PAGE / DENSITY)


def _image(png: str, width: int, alt: str) -> str:
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{png}" width="{width}">'


def listed(names: "list[str] | tuple[str, ...]", values: object, digits: int = 4) -> str:
    """Write "cat 0.6590, dog 0.2424" for an alt text."""
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{name} {float(value):.{digits}f}" for name, value in pairs)


def write_beside(ax: "Axes", text: str, height: float) -> None:
    """Write a text to the right of the axes, at a height in the data's units."""
    ax.annotate(
        text,
        (1, height),
        xytext=(3, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=9,
        va="center",
    )
