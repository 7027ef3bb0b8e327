"""What a check answers, and how it shows itself."""

import html
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer of `check`.

    Attributes:
        exercise: the name of the exercise.
        passed: whether the attempt is right on every input tried.
        misconceptions: slugs of the mistakes found, the main one first; empty if the attempt
            is right, not begun, or wrong in a way that has no name yet.
        message: the whole answer as plain text; its first line is the headline.
    """

    exercise: str
    passed: bool
    misconceptions: tuple[str, ...]
    message: str

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        headline, _, body = html.escape(self.message).partition("\n")
        # own colours for text and ground, so that it reads in light and dark themes alike
        edge, ground = ("#009E73", "#F0FAF6") if self.passed else ("#D55E00", "#FDF5EE")
        return (
            f'<div style="border-left: 0.4em solid {edge}; background: {ground}; color: #1A1A1A; '
            f'padding: 0.6em 1em; margin: 0.3em 0"><strong>{headline}</strong>'
            f'<div style="white-space: pre-wrap; font-family: inherit">{body}</div></div>'
        )
