"""The answer of a check: a record, shown as text or as a box in a notebook."""

import html
import re
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from torch import Tensor

from softmax_lessons.checker import memory
from softmax_lessons.checker.judge import number
from softmax_lessons.translation import translated

Status = Literal["right", "wrong", "nudge", "not begun", "noted", "unusable"]
# the box's edge and background: its own colours, so that it's readable in light and dark themes
COLOURS = {
    "right": ("#009E73", "#F0FAF6"),
    "wrong": ("#D55E00", "#FDF5EE"),
    "nudge": ("#0072B2", "#F2F7FB"),
    "not begun": ("#0072B2", "#F2F7FB"),
    "noted": ("#0072B2", "#F2F7FB"),
    "unusable": ("#D55E00", "#FDF5EE"),
}
# a page's own colours for code may be for a dark theme and not fit the box's background
CODE = '<code style="background: none; border: 0; color: inherit">'


class Mistake(Protocol):
    """What a verdict needs from a misconception: its name, a sentence and hints."""

    slug: str
    says: str
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Tables:
    """An input, the result and the expected result, small enough to draw.

    Attributes:
        given, got, expected: tensors of the same shape, with one or two dims.
        differs: where `got` is off; a bool tensor of the same shape.
        dim: the dim along which entries compete; None if they all do.
        title: a name for `given`.
        digits: how many to write.
    """

    given: Tensor
    got: Tensor
    expected: Tensor
    differs: Tensor
    dim: int | None
    title: str
    digits: int = 4


@dataclass(frozen=True)
class Example:
    """One call that shows the mistake.

    Attributes:
        call: the call of the attempt, such as "f(x, dim=1)".
        given: its arguments, in words and numbers.
        got: the attempt's result.
        expected: what it should have given.
        tables: the same as tensors, if they can be drawn.
    """

    call: str
    given: str
    got: str
    expected: str
    tables: Tables | None = field(default=None, compare=False)

    def __str__(self) -> str:
        given = f" with {self.given}" if self.given else ""
        return f"{self.call}{given}:\n  got:      {self.got}\n  expected: {self.expected}"


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer of `check`.

    Attributes:
        exercise: the name of the exercise or question.
        status: "right", "wrong", "nudge" (right, but not what the exercise asks for), "not begun",
            "noted" (a prediction) or "unusable" (there was nothing to run).
        headline: the status in words.
        says: the message, one or more sentences.
        mistakes: the mistakes found, the main one first; empty if the attempt is right, not begun,
            or wrong in a way without a name.
        example: a call that shows the mistake, if there is one.
        given: how many hints were given for this mistake before.
        offer: what else may help; it comes after the hint, or instead of one if there isn't one.
    """

    exercise: str
    status: Status
    headline: str
    says: str = ""
    mistakes: tuple[Mistake, ...] = ()
    example: Example | None = None
    given: int = 0
    offer: str = ""

    @property
    def passed(self) -> bool:
        """Whether the attempt is right on every input tried, and is what the exercise asks for."""
        return self.status == "right"

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """The slugs of the mistakes."""
        return tuple(mistake.slug for mistake in self.mistakes)

    @property
    def hints(self) -> tuple[str, ...]:
        """All hints for the main mistake: where to look, which idea, which line."""
        return self.mistakes[0].hints if self.mistakes else ()

    @property
    def told(self) -> str:
        """The hint that the text shows: the first one, or a later one if that wasn't enough."""
        return self.hints[min(self.given, len(self.hints) - 1)] if self.hints else ""

    def hint(self) -> "Hint":
        """Return the next hint for the main mistake, or the last one again."""
        if not self.hints:
            return Hint(self.offer or translated("There's no hint for this."))
        given = memory.count_hint(self.exercise, self.mistakes[0].slug)
        last = len(self.hints) - 1
        end = "" if given < last else "\n" + translated("(That was the last hint.)")
        return Hint(_hint(self.hints[min(given, last)]) + end)

    def with_hints_counted(self) -> "Verdict":
        """Return the same verdict with the next hint, after those given before."""
        if not self.hints:
            return self
        return replace(self, given=memory.count_hint(self.exercise, self.mistakes[0].slug))

    @property
    def account(self) -> str:
        """What's wrong, as plain text: the first line, the message and the example.

        It's in English, whatever the learner's language, because the grader reads it.
        """
        return self._account(self._first_line(self.headline), self.says)

    def _account(self, first_line: str, says: str) -> str:
        parts = ["\n".join(filter(None, (first_line, says)))]
        parts += [str(self.example)] if self.example else []
        return "\n\n".join(parts)

    @property
    def message(self) -> str:
        """The whole answer as plain text: the account and a hint."""
        account = self._account(self._first_line(translated(self.headline)), self._said)
        return f"{account}\n\n{self._help}" if self._help else account

    @property
    def _said(self) -> str:
        return "\n".join(map(translated, self.says.split("\n")))

    @property
    def _help(self) -> str:
        return "\n".join(filter(None, (_hint(self.told), self.offer))) if self.told else ""

    def _first_line(self, headline: str) -> str:
        slugs = " and ".join(dict.fromkeys(self.misconceptions))
        named = f" ({slugs})" if slugs and self.status in ("wrong", "unusable") else ""
        return f"{self.exercise}: {headline}{named}"

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        first_line = self._first_line(translated(self.headline))
        blocks = [f"<strong>{html.escape(first_line)}</strong>", lines(self._said)]
        if self.example:
            tables = self.example.tables
            blocks.append(_drawn(self.example, tables) if tables else lines(str(self.example)))
        blocks.append(lines(self._help))
        return box("".join(blocks), self.status)


