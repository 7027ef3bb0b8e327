"""Show a figure together with a sentence that says what it shows."""

import base64
import html
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    png = _png(fig)
    plt.close(fig)
    display(
        {"text/plain": alt, "text/html": _image(png, alt), "image/png": png},
        metadata={"image/png": {"alt": alt}},
        raw=True,
    )


def as_html(fig: "Figure", alt: str) -> str:
    """Return a figure as an HTML image, with `alt` for people who can't see it."""
    return _image(_png(fig), alt)


def _png(fig: "Figure") -> str:
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=100, bbox_inches="tight", facecolor="white")
    return base64.b64encode(buffer.getvalue()).decode()


def _image(png: str, alt: str) -> str:
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{png}">'


def listed(names: "list[str] | tuple[str, ...]", values: object, digits: int = 4) -> str:
    """Write "cat 0.6590, dog 0.2424" for an alt text."""
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{name} {float(value):.{digits}f}" for name, value in pairs)
