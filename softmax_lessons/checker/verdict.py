"""What a check answers, and how it shows itself."""

import html
import re
from dataclasses import dataclass, field

from torch import Tensor

from softmax_lessons.checker.judge import number


@dataclass(frozen=True)
class Example:
    """An input, what came and what was expected, small enough to be drawn as tables.

    Attributes:
        given, came, expected: tensors of one shape, of one or two dims.
        differs: where `came` is off, same shape, bool.
        dim: the dim whose entries compete; None if all of them do.
        title: what `given` is.
    """

    given: Tensor
    came: Tensor
    expected: Tensor
    differs: Tensor
    dim: int | None
    title: str


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer of `check`.

    Attributes:
        exercise: the name of the exercise.
        passed: whether the attempt is right on every input tried.
        misconceptions: slugs of the mistakes found, the main one first; empty if the attempt
            is right, not begun, or wrong in a way that has no name yet.
        message: the whole answer as plain text: a headline and what is to say, then, parted by
            blank lines, an example and a hint.
        example: the example, if it can be drawn.
    """

    exercise: str
    passed: bool
    misconceptions: tuple[str, ...]
    message: str
    example: Example | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        first, *rest = self.message.split("\n\n")
        headline, _, says = first.partition("\n")
        blocks = [f"<strong>{html.escape(headline)}</strong>", _lines(says)]
        for text in rest:
            drawn = self.example is not None and text is rest[0]
            blocks.append(_tables(text, self.example) if drawn else _lines(text))
        # own colours for text and ground, so that it reads in light and dark themes alike
        if self.passed:
            edge, ground = "#009E73", "#F0FAF6"
        elif self.misconceptions or rest:
            edge, ground = "#D55E00", "#FDF5EE"
        else:  # nothing is wrong yet
            edge, ground = "#0072B2", "#F2F7FB"
        return (
            f'<div style="border-left: 0.4em solid {edge}; background: {ground}; color: #1A1A1A; '
            f'padding: 0.6em 1em; margin: 0.3em 0">{"".join(blocks)}</div>'
        )


def _lines(text: str) -> str:
    body = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
    return f'<div style="white-space: pre-wrap; margin-top: 0.5em">{body}</div>' if text else ""


def _tables(text: str, example: Example) -> str:
    """Draw the input and both results side by side, and mark the slices that are off."""
    call = text.partition(" with ")[0]
    titles = {
        example.title: example.given,
        f"{call} gives": example.came,
        "expected": example.expected,
    }
    tables = [_table(title, x, example, marked=x is example.came) for title, x in titles.items()]
    return f'<div style="display: flex; flex-wrap: wrap; gap: 1.5em">{"".join(tables)}</div>'


def _table(title: str, x: Tensor, example: Example, marked: bool) -> str:
    off = example.differs.reshape(-1, x.shape[-1])
    rows = []
    for i, row in enumerate(x.reshape(-1, x.shape[-1]).tolist()):
        cells = []
        for j, value in enumerate(row):
            slice_off = {None: off.any(), 0: off[:, j].any(), 1: off[i].any()}[example.dim]
            frame = "2px solid #D55E00" if slice_off else "1px solid #767676"
            wrong = marked and bool(off[i, j])
            shown = f"<strong>✗ {number(value)}</strong>" if wrong else number(value)
            cells.append(
                f'<td style="border: {frame}; padding: 0.2em 0.6em; text-align: right; '
                f'color: #1A1A1A; background: #FFFFFF">{shown}</td>'
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = (
        '<caption style="caption-side: top; text-align: left; color: #1A1A1A; padding: 0.3em 0">'
        f"{html.escape(title)}</caption>"
    )
    return f'<table style="border-collapse: collapse">{caption}{"".join(rows)}</table>'