def _hint(text: str) -> str:
    return translated("Hint:") + " " + translated(text)  # Babel doesn't find texts in an f-string


@dataclass(frozen=True, repr=False)
class Hint:
    """A hint that a learner asked for."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return box(lines(self.text), "nudge")


def box(content: str, status: Status, role: str = "status") -> str:
    """Return HTML in a box with the colours of a status.

    With the role "status", a screen reader reads it out as soon as it appears.
    """
    edge, ground = COLOURS[status]
    return (
        f'<div role="{role}" style="border-left: 0.4em solid {edge}; background: {ground}; '
        f'color: #1A1A1A; padding: 0.6em 1em; margin: 0.3em 0">{content}</div>'
    )


def lines(text: str) -> str:
    """Return plain text as HTML that keeps its lines and shows text in backticks as code."""
    body = re.sub(r"`([^`]+)`", rf"{CODE}\1</code>", html.escape(text))
    return f'<div style="white-space: pre-wrap; margin-top: 0.5em">{body}</div>' if text else ""


def _drawn(example: Example, tables: Tables) -> str:
    """Draw the input and both results next to each other, and mark the slices that are off."""
    shown = {
        tables.title: tables.given,
        f"{example.call} gives": tables.got,
        "expected": tables.expected,
    }
    drawn = [_table(title, x, tables, x is tables.got) for title, x in shown.items()]
    return f'<div style="display: flex; flex-wrap: wrap; gap: 1.5em">{"".join(drawn)}</div>'


def _table(title: str, x: Tensor, tables: Tables, marked: bool) -> str:
    off = tables.differs.reshape(-1, x.shape[-1])
    rows = []
    for i, row in enumerate(x.reshape(-1, x.shape[-1]).tolist()):
        cells = [
            _cell(
                number(value, tables.digits),
                marked and bool(off[i, j]),
                _in_slice(off, i, j, tables),
            )
            for j, value in enumerate(row)
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = (
        '<caption style="caption-side: top; text-align: left; color: #1A1A1A; padding: 0.3em 0">'
        f"{html.escape(title)}</caption>"
    )
    return f'<table style="border-collapse: collapse">{caption}{"".join(rows)}</table>'


def _in_slice(off: Tensor, i: int, j: int, tables: Tables) -> bool:
    """Tell whether an entry belongs to a slice that is off."""
    return bool({None: off, 0: off[:, j], 1: off[i]}[tables.dim].any())


def _cell(text: str, wrong: bool, framed: bool) -> str:
    frame = "2px solid #D55E00" if framed else "1px solid #767676"
    return (
        f'<td style="border: {frame}; padding: 0.2em 0.6em; text-align: right; color: #1A1A1A; '
        f'background: #FFFFFF">{f"<strong>✗ {text}</strong>" if wrong else text}</td>'
    )
