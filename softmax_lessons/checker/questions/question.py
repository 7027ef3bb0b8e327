"""A prediction that a lesson asks for: the right answer, and what the likely wrong ones mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Answer = str | float | tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """One prediction.

    Attributes:
        answer: what happens: a word, a number, or a shape.
        wrong: likely wrong answers, each with a slug and a sentence that says what is behind
            it. If `answer` is a word, these are the other choices.
        within: how far a number may be off, relative to the right one.
    """

    answer: Answer
    wrong: Mapping[Answer, tuple[str, str]] = field(default_factory=dict)
    within: float = 0.0

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from, in alphabetical order; none if no word is asked for."""
        return tuple(sorted((self.answer, *self.wrong))) if isinstance(self.answer, str) else ()
