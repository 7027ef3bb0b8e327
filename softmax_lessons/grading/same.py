"""Answers that are identical token by token: something to look at, and no more than that."""

import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

from softmax_lessons.grading.explain import source_of
from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.submissions import Submission

FEWEST_TOKENS = 40  # shorter answers are often the same by chance
SHAPE = {tokenize.INDENT: ">", tokenize.DEDENT: "<", tokenize.NEWLINE: "\n"}
LEFT_OUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Same:
    """Answers that are the same.

    Attributes:
        exercise: the exercise's name.
        learners: the learners' names.
        tokens: how many tokens they have.
    """

    exercise: str
    learners: tuple[str, ...]
    tokens: int

    def __str__(self) -> str:
        return f"{self.exercise}, {self.tokens} tokens: {', '.join(self.learners)}"


def same(submissions: Sequence[Submission]) -> list[Same]:
    """Return the answers that several learners share, apart from comments and spaces."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for submission in submissions:
        for exercise, handed in submission.answers.items():
            own = _tokens(source_of(handed.read(), imports=False))
            if len(own) >= FEWEST_TOKENS:
                groups.setdefault((exercise, own), []).append(submission.learner)
    order = list(places())
    found = [
        Same(exercise, tuple(learners), len(own))
        for (exercise, own), learners in groups.items()
        if len(learners) > 1
    ]
    return sorted(found, key=lambda each: (order.index(each.exercise), each.learners))


def _tokens(source: str) -> tuple[str, ...]:
    try:
        found = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return ()
    return tuple(SHAPE.get(t.type, t.string) for t in found if t.type not in LEFT_OUT)
